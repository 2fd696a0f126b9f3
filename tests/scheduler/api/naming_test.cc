#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/error.h"
#include "common/rpc/status_mapping.h"
#include "scheduler/api/page_token.h"
#include "scheduler/api/resource_name.h"
#include "scheduler/api/time_codec.h"

namespace dq {
namespace {

TEST(ResourceName, NamesComeApartAndTogether) {
  const auto parts = ParseResource("projects/p-1/files/f-9", kFiles, "name");
  ASSERT_TRUE(parts.ok());
  EXPECT_EQ(parts->project, "p-1");
  EXPECT_EQ(parts->id, "f-9");
  EXPECT_EQ(ResourceText("p-1", kFiles, "f-9"), "projects/p-1/files/f-9");
  EXPECT_EQ(ResourceText("p-1", kJobs, ""), "");
  EXPECT_EQ(JobText({"p", "j"}), "projects/p/jobs/j");
}

TEST(ResourceName, AnythingElseIsABadField) {
  for (const char* name :
       {"", "projects/p", "projects//jobs/j", "projects/p/jobs/", "projects/p/files/f",
        "projects/p/jobs/j/x", "projects/p/jobs/J", "projects/p/jobs/-j", "/projects/p/jobs/j",
        "projects/p/q/jobs/j", "projects/../jobs/j"}) {
    const auto parsed = ParseJobName(name, "name");
    EXPECT_EQ(ReasonOf(parsed.status()), "BAD_FIELD") << name;
    EXPECT_EQ(FieldViolationsOf(parsed.status()).at(0).field, "name");
  }
}

TEST(ResourceName, NamedJobsMustBeOfOneProject) {
  google::protobuf::RepeatedPtrField<std::string> names;
  *names.Add() = "projects/p/jobs/a";
  *names.Add() = "projects/p/jobs/b";
  EXPECT_THAT(ParseNamedJobs("projects/p", names)->ids, testing::ElementsAre("a", "b"));
  *names.Add() = "projects/q/jobs/c";
  EXPECT_EQ(ReasonOf(ParseNamedJobs("projects/p", names).status()), "BAD_FIELD");
  names.Clear();
  for (int i = 0; i < 1001; ++i) *names.Add() = "projects/p/jobs/a";
  EXPECT_EQ(ReasonOf(ParseNamedJobs("projects/p", names).status()), "BAD_FIELD");
}

TEST(PageToken, LeadsBackToItsPlaceInItsOwnQueryOnly) {
  const std::string token = MakePageToken("ListJobs projects/p", "12345");
  EXPECT_EQ(*ReadNumberToken("ListJobs projects/p", token), 12345);
  EXPECT_EQ(ReasonOf(ReadNumberToken("ListJobs projects/q", token).status()),
            "PAGE_TOKEN_MISMATCH");
  EXPECT_EQ(ReasonOf(ReadNumberToken("ListJobs projects/p", "rubbish").status()),
            "PAGE_TOKEN_MISMATCH");
  EXPECT_EQ(*ReadNumberToken("ListJobs projects/p", ""), 0);
  const std::string text = MakePageToken("q", "not a number");
  EXPECT_EQ(ReasonOf(ReadNumberToken("q", text).status()), "PAGE_TOKEN_MISMATCH");
  EXPECT_EQ(*ReadPageToken("q", text), "not a number");
}

TEST(PageToken, SizesAreDefaultedAndCut) {
  EXPECT_EQ(*EffectivePageSize(0), 50);
  EXPECT_EQ(*EffectivePageSize(7), 7);
  EXPECT_EQ(*EffectivePageSize(5000), 1000);
  EXPECT_EQ(ReasonOf(EffectivePageSize(-1).status()), "BAD_FIELD");
}

TEST(TimeCodec, TimesBeforeTheEpochHavePositiveNanos) {
  const absl::Time time = absl::FromUnixMillis(-1500);
  const auto proto = ToProto(time);
  EXPECT_EQ(proto.seconds(), -2);
  EXPECT_EQ(proto.nanos(), 500'000'000);
  EXPECT_TRUE(IsValidProto(proto));
  EXPECT_EQ(FromProto(proto), time);
}

TEST(TimeCodec, DurationsKeepTheirSign) {
  const auto proto = ToProto(absl::Milliseconds(-1500));
  EXPECT_EQ(proto.seconds(), -1);
  EXPECT_EQ(proto.nanos(), -500'000'000);
  EXPECT_EQ(FromProto(proto), absl::Milliseconds(-1500));
}

}  // namespace
}  // namespace dq
