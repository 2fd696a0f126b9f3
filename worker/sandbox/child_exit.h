// What the death of a job child means when it left no last word. Pure; thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace dq {

// How a process ended, as waitid(2) tells.
struct ChildExit {
  int code = 0;    // CLD_EXITED, CLD_KILLED or CLD_DUMPED.
  int status = 0;  // The exit status, or the signal.
};

// Returns the typed error for a child that ended as `exit` without result or error: OUT_OF_MEMORY
// when its last words on stderr tell of std::bad_alloc, else CRASHED. Category system: another
// attempt may succeed. Metadata has `signal` or `exit_status`, and `stderr` (its last lines).
absl::Status ErrorOfChildExit(const ChildExit& exit, std::string_view stderr_tail);

}  // namespace dq
