// How a parent asks a job child to take a checkpoint and end. Constants only.
#pragma once

#include <csignal>

namespace dq {

// The child is to stop soon; it gives itself so long and then dies of SIGALRM.
inline constexpr int kInterruptSignal = SIGTERM;
inline constexpr unsigned kInterruptSeconds = 10;
// The child is to stop once it has taken a checkpoint.
inline constexpr int kInterruptWhenSavedSignal = SIGUSR1;

}  // namespace dq
