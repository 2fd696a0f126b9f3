// Times and durations between Protobuf's well-known types and Abseil's. Stateless and thread-safe.
#pragma once

#include "absl/time/time.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/timestamp.pb.h"

namespace dq {

// Returns whether the value is within the ranges that Protobuf documents.
bool IsValidProto(const google::protobuf::Duration& duration);
bool IsValidProto(const google::protobuf::Timestamp& timestamp);

// Converts a valid value.
absl::Duration FromProto(const google::protobuf::Duration& duration);
absl::Time FromProto(const google::protobuf::Timestamp& timestamp);

// Converts a finite value; fractions of a nanosecond are cut.
google::protobuf::Duration ToProto(absl::Duration duration);
google::protobuf::Timestamp ToProto(absl::Time time);

}  // namespace dq
