// A scheduler that does not answer, and one that answers though it can record nothing.
#include <gtest/gtest.h>

#include "tests/support/wait_until.h"
#include "tests/worker/api/agent_harness.h"

namespace dq {
namespace {

TEST_F(AgentTest, AWorkerWithoutAnswersStopsWhatItRuns) {
  clock_ = &manual_clock_;
  const auto session = StartWelcomed();
  session->WaitForReport([](const v1::WorkReport& report) { return report.leases().empty(); });
  session->Grant(ChainGrant("hang"));
  session->WaitForReport([](const v1::WorkReport& report) { return report.leases_size() == 1; });
  session->FallSilent();
  manual_clock_.Advance(absl::Seconds(20));
  EXPECT_TRUE(WaitUntil([&] { return metrics_.fenced == 1; }));
  EXPECT_TRUE(WaitUntil([&] { return metrics_.count(AttemptEnd::kStopped) == 1; }));
  EXPECT_EQ(scheduler_.NextSession()->hello().held_size(), 0);
}

TEST_F(AgentTest, AWorkerWithoutAnswersGoesElsewhereThoughItRunsNothing) {
  clock_ = &manual_clock_;
  const auto session = StartWelcomed();
  session->WaitForReport([](const v1::WorkReport& report) { return report.leases().empty(); });
  session->FallSilent();
  manual_clock_.Advance(absl::Seconds(20));
  const auto next = scheduler_.NextSession();
  EXPECT_EQ(next->hello().held_size(), 0);
  next->Welcome();
  EXPECT_TRUE(WaitUntil([&] { return metrics_.opened == 2; }));
  EXPECT_EQ(metrics_.fenced, 0);
}

TEST_F(AgentTest, AWorkerWithoutAnswersTakesItsOutcomesElsewhere) {
  clock_ = &manual_clock_;
  const auto session = StartWelcomed();
  const v1::Grant grant = NoopGrant(0);
  session->Grant(grant);
  session->WaitForOutcome(grant.lease());
  session->FallSilent();
  manual_clock_.Advance(absl::Seconds(20));
  const auto next = scheduler_.NextSession();
  ASSERT_EQ(next->hello().held_size(), 1);
  next->Welcome({grant.lease()});
  EXPECT_TRUE(next->WaitForOutcome(grant.lease()).has_completion());
}

TEST_F(AgentTest, ADegradedAnswerIsAnAnswer) {
  clock_ = &manual_clock_;
  const auto session = StartWelcomed();
  session->Grant(ChainGrant("hang"));
  session->AnswerDegraded();
  // Twenty seconds are more than a lease's life. A report is read after the answer to the one
  // before it is written, and each grant after that: whatever the machine does, a worker that takes
  // a grant has taken all answers but the last two, so time never runs far ahead of them.
  for (int second = 0; second < 20; ++second) {
    manual_clock_.Advance(absl::Seconds(1));
    const v1::Grant news = NoopGrant(0);
    session->Grant(news);
    session->WaitForOutcome(news.lease());
    session->Close(news.lease());
  }
  session->WaitForReport([](const v1::WorkReport& report) { return report.free_slots() == 1; });
  EXPECT_EQ(metrics_.fenced, 0);
}

}  // namespace
}  // namespace dq
