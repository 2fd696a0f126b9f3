#include "scheduler/dqctl/gate.h"

#include <gtest/gtest.h>

#include "common/base/error.h"

namespace dq::dqctl {
namespace {

TEST(Gate, ConditionsMayComeTogetherOrApart) {
  const auto together = ParseGate({"score>=90 and duplicates <= 0.25, schema"});
  const auto apart = ParseGate({"score >= 90", "duplicates<=0.25", "schema"});
  ASSERT_TRUE(together.ok()) << together.status();
  ASSERT_TRUE(apart.ok()) << apart.status();
  EXPECT_EQ(together->min_score(), 90);
  EXPECT_EQ(together->max_duplicate_ratio(), 0.25);
  EXPECT_TRUE(together->fail_on_schema_mismatch());
  EXPECT_EQ(together->SerializeAsString(), apart->SerializeAsString());
}

TEST(Gate, OnlyWhatIsNamedIsSet) {
  const auto gate = ParseGate({"score>=0"});
  ASSERT_TRUE(gate.ok());
  EXPECT_TRUE(gate->has_min_score());
  EXPECT_FALSE(gate->has_max_duplicate_ratio());
  EXPECT_FALSE(gate->fail_on_schema_mismatch());
}

TEST(Gate, AnythingElseIsRefusedAsUsage) {
  for (const char* bad :
       {"", "score", "score>90", "score<=90", "score>=101", "score>=nan", "score>=-1", "score>=9x",
        "duplicates<=2", "schema>=1", "colour>=3", "score>=1,score>=2", "score>=1 or schema"}) {
    EXPECT_EQ(ReasonOf(ParseGate({bad}).status()), "USAGE") << bad;
  }
}

TEST(FailedCondition, NamesTheConditionAndBothValues) {
  dq::v1::Report report;
  report.set_rows_in(4);
  report.set_score(96.17);
  report.mutable_duplicates_removed()->set_exact(1);
  const auto finding = [&report](const char* gate) {
    return FailedCondition(*ParseGate({gate}), report);
  };
  EXPECT_EQ(finding("score>=99"), "the score 96.17 is below 99");
  EXPECT_EQ(finding("score>=90,duplicates<=0.2"), "the share of duplicates 0.25 is above 0.2");
  EXPECT_EQ(finding("score>=90,schema"), "the columns are not those of the reference");
  report.mutable_duplicates_removed()->set_fuzzy(1);
  EXPECT_EQ(finding("duplicates<=0.4,schema"), "the share of duplicates 0.5 is above 0.4");
  report.clear_duplicates_removed();
  report.mutable_duplicates_kept()->set_exact(3);
  EXPECT_EQ(finding("duplicates<=0.4,schema"), "the share of duplicates 0.75 is above 0.4");
}

}  // namespace
}  // namespace dq::dqctl
