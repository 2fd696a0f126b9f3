// What comes out of a child's pipes, read without blocking. Not thread-safe.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "common/base/unique_fd.h"

namespace dq {

enum class PipeState {
  kOpen,      // More may come.
  kEnded,     // The other end is closed; the descriptor is closed too.
  kOverlong,  // A line passed the limit.
};

// Cuts what comes into lines.
class LineReader {
 public:
  // `fd` outlives the reader and does not block; a line may have up to `line_bytes_max`.
  LineReader(UniqueFd& fd, size_t line_bytes_max) : fd_(fd), line_bytes_max_(line_bytes_max) {}
  // Reads all that is there and calls `on_line` for every whole line, without its end.
  PipeState Read(const std::function<void(std::string_view)>& on_line);

 private:
  UniqueFd& fd_;
  const size_t line_bytes_max_;
  std::string rest_;  // The beginning of a line.
};

// Keeps the end of what comes.
class TailReader {
 public:
  // `fd` outlives the reader and does not block.
  TailReader(UniqueFd& fd, size_t tail_bytes) : fd_(fd), tail_bytes_(tail_bytes) {}
  // Reads all that is there.
  PipeState Read();
  const std::string& tail() const { return tail_; }

 private:
  UniqueFd& fd_;
  const size_t tail_bytes_;
  std::string tail_;
};

}  // namespace dq
