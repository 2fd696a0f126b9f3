#include "scheduler/dqctl/new_file.h"

#include <unistd.h>

#include <cerrno>
#include <utility>

#include "common/base/error.h"
#include "common/base/status_macros.h"

namespace dq::dqctl {

absl::StatusOr<NewFile> NewFile::Create(const std::string& path) {
  DQ_ASSIGN_OR_RETURN(StagedFile file, StagedFile::Create(path));
  return NewFile(path, std::move(file));
}

NewFile::NewFile(std::string path, StagedFile file)
    : path_(std::move(path)), file_(std::move(file)) {}

absl::Status NewFile::Append(std::string_view bytes) {
  hash_.Update(bytes);
  size_ += static_cast<int64_t>(bytes.size());
  while (!bytes.empty()) {
    const ssize_t wrote = ::write(file_.fd(), bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return ErrnoError(errno, "OUTPUT_FAILED", "cannot write " + path_);
    bytes.remove_prefix(static_cast<size_t>(wrote));
  }
  return absl::OkStatus();
}

absl::Status NewFile::Commit(const std::string& sha256) {
  const std::string actual = hash_.Finish();
  if (!sha256.empty() && actual != sha256) {
    return MakeError(absl::StatusCode::kDataLoss, "OUTPUT_DAMAGED",
                     "the bytes received for " + path_ + " are not those that were produced",
                     {{"expected_sha256", sha256}, {"actual_sha256", actual}});
  }
  DQ_RETURN_IF_ERROR(file_.Sync());
  return file_.Publish();
}

}  // namespace dq::dqctl
