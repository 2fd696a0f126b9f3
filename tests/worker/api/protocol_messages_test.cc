#include "worker/api/protocol_messages.h"

#include <gtest/gtest.h>

#include "worker/api/outcome_messages.h"

namespace dq {
namespace {

TEST(MakeReport, EveryStatusIsSaidAsItIs) {
  const LeaseKey lease{"projects/p/jobs/j", 1, "t"};
  ChainProgress progress;
  progress.percent = 40;
  const std::string running = SerialiseProgress(progress, absl::FromUnixSeconds(99));
  const std::string ended = CompletedNoopOutcome();
  const std::string none;
  const std::string saved = SerialiseCheckpoint(
      lease, "a1-t", {.sequence = 7, .percent = 30, .stage = "dedupe", .fingerprint = "f"});
  const std::vector<LeaseView> views = {{&lease, LeaseStatus::kRunning, &running, &saved},
                                        {&lease, LeaseStatus::kRunning, &none, &none},
                                        {&lease, LeaseStatus::kEnded, &ended, &none},
                                        {&lease, LeaseStatus::kStopped, &none, &saved},
                                        {&lease, LeaseStatus::kReleased, &none, &none}};
  const v1::WorkReport report = MakeReport(views);
  ASSERT_EQ(report.leases_size(), 5);
  EXPECT_EQ(report.leases(0).lease().job(), "projects/p/jobs/j");
  EXPECT_EQ(report.leases(0).progress().percent(), 40);
  EXPECT_EQ(report.leases(0).progress().estimated_end_time().seconds(), 99);
  EXPECT_TRUE(report.leases(1).has_progress());
  EXPECT_TRUE(report.leases(2).outcome().has_completion());
  EXPECT_TRUE(report.leases(3).outcome().has_stopped());
  EXPECT_TRUE(report.leases(4).outcome().has_released());
  EXPECT_EQ(report.leases(0).checkpoint().sequence(), 7);
  EXPECT_EQ(report.leases(0).checkpoint().directory(), "a1-t");
  EXPECT_FALSE(report.leases(1).has_checkpoint());
  EXPECT_EQ(report.leases(3).checkpoint().fingerprint(), "f");
}

TEST(MakeReport, APayloadThatNobodyCanReadIsAFailureAndLeavesTheOthersAlone) {
  const LeaseKey lease{"projects/p/jobs/j", 1, "t"};
  const std::string garbage = "\x0a\xff\xff\xff\xff\x0f";
  const std::string ended = CompletedNoopOutcome();
  const std::vector<LeaseView> views = {{&lease, LeaseStatus::kEnded, &garbage, &garbage},
                                        {&lease, LeaseStatus::kRunning, &garbage, &garbage},
                                        {&lease, LeaseStatus::kEnded, &ended, &garbage}};
  v1::WorkReport report;
  ASSERT_TRUE(report.ParseFromString(MakeReport(views).SerializeAsString()));
  EXPECT_EQ(report.leases(0).outcome().failure().error().reason(), "CRASHED");
  EXPECT_FALSE(report.leases(0).has_checkpoint());
  EXPECT_TRUE(report.leases(1).has_progress());
  EXPECT_TRUE(report.leases(2).outcome().has_completion());
}

TEST(CompletedOutcome, FileNamesThatAreNoTextStayReadable) {
  const std::vector<PublishedOutput> outputs = {
      {OutputKind::kCleaned, "a\xe8.csv", {"file:///a\xe8.csv", 1, "00"}}};
  v1::Outcome outcome;
  ASSERT_TRUE(outcome.ParseFromString(CompletedOutcome({}, {"file:///\xe8", 1, "00"}, outputs)));
  EXPECT_EQ(outcome.completion().files(0).display_name(), "a?.csv");
}

TEST(MakeReport, OutcomesWithoutRoomAreReportedAsRunning) {
  const LeaseKey lease{"projects/p/jobs/j", 1, "t"};
  ChainResult result;
  result.report_json = std::string(60 << 10, 'x');
  const std::string outcome = CompletedOutcome(result, {}, {});
  const std::string none;
  const std::vector<LeaseView> views(1024, {&lease, LeaseStatus::kEnded, &outcome, &none});
  const v1::WorkReport report = MakeReport(views);
  ASSERT_EQ(report.leases_size(), 1024);
  EXPECT_LT(report.ByteSizeLong(), kReportMessageBytesMax);
  EXPECT_TRUE(report.leases(0).has_outcome());
  EXPECT_TRUE(report.leases(1023).has_progress());
}

}  // namespace
}  // namespace dq
