// How fast jobs end, as the scheduler counts them. Prints one JSON object a line.
#pragma once

#include <cstdint>

#include "tests/bench/queue_load/submit.h"

namespace dq::bench {

// Waits until `jobs` more jobs are COMPLETED. The clock starts with the first of them, so that
// starting workers does not count. Prints a line when it has read the counts, then the rate of the
// whole and of each tenth.
int Drain(const Channel& channel, int64_t jobs);

// Submits `jobs` in bulk while connected workers run them; the clock goes from the first call to
// the last completion.
int WholeLife(const Channel& channel, int jobs, int outstanding);

// Keeps `callers` busy with CreateJob for `seconds`, whatever happens to the fleet; prints the
// number of completed jobs ten times a second with the time (Unix seconds). A call that fails is
// made again.
int Flow(const Channel& channel, int seconds, int callers);

}  // namespace dq::bench
