#include "worker/sandbox/pipe_reader.h"

#include <unistd.h>

#include <array>
#include <cerrno>

namespace dq {
namespace {

// Reads once. Returns false when nothing is there now; closes `fd` at its end.
bool ReadSome(UniqueFd& fd, std::string& into) {
  std::array<char, 16 * 1024> buffer;
  for (;;) {
    const ssize_t got = ::read(fd.get(), buffer.data(), buffer.size());
    if (got > 0) {
      into.append(buffer.data(), static_cast<size_t>(got));
      return true;
    }
    if (got < 0 && errno == EINTR) continue;
    if (got == 0 || errno != EAGAIN) fd.Reset();
    return false;
  }
}

PipeState StateOf(const UniqueFd& fd) { return fd ? PipeState::kOpen : PipeState::kEnded; }

}  // namespace

PipeState LineReader::Read(const std::function<void(std::string_view)>& on_line) {
  while (fd_ && ReadSome(fd_, rest_)) {
    size_t begin = 0;
    for (size_t end; (end = rest_.find('\n', begin)) != std::string::npos; begin = end + 1) {
      on_line(std::string_view(rest_).substr(begin, end - begin));
    }
    rest_.erase(0, begin);
    if (rest_.size() > line_bytes_max_) return PipeState::kOverlong;
  }
  return StateOf(fd_);
}

PipeState TailReader::Read() {
  while (fd_ && ReadSome(fd_, tail_)) {
    if (tail_.size() > tail_bytes_) tail_.erase(0, tail_.size() - tail_bytes_);
  }
  return StateOf(fd_);
}

}  // namespace dq
