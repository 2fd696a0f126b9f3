#include "scheduler/api/time_codec.h"

namespace dq {
namespace {

constexpr int64_t kDurationSecondsMax = 315'576'000'000;   // duration.proto: 10,000 years.
constexpr int64_t kTimestampSecondsMin = -62'135'596'800;  // timestamp.proto: year 1.
constexpr int64_t kTimestampSecondsMax = 253'402'300'799;  // timestamp.proto: year 9999.
constexpr int32_t kNanosMax = 999'999'999;

}  // namespace

bool IsValidProto(const google::protobuf::Duration& duration) {
  const int64_t seconds = duration.seconds();
  const int32_t nanos = duration.nanos();
  const bool same_sign = (seconds >= 0 && nanos >= 0) || (seconds <= 0 && nanos <= 0);
  return same_sign && seconds >= -kDurationSecondsMax && seconds <= kDurationSecondsMax &&
         nanos >= -kNanosMax && nanos <= kNanosMax;
}

bool IsValidProto(const google::protobuf::Timestamp& timestamp) {
  return timestamp.seconds() >= kTimestampSecondsMin &&
         timestamp.seconds() <= kTimestampSecondsMax && timestamp.nanos() >= 0 &&
         timestamp.nanos() <= kNanosMax;
}

absl::Duration FromProto(const google::protobuf::Duration& duration) {
  return absl::Seconds(duration.seconds()) + absl::Nanoseconds(duration.nanos());
}

absl::Time FromProto(const google::protobuf::Timestamp& timestamp) {
  return absl::FromUnixSeconds(timestamp.seconds()) + absl::Nanoseconds(timestamp.nanos());
}

google::protobuf::Duration ToProto(absl::Duration duration) {
  google::protobuf::Duration proto;
  absl::Duration rest;
  proto.set_seconds(absl::IDivDuration(duration, absl::Seconds(1), &rest));
  proto.set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(rest)));
  return proto;
}

google::protobuf::Timestamp ToProto(absl::Time time) {
  google::protobuf::Timestamp proto;
  proto.set_seconds(absl::ToUnixSeconds(time));  // Rounds down, so that nanos are not negative.
  const absl::Duration rest = time - absl::FromUnixSeconds(proto.seconds());
  proto.set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(rest)));
  return proto;
}

}  // namespace dq
