// Values that the database refuses, over real processes: they cost their own job and nothing else.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/e2e/job_facts.h"
#include "tests/support/cluster.h"

namespace dq {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(RefusedRow, ASubmitIsToldWhyAndOthersAreTaken) {
  Cluster cluster;
  cluster.ExecuteSql("ALTER TABLE job_spec ADD CONSTRAINT open_queues CHECK (queue <> 'closed')");
  const ProgramResult refused =
      cluster.Ctl({"job", "submit", "--job-id", "bad", "--chain", "noop", "--queue", "closed"});
  EXPECT_NE(refused.exit_code, 0);
  EXPECT_THAT(refused.err, AllOf(HasSubstr("ROW_REFUSED"), HasSubstr("open_queues")));
  Submit(cluster, "good", {"--chain", "noop"});
  AwaitState(cluster, "good", "COMPLETED");
  EXPECT_THAT(ReadTextFile(cluster.Path("scheduler.log")), Not(HasSubstr("leading no more")));
}

TEST(RefusedRow, AResultEndsItsJobAndNothingBeginsAnew) {
  Cluster cluster;
  cluster.ExecuteSql(
      "ALTER TABLE job ADD CONSTRAINT never_completed CHECK (id <> 'bad' OR state <> 7)");
  Submit(cluster, "bad", {"--chain", "noop"});
  Submit(cluster, "good", {"--chain", "noop"});
  AwaitState(cluster, "bad", "FAILED");
  AwaitState(cluster, "good", "COMPLETED");
  const JobFact bad = GetJob(cluster, "bad");
  EXPECT_EQ(bad.error_reason, "RESULT_REFUSED");
  EXPECT_THAT(bad.error_message, HasSubstr("never_completed"));
  EXPECT_EQ(bad.attempt, 1);
  EXPECT_EQ(CountEvents(cluster, "bad", "give_up"), 1);
  EXPECT_THAT(ReadTextFile(cluster.Path("scheduler.log")), Not(HasSubstr("leading no more")));
}

}  // namespace
}  // namespace dq
