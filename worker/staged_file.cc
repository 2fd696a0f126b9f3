#include "worker/staged_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "common/base/error.h"
#include "worker/table/file_error.h"

namespace dq {

absl::StatusOr<StagedFile> StagedFile::Create(const std::string& path) {
  std::string temporary = path + ".tmp-" + std::to_string(::getpid());
  UniqueFd fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  if (!fd) {
    return MakeError(absl::StatusCode::kInvalidArgument, "BAD_FIELD",
                     "cannot write " + path + ": " + std::strerror(errno),
                     {{"category", "configuration"}, {"path", path}});
  }
  return StagedFile(path, std::move(temporary), std::move(fd));
}

StagedFile::StagedFile(std::string path, std::string temporary, UniqueFd fd)
    : path_(std::move(path)), temporary_(std::move(temporary)), fd_(std::move(fd)) {}

StagedFile::StagedFile(StagedFile&& other) noexcept
    : path_(std::move(other.path_)),
      temporary_(std::exchange(other.temporary_, {})),
      fd_(std::move(other.fd_)) {}

StagedFile::~StagedFile() {
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

absl::Status StagedFile::Publish() {
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) {
    return IoFailed(errno, "cannot write " + path_);
  }
  temporary_.clear();
  return absl::OkStatus();
}

}  // namespace dq
