// Judges the store's jobs and events, with the journal of what the outside world heard, by the
// invariants every run must keep. Pure: reads, and returns what is wrong in words.
#pragma once

#include <string>
#include <vector>

#include "tests/scheduler/engine/model_fleet.h"

namespace dq {

// The times that bound when a silent worker's lease may end.
struct LeaseBounds {
  absl::Duration broken_stream_ttl;
};

// Returns the violations found, each naming the job; empty when all is well. Every job must have
// ended: call it after a drain.
std::vector<std::string> CheckHistory(const FakeStore& store, const Journal& journal,
                                      const LeaseBounds& bounds);

}  // namespace dq
