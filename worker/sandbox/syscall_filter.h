// The system calls a job child may not make once it is set up. A hostile file that takes the parser
// over finds no network, no file but the open ones, no program to start. Child side.
#pragma once

#include "absl/status/status.h"

namespace dq {

// Installs a seccomp filter for this process and all its threads to be, for good: new sockets, new
// processes, other programs, opening paths (but for unnamed temporary files), changing names or
// rights, io_uring, debugging and signalling others are answered with EPERM. UNIMPLEMENTED when the
// kernel has no filters or the build is sanitized: the caller goes on and says so.
absl::Status InstallSyscallFilter();

}  // namespace dq
