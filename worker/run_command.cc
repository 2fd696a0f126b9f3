#include "worker/run_command.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/base/earlier_file.h"
#include "common/base/error.h"
#include "common/base/same_file.h"
#include "common/base/staged_file.h"
#include "common/base/status_macros.h"
#include "common/base/unique_fd.h"
#include "worker/chain/chain_runner.h"
#include "worker/run_checkpoints.h"
#include "worker/run_progress.h"
#include "worker/stages/build_stages.h"

namespace dq {
namespace {

absl::StatusOr<UniqueFd> OpenInput(const std::string& path, const char* what) {
  // Not to wait for a writer of a pipe; the chain refuses what is no regular file.
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (fd) return fd;
  return MakeError(
      absl::StatusCode::kNotFound, "FILE_MISSING",
      std::string("cannot open the ") + what + " " + path + ": " + std::strerror(errno),
      {{"category", "file"}, {"path", path}});
}

// Where the chain may put temporary files; none is no error as long as memory suffices.
absl::StatusOr<UniqueFd> OpenTempDir(const RunOptions& options) {
  const std::filesystem::path beside = std::filesystem::path(options.output).parent_path();
  std::string path = options.temp_dir;
  if (path.empty()) path = beside.empty() ? "." : beside.string();
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd || options.temp_dir.empty()) return fd;
  return MakeError(
      absl::StatusCode::kNotFound, "FILE_MISSING",
      "cannot open the folder for temporary files " + path + ": " + std::strerror(errno),
      {{"category", "configuration"}, {"path", path}});
}

// The outputs that were asked for, under temporary names.
struct StagedOutputs {
  std::optional<StagedFile> cleaned, report, changes, clusters, rejects, profile, intermediate;

