// The worker protocol between Protobuf and plain values, with the checks that need no state. Pure
// and thread-safe.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "dq/v1/worker_service.pb.h"
#include "scheduler/core/worker_protocol.h"

namespace dq {

inline constexpr int32_t kWorkerProtocol = 2;

// Checks and translates. FAILED_PRECONDITION PROTOCOL_TOO_OLD or PROTOCOL_TOO_NEW for a
// protocol more than one version from kWorkerProtocol; INVALID_ARGUMENT BAD_FIELD.
absl::StatusOr<WorkerHello> FromProto(const v1::Hello& hello);

// Checks and translates. INVALID_ARGUMENT BAD_FIELD. An outcome that cannot be read becomes a
// failure of its attempt (OUTCOME_UNREADABLE): the other leases of the report are not to blame.
absl::StatusOr<WorkerReport> FromProto(const v1::WorkReport& report);

v1::WorkResponse ToProto(const WorkerWelcome& welcome);

// Returns one message, or several when the grants are too large for one; the first says all but the
// other grants. A grant whose payload cannot be read is left out and logged: it cannot have been
// recorded so.
std::vector<v1::WorkResponse> ToProto(const WorkerTurn& turn);

}  // namespace dq
