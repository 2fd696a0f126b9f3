#include "common/rpc/status_mapping.h"

#include <gtest/gtest.h>

#include "common/base/error.h"
#include "common/rpc/utf8.h"

namespace dq {
namespace {

absl::Status RoundTrip(const absl::Status& status) { return FromGrpcStatus(ToGrpcStatus(status)); }

TEST(StatusMapping, OkStaysOk) { EXPECT_TRUE(RoundTrip(absl::OkStatus()).ok()); }

TEST(StatusMapping, ReasonMetadataAndMessageSurviveTheWire) {
  const absl::Status sent = MakeError(absl::StatusCode::kNotFound, "JOB_NOT_FOUND",
                                      "no job 'x'; look with ListJobs", {{"job", "x"}});
  const absl::Status got = RoundTrip(sent);
  EXPECT_EQ(got.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ReasonOf(got), "JOB_NOT_FOUND");
  EXPECT_EQ(MetadataOf(got), (ErrorMetadata{{"job", "x"}}));
  EXPECT_EQ(MessageOf(got), "no job 'x'; look with ListJobs");
  EXPECT_FALSE(RetryDelayOf(got).has_value());
}

TEST(StatusMapping, FieldViolationsSurviveTheWire) {
  const std::vector<FieldViolation> violations = {{"job.spec.priority", "at most 100"},
                                                  {"job.spec.queue", "not an id"}};
  const absl::Status got = RoundTrip(FieldError("BAD_FIELD", violations));
  EXPECT_EQ(got.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReasonOf(got), "BAD_FIELD");
  EXPECT_EQ(FieldViolationsOf(got), violations);
}

TEST(StatusMapping, UnavailableAndExhaustedSayWhenToRetry) {
  EXPECT_EQ(RetryDelayOf(RoundTrip(absl::UnavailableError("x"))), absl::Seconds(1));
  EXPECT_EQ(RetryDelayOf(RoundTrip(
                MakeError(absl::StatusCode::kResourceExhausted, "QUEUE_FULL", "try later"))),
            absl::Seconds(1));
}

TEST(StatusMapping, AtMostTwentyViolationsAreSent) {
  std::vector<FieldViolation> violations;
  for (int i = 0; i < 50; ++i) violations.push_back({"f" + std::to_string(i), "wrong"});
  EXPECT_EQ(FieldViolationsOf(RoundTrip(FieldError("BAD_FIELD", violations))).size(), 20U);
}

TEST(StatusMapping, DetailsNeverExceedFourKibibytes) {
  std::vector<FieldViolation> violations;
  for (int i = 0; i < 20; ++i) {
    violations.push_back({std::string(1000, 'f'), std::string(1000, 'd')});
  }
  const absl::Status large = FieldError("BAD_FIELD", violations);
  const grpc::Status wire = ToGrpcStatus(large);
  EXPECT_LE(wire.error_details().size(), kErrorDetailsBytesMax);
  EXPECT_LE(wire.error_message().size(), kErrorMessageBytesMax);
  EXPECT_FALSE(FieldViolationsOf(FromGrpcStatus(wire)).empty());

  ErrorMetadata metadata;
  for (int i = 0; i < 100; ++i) metadata["key" + std::to_string(i)] = std::string(1000, 'm');
  const grpc::Status crowded = ToGrpcStatus(MakeError(
      absl::StatusCode::kInternal, std::string(500, 'R'), std::string(9000, 'x'), metadata));
  EXPECT_LE(crowded.error_details().size(), kErrorDetailsBytesMax);
  EXPECT_FALSE(ReasonOf(FromGrpcStatus(crowded)).empty());
}

TEST(StatusMapping, InvalidUtf8BecomesReadable) {
  const grpc::Status wire = ToGrpcStatus(
      MakeError(absl::StatusCode::kNotFound, "X", "file \xff\xfe", {{"name", "a\xc3"}}));
  EXPECT_EQ(wire.error_message(), "file ??");
  EXPECT_EQ(MetadataOf(FromGrpcStatus(wire)).at("name"), "a?");
}

TEST(StatusMapping, DamagedDetailsAreIgnored) {
  const absl::Status got =
      FromGrpcStatus(grpc::Status(grpc::StatusCode::ABORTED, "m", "not a message"));
  EXPECT_EQ(got.code(), absl::StatusCode::kAborted);
  EXPECT_EQ(ReasonOf(got), "");
}

TEST(ValidUtf8, KeepsCharactersWholeAndReplacesWhatIsNotUtf8) {
  EXPECT_EQ(ValidUtf8("gr\xc3\xbc\xc3\x9f", 4), "gr\xc3\xbc");
  EXPECT_EQ(ValidUtf8("\xed\xa0\x80", 9), "???");  // A surrogate.
  EXPECT_EQ(ValidUtf8("\xc0\xaf", 9), "??");       // An overlong form.
  EXPECT_EQ(ValidUtf8("\xf0\x9f\x98\x80", 9), "\xf0\x9f\x98\x80");
  EXPECT_TRUE(IsValidUtf8("\xe2\x82\xac"));
  EXPECT_FALSE(IsValidUtf8("\xe2\x82"));
}

}  // namespace
}  // namespace dq