  std::array<std::optional<StagedFile>*, 7> All() {
    // The cleaned file comes last: who sees it has all the others too.
    return {&rejects, &clusters, &changes, &profile, &intermediate, &report, &cleaned};
  }
  // Removes what is not published.
  void DiscardAll() {
    for (std::optional<StagedFile>* file : All()) {
      if (file->has_value()) (*file)->Discard();
    }
  }
};

// Whether what an earlier run has written is to be gone on with.
enum class Staging { kNew, kContinued };

absl::Status CannotWrite(const absl::Status& status) {
  return MakeError(status.code(), ReasonOf(status), MessageOf(status),
                   {{"category", "configuration"}});
}

absl::Status Stage(const std::string& path, Staging staging, std::optional<StagedFile>& file) {
  if (path.empty()) return absl::OkStatus();
  absl::StatusOr<StagedFile> staged =
      staging == Staging::kNew ? StagedFile::Create(path) : StagedFile::Continue(path);
  if (!staged.ok()) return CannotWrite(staged.status());
  file.emplace(*std::move(staged));
  return absl::OkStatus();
}

std::string RejectsPath(const RunOptions& options) {
  return options.rejects.empty() ? options.output + ".rejects.csv" : options.rejects;
}

absl::Status CheckPaths(const RunOptions& options) {
  std::vector<std::string> taken = {options.input, options.reference};
  for (const std::string& path : {options.output, options.report, options.changes, options.clusters,
                                  options.profile, options.intermediate, RejectsPath(options)}) {
    if (path.empty()) continue;
    if (path == "-") {
      return MakeError(absl::StatusCode::kInvalidArgument, "BAD_FIELD",
                       "- is no output; name a file, or /dev/stdout",
                       {{"category", "configuration"}});
    }
    for (const std::string& other : taken) {
      if (other.empty() || !SameFile(path, other)) continue;
      return MakeError(absl::StatusCode::kInvalidArgument, "BAD_FIELD",
                       "the output " + path + " would replace another file of this command",
                       {{"category", "configuration"}, {"path", path}});
    }
    taken.push_back(path);
  }
  return absl::OkStatus();
}

std::string RejectsHeaderLine() {
  std::string line;
  for (const std::string_view name : kRejectsHeader)
    line.append(line.empty() ? "" : ",").append(name);
  return line + '\n';
}

absl::Status StageAll(const RunOptions& options, StagedOutputs& outputs) {
  const Staging staging = options.checkpoint_dir.empty() ? Staging::kNew : Staging::kContinued;
  DQ_RETURN_IF_ERROR(Stage(options.output, staging, outputs.cleaned));
  DQ_RETURN_IF_ERROR(Stage(options.report, staging, outputs.report));
  DQ_RETURN_IF_ERROR(Stage(options.changes, staging, outputs.changes));
  DQ_RETURN_IF_ERROR(Stage(options.clusters, staging, outputs.clusters));
  DQ_RETURN_IF_ERROR(Stage(options.profile, staging, outputs.profile));
  DQ_RETURN_IF_ERROR(Stage(options.intermediate, staging, outputs.intermediate));
  return Stage(RejectsPath(options), staging, outputs.rejects);
}

// Rejects that nobody asked for are published only when there are any.
absl::Status PublishAll(StagedOutputs& outputs, bool with_rejects) {
  for (std::optional<StagedFile>* file : outputs.All()) {
    if (!file->has_value() || (file == &outputs.rejects && !with_rejects)) continue;
    if (absl::Status done = (*file)->Publish(); !done.ok()) return CannotWrite(done);
  }
  return absl::OkStatus();
}

int FdOf(const std::optional<StagedFile>& file) { return file.has_value() ? file->fd() : -1; }

// Whether the same command could go on where this one failed.
bool MayGoOn(const absl::Status& status, const RunCheckpoints& checkpoints) {
  if (!checkpoints.begun()) return true;
  const std::string reason = ReasonOf(status);
  return checkpoints.any() &&
         (reason == "INTERRUPTED" || reason == "IO_FAILED" || reason == "DISK_FULL");
}

// Ends a run that failed: keeps what another one can go on with.
absl::Status EndFailed(const absl::Status& status, StagedOutputs& outputs,
                       RunCheckpoints& checkpoints) {
  if (!MayGoOn(status, checkpoints)) {
    outputs.DiscardAll();
    checkpoints.Remove();
  }
  if (ReasonOf(status) != "INTERRUPTED" || checkpoints.any()) return status;
  return MakeError(absl::StatusCode::kCancelled, "CANCELLED",
                   "the run was stopped before its first checkpoint");
}

absl::StatusOr<ChainResult> RunAndPublish(const RunOptions& options, const CancelToken& cancel,
                                          const CancelToken& stop) {
  DQ_ASSIGN_OR_RETURN(const UniqueFd input, OpenInput(options.input, "input"));
  UniqueFd reference;
  if (!options.reference.empty()) {
    DQ_ASSIGN_OR_RETURN(reference, OpenInput(options.reference, "reference"));
  }
  DQ_ASSIGN_OR_RETURN(const UniqueFd temp_dir, OpenTempDir(options));
  DQ_ASSIGN_OR_RETURN(const auto checkpoints, RunCheckpoints::Open(options, stop));
  StagedOutputs outputs;
  DQ_RETURN_IF_ERROR(StageAll(options, outputs));
  const ChainFiles files{.input_fd = input.get(),
                         .reference_fd = reference.get(),
                         .cleaned_fd = FdOf(outputs.cleaned),
                         .report_fd = FdOf(outputs.report),
                         .changes_fd = FdOf(outputs.changes),
                         .clusters_fd = FdOf(outputs.clusters),
                         .rejects_fd = FdOf(outputs.rejects),
                         .profile_fd = FdOf(outputs.profile),
                         .intermediate_fd = FdOf(outputs.intermediate),
                         .temp_dir_fd = temp_dir.get()};
  const auto progress = MakeProgressSink(options.progress);
  absl::StatusOr<ChainResult> ended =
      RunChain(options.spec, BuildStages, files, *progress, cancel, checkpoints->plan());
  if (!ended.ok()) return EndFailed(ended.status(), outputs, *checkpoints);
  const bool no_rejects = options.rejects.empty() && !ended->has_rejects;
  if (const absl::Status published = PublishAll(outputs, !no_rejects); !published.ok()) {
    if (!checkpoints->any()) outputs.DiscardAll();
    return published;
  }
  checkpoints->Remove();
  outputs.DiscardAll();
  if (no_rejects) RemoveEarlierFile(RejectsPath(options), RejectsHeaderLine());
  return ended;
}

// A note may name columns, which may hold anything.
std::string OneLine(std::string text) {
  const auto is_control = [](char c) { return (c >= 0 && c < ' ') || c == 0x7f; };
  std::replace_if(text.begin(), text.end(), is_control, ' ');
  return text;
}

void PrintSummary(const RunOptions& options, const ChainResult& result) {
  const auto number = [](int64_t value) { return static_cast<long long>(value); };
  (void)std::printf("rows in             %lld\n", number(result.rows_in));
  (void)std::printf("rows out            %lld\n", number(result.rows_out));
  if (result.duplicates_kept > 0) {
    (void)std::printf("duplicates kept     %lld\n", number(result.duplicates_kept));
  } else {
    (void)std::printf("duplicates removed  %lld\n", number(result.duplicates_removed));
  }
  (void)std::printf("rows rejected       %lld%s%s\n", number(result.rows_rejected),
                    result.has_rejects ? "  see " : "",
                    result.has_rejects ? RejectsPath(options).c_str() : "");
  (void)std::printf("cells cleared       %lld\n", number(result.cells_cleared));
  (void)std::printf("cells filled        %lld\n", number(result.cells_filled));
  if (result.score.has_value()) (void)std::printf("score               %.2f\n", *result.score);
  (void)std::printf("cleaned file        %s\n", options.output.c_str());
  (void)std::printf("report              %s\n", options.report.c_str());
  for (const std::string& note : result.notes) {
    (void)std::printf("note: %s\n", OneLine(note).c_str());
  }
}

// 3 for what the data or the chain is to blame for, 1 for what this machine is.
int ExitCodeOf(const absl::Status& status) {
  if (status.code() == absl::StatusCode::kCancelled) return kExitCancelled;
  const std::string reason = ReasonOf(status);
  if (reason == "INTERRUPTED") return kExitCheckpointed;
  return reason == "FILE_MISSING" || reason == "OUTPUT_FAILED" || reason == "BAD_FIELD" ||
                 reason == "IO_FAILED" || reason == "DISK_FULL"
             ? kExitError
             : kExitFailed;
}

}  // namespace

int RunLocally(const RunOptions& options, const CancelToken& cancel, const CancelToken& stop) {
  if (const absl::Status paths = CheckPaths(options); !paths.ok()) {
    (void)std::fprintf(stderr, "dq-worker: BAD_FIELD: %s\n", MessageOf(paths).c_str());
    return kExitUsage;
  }
  const absl::StatusOr<ChainResult> result = RunAndPublish(options, cancel, stop);
  if (!result.ok()) {
    (void)std::fprintf(stderr, "dq-worker: %s: %s\n", ReasonOf(result.status()).c_str(),
                       MessageOf(result.status()).c_str());
    return ExitCodeOf(result.status());
  }
  PrintSummary(options, *result);
  if (result->verdict != Verdict::kFailed) return kExitOk;
  (void)std::fprintf(stderr, "dq-worker: GATE_FAILED: %s\n", result->verdict_reason.c_str());
  return kExitGateFailed;
}

}  // namespace dq
