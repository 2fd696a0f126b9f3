// What a process that speaks gRPC sets once. Thread-safe.
#pragma once

namespace dq {

// Stops Abseil from entering every lock that gRPC takes in a graph, to look for deadlocks in it:
// Debian's build has that on, and a call costs 5 % more processor time with it.
void QuietMutexes();

}  // namespace dq
