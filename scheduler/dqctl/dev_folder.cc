#include "scheduler/dqctl/dev_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <deque>
#include <filesystem>
#include <fstream>
#include <utility>

#include "common/base/error.h"
#include "common/base/status_macros.h"

namespace dq::dqctl {
namespace {

namespace fs = std::filesystem;

absl::Status MakeFolder(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (!error) return absl::OkStatus();
  return ErrnoError(error.value(), "OUTPUT_FAILED", "cannot make the folder " + path.string());
}

absl::StatusOr<UniqueFd> Lock(const std::string& folder) {
  const std::string path = folder + "/dev.lock";
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd) return ErrnoError(errno, "OUTPUT_FAILED", "cannot write " + path);
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) == 0) return fd;
  return MakeError(absl::StatusCode::kFailedPrecondition, "DATA_DIR_LOCKED",
                   "another `dqctl dev` runs in " + folder +
                       "; use that one, stop it, or choose another --data-dir");
}

}  // namespace

absl::StatusOr<DevFolder> DevFolder::Open(const std::string& path) {
  DQ_RETURN_IF_ERROR(MakeFolder(path));
  std::error_code error;
  const std::string absolute = fs::canonical(path, error).string();
  if (error) return ErrnoError(error.value(), "OUTPUT_FAILED", "cannot use " + path);
  DQ_ASSIGN_OR_RETURN(UniqueFd lock, Lock(absolute));
  DQ_RETURN_IF_ERROR(MakeFolder(absolute + "/storage"));
  DQ_RETURN_IF_ERROR(MakeFolder(absolute + "/logs"));
  return DevFolder(absolute, std::move(lock));
}

DevFolder::DevFolder(std::string path, UniqueFd lock)
    : path_(std::move(path)), lock_(std::move(lock)) {}

absl::StatusOr<UniqueFd> OpenLog(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  if (!fd) return ErrnoError(errno, "OUTPUT_FAILED", "cannot write " + path);
  return fd;
}

std::string LastLines(const std::string& path, int lines) {
  std::ifstream file(path);
  std::deque<std::string> last;
  for (std::string line; std::getline(file, line);) {
    last.push_back(line);
    if (static_cast<int>(last.size()) > lines) last.pop_front();
  }
  std::string text;
  for (const std::string& line : last) text += "\n    " + line;
  return text;
}

bool MayEnter(const std::string& path, const Account& account) {
  for (fs::path folder = fs::path(path).parent_path();; folder = folder.parent_path()) {
    struct stat status {};
    if (::stat(folder.c_str(), &status) != 0) return false;
    const mode_t needed = status.st_uid == account.uid   ? S_IXUSR
                          : status.st_gid == account.gid ? S_IXGRP
                                                         : S_IXOTH;
    if ((status.st_mode & needed) == 0) return false;
    if (folder == folder.parent_path()) return true;
  }
}

}  // namespace dq::dqctl
