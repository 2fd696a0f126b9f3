// How soon a fleet that is otherwise idle does what one caller asks. Prints one JSON object.
#pragma once

#include <sys/types.h>

#include <string>

#include "tests/bench/queue_load/submit.h"

namespace dq::bench {

// CreateJob sent → the watch shows the job started.
int StartLatency(const Channel& channel, int samples);

enum class StopKind { kCancel, kPause };

// Stops a running job and measures until its worker has done so, from the call's sending and from
// its acknowledgement. With `input_file` (a resource name) the job is a chain over that file, which
// must take half a second at least, in a child process of the worker `agent`: the end of that
// process counts. Without, the job is a long noop, and what counts is that the watch shows the
// confirmation of the worker, recorded.
int StopLatency(const Channel& channel, int samples, StopKind kind, pid_t agent,
                const std::string& input_file);

}  // namespace dq::bench
