#include "scheduler/dqctl/interruptible_input.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <ios>
#include <system_error>

namespace dq::dqctl {
namespace {

[[noreturn]] void ThrowErrno() {
  throw std::ios_base::failure("cannot read", std::error_code(errno, std::generic_category()));
}

// Waits until one of both is readable; returns whether it is `fd` alone.
bool AwaitInput(int fd, int woken) {
  pollfd both[] = {{.fd = fd, .events = POLLIN, .revents = 0},
                   {.fd = woken, .events = POLLIN, .revents = 0}};
  while (::poll(both, 2, -1) < 0) {
    if (errno != EINTR) ThrowErrno();
  }
  return both[1].revents == 0;
}

}  // namespace

InterruptibleInput::InterruptibleInput(int fd, Interrupt& interrupt)
    : fd_(fd), woken_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)), scope_(interrupt, [this] {
        const uint64_t one = 1;
        (void)!::write(woken_.get(), &one, sizeof one);
      }) {}

InterruptibleInput::int_type InterruptibleInput::underflow() {
  ssize_t got = 0;
  do {
    if (!AwaitInput(fd_, woken_.get())) return traits_type::eof();
    got = ::read(fd_, bytes_.data(), bytes_.size());
  } while (got < 0 && (errno == EINTR || errno == EAGAIN));
  if (got < 0) ThrowErrno();
  if (got == 0) return traits_type::eof();
  setg(bytes_.data(), bytes_.data(), bytes_.data() + got);
  return traits_type::to_int_type(*gptr());
}

bool InterruptibleInput::IsReady() const {
  if (std::find(gptr(), egptr(), '\n') != egptr()) return true;
  pollfd one = {.fd = fd_, .events = POLLIN, .revents = 0};
  return ::poll(&one, 1, 0) > 0;
}

}  // namespace dq::dqctl
