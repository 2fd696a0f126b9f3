#include "worker/run_checkpoints.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "common/base/error.h"
#include "common/base/locked_file.h"
#include "worker/chain/checkpoint_file.h"

namespace dq {
namespace {

absl::Status CannotUse(const std::string& path, const char* why) {
  return MakeError(absl::StatusCode::kNotFound, "FILE_MISSING",
                   "cannot keep checkpoints in " + path + ": " + why,
                   {{"category", "configuration"}, {"path", path}});
}

absl::Status InUse(const std::string& path) {
  return MakeError(absl::StatusCode::kFailedPrecondition, "BAD_FIELD",
                   "another run uses the checkpoints in " + path,
                   {{"category", "configuration"}, {"path", path}});
}

void Say(const std::string& text) { (void)std::fprintf(stderr, "dq-worker: %s\n", text.c_str()); }

std::string Percent(double percent) {
  std::array<char, 32> text;
  (void)std::snprintf(text.data(), text.size(), "%.1f %%", percent);
  return text.data();
}

void SayStart(const ChainStart& start) {
  if (start.resumed) {
    Say("resumed from checkpoint " + std::to_string(start.sequence) + " at " +
        Percent(start.percent));
  } else if (!start.reason.empty()) {
    Say("starts over: " + start.reason);
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<RunCheckpoints>> RunCheckpoints::Open(const RunOptions& options,
                                                                     const CancelToken& stop) {
  std::unique_ptr<RunCheckpoints> checkpoints(new RunCheckpoints());
  if (options.checkpoint_dir.empty()) return checkpoints;
  std::error_code error;
  const std::filesystem::path folder(options.checkpoint_dir);
  std::filesystem::create_directories(folder, error);
  for (size_t i = 0; i < kCheckpointNames.size(); ++i) {
    checkpoints->paths_[i] = (folder / kCheckpointNames[i]).string();
    UniqueFd fd = OpenLocked(checkpoints->paths_[i]);
    if (!fd && errno == EWOULDBLOCK) return InUse(options.checkpoint_dir);
    if (!fd) return CannotUse(options.checkpoint_dir, std::strerror(errno));
    checkpoints->files_[i] = std::move(fd);
  }
  RunCheckpoints* const own = checkpoints.get();
  checkpoints->control_ = std::make_unique<PacedCheckpoints>(
      options.checkpoint_interval, StopTokens{.now = stop, .when_saved = stop},
      [own](const ChainStart& start) {
        own->begun_ = true;
        SayStart(start);
      },
      [](const SavedCheckpoint&) {});
  checkpoints->plan_ = {
      .files = {own->files_[0].get(), {own->files_[1].get(), own->files_[2].get()}},
      .control = own->control_.get(),
      .resume = options.resume};
  return checkpoints;
}

RunCheckpoints::~RunCheckpoints() {
  if (plan_.control != nullptr && !any()) Remove();
}

bool RunCheckpoints::any() const {
  return plan_.control != nullptr && !CheckpointFile(plan_.files).empty();
}

void RunCheckpoints::Remove() {
  for (const std::string& path : paths_) {
    if (!path.empty()) (void)::unlink(path.c_str());
  }
}

}  // namespace dq
