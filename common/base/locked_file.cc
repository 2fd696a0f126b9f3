#include "common/base/locked_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>

namespace dq {
namespace {

// How often a file may vanish between opening and locking it.
constexpr int kTriesMax = 100;

bool IsNamed(int fd, const std::string& path) {
  struct stat open {};
  struct stat named {};
  return ::fstat(fd, &open) == 0 && ::lstat(path.c_str(), &named) == 0 &&
         open.st_dev == named.st_dev && open.st_ino == named.st_ino;
}

}  // namespace

UniqueFd OpenLocked(const std::string& path) {
  for (int tries = 0; tries < kTriesMax; ++tries) {
    UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666));
    if (!fd || ::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
      const int error = errno;
      fd.Reset();
      errno = error;
      return fd;
    }
    if (IsNamed(fd.get(), path)) return fd;
  }
  errno = EWOULDBLOCK;
  return {};
}

}  // namespace dq
