// The sandboxed child: `dq-worker job`. Runs one chain over descriptors that its parent opened and
// answers on a pipe. Owns the whole process; single call.
#pragma once

#include "worker/chain/stage.h"

namespace dq {

// Reads the orders from kChildSpecFd, limits the process (see child_limits.h, syscall_filter.h),
// runs the chain with stages made by `make_stages` over the descriptors of child_fds.h, writes
// progress and the end to kChildStatusFd. Returns the exit status: 0 when a result was written, 1
// when an error was, 2 when this process was not started by a dq worker.
int RunJobChild(const StageFactory& make_stages);

}  // namespace dq
