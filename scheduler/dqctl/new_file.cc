#include "scheduler/dqctl/new_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <utility>

#include "common/base/error.h"
#include "common/base/random_id.h"

namespace dq::dqctl {

absl::StatusOr<NewFile> NewFile::Create(const std::string& path) {
  const std::filesystem::path place(path);
  const std::string temporary =
      (place.parent_path() / ("." + place.filename().string() + "." + RandomHex(4) + ".tmp"))
          .string();
  UniqueFd fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  if (!fd) return ErrnoError(errno, "OUTPUT_FAILED", "cannot write " + path);
  return NewFile(path, temporary, std::move(fd));
}

NewFile::NewFile(std::string path, std::string temporary_path, UniqueFd fd)
    : path_(std::move(path)), temporary_path_(std::move(temporary_path)), fd_(std::move(fd)) {}

NewFile::NewFile(NewFile&& other) noexcept
    : path_(std::move(other.path_)),
      temporary_path_(std::exchange(other.temporary_path_, "")),
      fd_(std::move(other.fd_)),
      hash_(std::move(other.hash_)),
      size_(other.size_) {}

NewFile::~NewFile() {
  if (!temporary_path_.empty()) ::unlink(temporary_path_.c_str());
}

absl::Status NewFile::Append(std::string_view bytes) {
  hash_.Update(bytes);
  size_ += static_cast<int64_t>(bytes.size());
  while (!bytes.empty()) {
    const ssize_t wrote = ::write(fd_.get(), bytes.data(), bytes.size());
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
  if (::fsync(fd_.get()) != 0 || ::rename(temporary_path_.c_str(), path_.c_str()) != 0) {
    return ErrnoError(errno, "OUTPUT_FAILED", "cannot write " + path_);
  }
  temporary_path_.clear();
  return absl::OkStatus();
}

}  // namespace dq::dqctl
