// Typed errors across gRPC: absl::Status with reason, metadata and field violations (the inside)
// to and from grpc::Status with google.rpc details (the wire). Both sides of every call use it.
// Stateless and thread-safe.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "grpcpp/support/status.h"

namespace dq {

// What a status may carry on the wire: larger details reach a C++ client as RST_STREAM.
inline constexpr size_t kErrorDetailsBytesMax = 4096;
inline constexpr size_t kErrorMessageBytesMax = 1024;
inline constexpr int kFieldViolationsMax = 20;

// A wrong field of a request.
struct FieldViolation {
  std::string field;        // The path, for example "job.spec.stages[0].dedupe.match".
  std::string description;  // Why it is wrong and what would be right.
  friend bool operator==(const FieldViolation&, const FieldViolation&) = default;
};

// Makes INVALID_ARGUMENT of `reason` for `violations` (at least one); the message quotes the first.
// Beyond kFieldViolationsMax they are dropped.
[[nodiscard]] absl::Status FieldError(std::string_view reason,
                                      const std::vector<FieldViolation>& violations);

// Returns the field violations of a status; empty when it has none.
std::vector<FieldViolation> FieldViolationsOf(const absl::Status& status);

// Returns the least time to wait before the next try, when the sender named one.
std::optional<absl::Duration> RetryDelayOf(const absl::Status& status);

// Maps to the wire: ErrorInfo{domain "dq"} when the status has a reason, BadRequest when it has
// violations, RetryInfo (1 s) for UNAVAILABLE and RESOURCE_EXHAUSTED. Text becomes valid UTF-8,
// and whatever exceeds the limits above is cut: first metadata, then violations.
grpc::Status ToGrpcStatus(const absl::Status& status);

// Maps from the wire. Details of another domain, unknown or damaged ones are left out.
absl::Status FromGrpcStatus(const grpc::Status& status);

}  // namespace dq
