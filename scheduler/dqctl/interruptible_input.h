// A stream buffer over a file descriptor whose reads Ctrl-C ends: what is read from a terminal or a
// pipe may never come. Not thread-safe.
#pragma once

#include <array>
#include <streambuf>

#include "common/base/unique_fd.h"
#include "scheduler/dqctl/interrupt.h"

namespace dq::dqctl {

class InterruptibleInput final : public std::streambuf {
 public:
  // `fd` and `interrupt` outlive it. Once interrupted a read is at its end.
  InterruptibleInput(int fd, Interrupt& interrupt);

  // Whether a line can be read that has come already, or there is more to read, or the end.
  bool IsReady() const;

 protected:
  // Throws std::ios_base::failure when the descriptor cannot be read: the stream is bad() then.
  int_type underflow() override;

 private:
  const int fd_;
  const UniqueFd woken_;  // Readable once interrupted.
  const Interrupt::Scope scope_;
  std::array<char, 64 * 1024> bytes_;
};

}  // namespace dq::dqctl
