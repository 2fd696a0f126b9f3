#include "common/rpc/quiet_mutexes.h"

#include "absl/synchronization/mutex.h"

namespace dq {

void QuietMutexes() { absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore); }

}  // namespace dq
