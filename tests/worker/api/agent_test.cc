#include "worker/api/agent.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/sha256.h"
#include "tests/support/wait_until.h"
#include "tests/worker/api/agent_harness.h"
#include "tests/worker/api/scripted_scheduler.h"

namespace dq {
namespace {

namespace fs = std::filesystem;

TEST_F(AgentTest, TheHelloIntroducesTheWorker) {
  StartAgent({scheduler_.address()});
  const v1::Hello hello = scheduler_.NextSession()->hello();
  EXPECT_EQ(hello.instance(), "w-test");
  EXPECT_EQ(hello.protocol(), 2);
  EXPECT_THAT(hello.stages(), testing::ElementsAre("complete", "dedupe", "noop"));
  EXPECT_EQ(hello.labels().at("zone"), "a");
  EXPECT_EQ(hello.slots(), 2);
  EXPECT_GT(hello.memory_bytes(), 0);
  EXPECT_EQ(hello.version(), "1.2.3");
  EXPECT_EQ(hello.held_size(), 0);
  EXPECT_FALSE(agent_->connected());
}

TEST_F(AgentTest, AGrantIsRunAndItsOutputsArePublished) {
  const auto session = StartWelcomed();
  const v1::Grant grant = ChainGrant("ok");
  session->Grant(grant);
  const v1::Outcome outcome = session->WaitForOutcome(grant.lease());
  ASSERT_TRUE(outcome.has_completion()) << outcome.DebugString();
  const v1::Completion& done = outcome.completion();
  const std::string directory = grant.lease().job() + "/a2-01234567/";
  EXPECT_EQ(done.manifest_uri(), "file:///" + directory + "manifest.json");
  EXPECT_EQ(done.manifest_sha256(), Sha256Of(Read(directory + "manifest.json")));
  EXPECT_EQ(Read(directory + "ok.cleaned.csv"), "a,b\n1,2\n");
  EXPECT_EQ(done.report_json(), "{\"rows_in\":3}");
  EXPECT_EQ(done.quality_score(), 97.5);
  EXPECT_EQ(done.verdict(), v1::VERDICT_PASSED);
  EXPECT_EQ(done.totals(0).rows(), 3);
  ASSERT_EQ(done.files_size(), 5) << "no rejects file without rejected rows";
  EXPECT_EQ(done.files(0).kind(), v1::OUTPUT_KIND_CLEANED);
  EXPECT_EQ(done.files(0).display_name(), "ok.cleaned.csv");
  EXPECT_EQ(done.files(0).sha256(), Sha256Of("a,b\n1,2\n"));
  EXPECT_FALSE(fs::exists(root_ / (directory + "rejects.csv")));
  EXPECT_EQ(metrics_.count(AttemptEnd::kCompleted), 1);
  EXPECT_EQ(metrics_.stage_rows, 3);
}

TEST_F(AgentTest, AFileOfAnyNameIsRunAndItsOutcomeCanBeRead) {
  const auto session = StartWelcomed();
  std::string longest = "a";
  for (int i = 0; i < 80; ++i) longest += "表";
  for (const std::string& stem : {longest, std::string(251, 'x'), std::string("my \"(1)\" é")}) {
    const v1::Grant grant = ChainGrant(stem);
    session->Grant(grant);
    const v1::Outcome outcome = session->WaitForOutcome(grant.lease());
    ASSERT_TRUE(outcome.has_completion()) << outcome.DebugString();
    const std::string& name = outcome.completion().files(0).display_name();
    EXPECT_TRUE(name.ends_with(".cleaned.csv")) << name;
    EXPECT_EQ(Read(grant.lease().job() + "/a2-01234567/" + name), "a,b\n1,2\n");
  }
}

TEST_F(AgentTest, RejectedRowsBringARejectsFile) {
  const auto session = StartWelcomed();
  const v1::Grant grant = ChainGrant("rejects");
  session->Grant(grant);
  const v1::Outcome outcome = session->WaitForOutcome(grant.lease());
  ASSERT_EQ(outcome.completion().files_size(), 6);
  EXPECT_EQ(outcome.completion().files(5).kind(), v1::OUTPUT_KIND_REJECTS);
}

TEST_F(AgentTest, AnOutcomeIsRepeatedUntilItIsClosed) {
  const auto session = StartWelcomed();
  const v1::Grant grant = NoopGrant(0);
  session->Grant(grant);
  session->WaitForOutcome(grant.lease());
  const int64_t seen = session->reports();
  session->WaitForReport([&](const v1::WorkReport& report) {
    EXPECT_EQ(report.leases_size(), 1);
    return report.sequence() > seen + 3;
  });
  session->Close(grant.lease());
  session->WaitForReport([](const v1::WorkReport& report) { return report.leases().empty(); });
}

TEST_F(AgentTest, AfterALostStreamTheWorkerComesBackWithWhatItHolds) {
  const auto first = StartWelcomed();
  const v1::Grant runs = ChainGrant("hang");
  const v1::Grant ended = NoopGrant(0);
  first->Grant(runs);
  first->Grant(ended);
  WaitUntilRunning(*first, runs.lease());
  first->WaitForOutcome(ended.lease());
  first->Break();
  const auto second = scheduler_.NextSession();
  const v1::Hello hello = second->hello();
  ASSERT_EQ(hello.held_size(), 2);
  second->Welcome({hello.held(0), hello.held(1)});
  WaitUntilRunning(*second, runs.lease());
  EXPECT_TRUE(second->WaitForOutcome(ended.lease()).has_completion());
  EXPECT_EQ(metrics_.children, 0) << "the job was not disturbed";
  EXPECT_EQ(metrics_.lost, 1);
}

TEST_F(AgentTest, WhatIsNotKeptAfterAReconnectIsStoppedAndForgotten) {
  const auto first = StartWelcomed();
  const v1::Grant grant = ChainGrant("hang");
  first->Grant(grant);
  WaitUntilRunning(*first, grant.lease());
  first->Break();
  const auto second = scheduler_.NextSession();
  second->Welcome();
  const v1::WorkReport report =
      second->WaitForReport([](const v1::WorkReport& now) { return now.free_slots() == 2; });
  EXPECT_EQ(report.leases_size(), 0);
  EXPECT_EQ(metrics_.count(AttemptEnd::kStopped), 1);
}

TEST_F(AgentTest, ACancelledJobIsKilledWithinASecondAndConfirmed) {
  const auto session = StartWelcomed();
  const v1::Grant grant = ChainGrant("hang");
  session->Grant(grant);
  WaitUntilRunning(*session, grant.lease());
  const absl::Time begin = SystemClock().Boot();
  session->Revoke(grant.lease(), v1::REVOKE_REASON_CANCEL);
  EXPECT_TRUE(session->WaitForOutcome(grant.lease()).has_stopped());
  EXPECT_LT(SystemClock().Boot() - begin, absl::Seconds(1));
  EXPECT_FALSE(fs::exists(root_ / grant.lease().job() / "a2-01234567"));
}

TEST_F(AgentTest, ALostLeaseIsStoppedAndNeverReportedAgain) {
  const auto session = StartWelcomed();
  const v1::Grant grant = ChainGrant("hang");
  session->Grant(grant);
  WaitUntilRunning(*session, grant.lease());
  session->Revoke(grant.lease(), v1::REVOKE_REASON_LOST);
  session->WaitForReport([](const v1::WorkReport& report) { return report.free_slots() == 2; });
  EXPECT_TRUE(fs::is_empty(root_ / grant.lease().job())) << "nothing half written is left";
}

TEST_F(AgentTest, ACancelledNoopStopsAtOnce) {
  const auto session = StartWelcomed();
  const v1::Grant grant = NoopGrant(3'600'000);
  session->Grant(grant);
  session->WaitForReport([](const v1::WorkReport& report) { return report.free_slots() == 1; });
  session->Revoke(grant.lease(), v1::REVOKE_REASON_CANCEL);
  EXPECT_TRUE(session->WaitForOutcome(grant.lease()).has_stopped());
}

TEST_F(AgentTest, ADeadChildIsATypedFailureThatMayBeRetried) {
  const auto session = StartWelcomed();
  const v1::Grant killed = ChainGrant("killed");
  session->Grant(killed);
  ExpectFailure(session->WaitForOutcome(killed.lease()), "CRASHED", true);
  EXPECT_TRUE(fs::is_empty(root_ / killed.lease().job()));
}

TEST_F(AgentTest, AnErrorOfTheFileIsNotRetried) {
  const auto session = StartWelcomed();
  const v1::Grant grant = ChainGrant("error");
  session->Grant(grant);
  const v1::Outcome outcome = session->WaitForOutcome(grant.lease());
  ExpectFailure(outcome, "PARSE_FAILED", false);
  EXPECT_EQ(outcome.failure().error().metadata().at("row"), "3");
}

TEST_F(AgentTest, AMissingOrChangedInputIsTyped) {
  const auto session = StartWelcomed();
  v1::Grant missing = ChainGrant("ok");
  missing.mutable_input()->set_uri("file:///in/nowhere.csv");
  session->Grant(missing);
  ExpectFailure(session->WaitForOutcome(missing.lease()), "FILE_MISSING", false);
  v1::Grant changed = ChainGrant("ok");
  changed.mutable_input()->set_size_bytes(1);
  session->Grant(changed);
  ExpectFailure(session->WaitForOutcome(changed.lease()), "INPUT_CHANGED", false);
  v1::Grant escaping = ChainGrant("ok");
  escaping.mutable_input()->set_uri("file:///../../etc/passwd");
  session->Grant(escaping);
  ExpectFailure(session->WaitForOutcome(escaping.lease()), "BAD_FIELD", false);
}

TEST_F(AgentTest, AnAttemptSweepsWhatEarlierOnesLeftButNotALaterOne) {
  const auto session = StartWelcomed();
  const v1::Grant grant = ChainGrant("ok");  // Attempt 2.
  const fs::path outputs = root_ / grant.lease().job();
  fs::create_directories(outputs / ".tmp-a1-01234567-89abcdef");
  fs::create_directories(outputs / ".tmp-a10-01234567-89abcdef");
  session->Grant(grant);
  ASSERT_TRUE(session->WaitForOutcome(grant.lease()).has_completion());
  EXPECT_FALSE(fs::exists(outputs / ".tmp-a1-01234567-89abcdef"));
  EXPECT_TRUE(fs::exists(outputs / ".tmp-a10-01234567-89abcdef"));
}

TEST_F(AgentTest, TheExecutionTimeoutHoldsWithoutTheScheduler) {
  const auto session = StartWelcomed();
  v1::Grant grant = ChainGrant("hang");
  grant.mutable_execution_timeout()->set_nanos(50'000'000);
  session->Grant(grant);
  ExpectFailure(session->WaitForOutcome(grant.lease()), "TIMEOUT", true);
}

TEST_F(AgentTest, NoopMixedWithOtherStagesIsRefused) {
  const auto session = StartWelcomed();
  v1::Grant grant = ChainGrant("ok");
  grant.add_stages()->mutable_noop();
  session->Grant(grant);
  ExpectFailure(session->WaitForOutcome(grant.lease()), "BAD_FIELD", false);
}

TEST_F(AgentTest, ManyNoopsNeedNoChildAndGoInFewReports) {
  StartAgent({scheduler_.address()}, 1000);
  const auto session = scheduler_.NextSession();
  session->Welcome();
  v1::Turn turn;
  for (int i = 0; i < 1000; ++i) *turn.add_grants() = NoopGrant(0);
  session->Send(turn);
  const v1::WorkReport report =
      session->WaitForReport([](const v1::WorkReport& now) { return now.leases_size() == 1000; });
  EXPECT_EQ(report.free_slots(), 1000);
  for (const v1::LeaseReport& lease : report.leases()) {
    ASSERT_EQ(lease.outcome().completion().verdict(), v1::VERDICT_NOT_EVALUATED);
  }
  EXPECT_EQ(metrics_.children, 0);
}

TEST_F(AgentTest, AGrantBeyondTheSlotsIsHandedBack) {
  const auto session = StartWelcomed();
  v1::Turn turn;
  for (int i = 0; i < 2; ++i) *turn.add_grants() = NoopGrant(3'600'000);
  const v1::Grant third = NoopGrant(3'600'000);
  *turn.add_grants() = third;
  session->Send(turn);
  EXPECT_TRUE(session->WaitForOutcome(third.lease()).has_released());
}

TEST_F(AgentTest, ADrainingWorkerFinishesWhatRunsAndTakesNoMore) {
  const auto session = StartWelcomed();
  const v1::Grant running = NoopGrant(100);
  session->Grant(running);
  session->WaitForReport([](const v1::WorkReport& report) { return report.leases_size() == 1; });
  agent_->Drain(absl::Seconds(60));
  session->WaitForReport(
      [](const v1::WorkReport& report) { return report.draining() && report.free_slots() == 0; });
  const v1::Grant late = NoopGrant(0);
  session->Grant(late);
  EXPECT_TRUE(session->WaitForOutcome(late.lease()).has_released());
  EXPECT_TRUE(session->WaitForOutcome(running.lease()).has_completion());
  session->Close(late.lease());
  session->Close(running.lease());
  EXPECT_TRUE(WaitUntil([&] { return ended_.load(); }));
}

TEST_F(AgentTest, ADrainThatRunsOutHandsTheJobBack) {
  linger_ = absl::Seconds(60);
  const auto session = StartWelcomed();
  const v1::Grant grant = ChainGrant("hang");
  session->Grant(grant);
  WaitUntilRunning(*session, grant.lease());
  agent_->Drain(absl::Milliseconds(20));
  EXPECT_TRUE(session->WaitForOutcome(grant.lease()).has_released());
  session->Close(grant.lease());
  EXPECT_TRUE(WaitUntil([&] { return ended_.load(); }));
}

TEST_F(AgentTest, TheSchedulerCanDrainTheWorker) {
  const auto session = StartWelcomed();
  v1::Turn turn;
  turn.set_drain(true);
  session->Send(turn);
  EXPECT_TRUE(WaitUntil([&] { return ended_.load(); }));
}

TEST_F(AgentTest, AskedToMoveTheWorkerOpensAStreamElsewhere) {
  ScriptedScheduler other;
  StartAgent({scheduler_.address(), other.address()});
  const auto first = scheduler_.NextSession();
  first->Welcome();
  const v1::Grant grant = ChainGrant("hang");
  first->Grant(grant);
  WaitUntilRunning(*first, grant.lease());
  v1::Turn turn;
  turn.set_reconnect(true);
  first->Send(turn);
  const auto second = other.NextSession();
  EXPECT_EQ(second->hello().held_size(), 1);
  second->Welcome({grant.lease()});
  WaitUntilRunning(*second, grant.lease());
  StopAgent();
}

TEST_F(AgentTest, WhileNothingIsRecordedTheWorkerTakesTwoJobsASlotAndNoMore) {
  const auto session = StartWelcomed();
  for (int i = 0; i < 4; ++i) {
    session->Grant(NoopGrant(0));
    session->WaitForReport([&](const v1::WorkReport& now) { return now.leases_size() == i + 1; });
  }
  session->WaitForReport([](const v1::WorkReport& now) { return now.free_slots() == 0; });
}

TEST_F(AgentTest, TheOnlySchedulerThatGoesAwayIsNotOverrun) {
  const auto session = StartWelcomed();
  session->WaitForReport([](const v1::WorkReport& now) { return now.sequence() > 1; });
  v1::Turn turn;
  turn.set_reconnect(true);
  session->Send(turn);
  const absl::Time begin = SystemClock().Boot();
  for (int i = 0; i < 3; ++i) {
    const auto again = scheduler_.NextSession();
    again->WelcomeAndSendAway();
  }
  EXPECT_GT(SystemClock().Boot() - begin, absl::Milliseconds(50)) << "half of the first wait";
}

TEST_F(AgentTest, ADeadAddressIsPassedOver) {
  std::string dead;
  {
    ScriptedScheduler gone;
    dead = gone.address();
  }
  StartAgent({dead, scheduler_.address()});
  scheduler_.NextSession()->Welcome();
  EXPECT_TRUE(WaitUntil([&] { return agent_->connected(); }));
}

}  // namespace
}  // namespace dq
