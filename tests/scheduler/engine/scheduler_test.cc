// The scheduler with its threads and the machine's clock, on the store in memory.
#include "scheduler/engine/scheduler.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>
#include <vector>

#include "common/base/error.h"
#include "scheduler/core/state_table.h"
#include "tests/scheduler/engine/recording_sinks.h"
#include "tests/support/fake_store.h"
#include "tests/support/wait_until.h"

namespace dq {
namespace {

SchedulerOptions QuickOptions(const std::string& instance) {
  SchedulerOptions options;
  options.instance = instance;
  options.address = instance + ":1";
  options.leadership_ttl = absl::Seconds(2);
  options.leadership_renew_interval = absl::Milliseconds(20);
  options.broken_stream_ttl = absl::Milliseconds(50);
  return options;
}

SchedulerOptions PatientOptions(const std::string& instance) {
  SchedulerOptions options = QuickOptions(instance);
  options.leadership_ttl = absl::Hours(2);
  options.leadership_renew_interval = absl::Hours(1);
  return options;
}

JobRecord NoopJob(const std::string& id) {
  JobRecord job;
  job.name = {"default", id};
  job.request_id = "request-" + id;
  job.created_by = "tester";
  job.rules.stages = {"noop"};
  job.rules.backoff = absl::Milliseconds(1);
  job.payload.grant = "grant of " + id;
  return job;
}

WorkerHello Hello(const std::string& instance, int slots) {
  WorkerHello hello;
  hello.instance = instance;
  hello.stages = {"noop"};
  hello.slots = slots;
  return hello;
}

class SchedulerTest : public ::testing::Test {
 protected:
  void Serve(Scheduler& scheduler) {
    scheduler.Start();
    ASSERT_TRUE(WaitUntil([&] { return scheduler.IsServing(); }));
  }
  absl::StatusOr<SubmitResult> Submit(Scheduler& scheduler, JobRecord job) {
    std::promise<absl::StatusOr<SubmitResult>> answer;
    scheduler.Submit(std::move(job), [&](absl::StatusOr<SubmitResult> result) {
      answer.set_value(std::move(result));
    });
    return answer.get_future().get();
  }
  absl::StatusOr<JobView> Cancel(Scheduler& scheduler, const std::string& id) {
    std::promise<absl::StatusOr<JobView>> answer;
    scheduler.Cancel({"default", id}, "enough", "tester",
                     [&](absl::StatusOr<JobView> view) { answer.set_value(std::move(view)); });
    return answer.get_future().get();
  }
  // Starts a standby of `leader` that would not ask for hours; returns once it was told who leads.
  void StandBy(Scheduler& standby, const std::string& leader) {
    standby.Start();
    ASSERT_TRUE(WaitUntil([&] {
      return MetadataOf(Submit(standby, NoopJob("refused")).status())["leader"] == leader;
    }));
  }
  JobState StateOf(const std::string& id) {
    const absl::StatusOr<JobRecord> job = store_.GetJob({"default", id});
    return job.ok() ? job->status.state : JobState{0};
  }

  FakeStore store_{SystemClock()};
  RecordingMetrics metrics_;
};

TEST_F(SchedulerTest, AJobIsGrantedCompletedAndClosedOnceDurable) {
  Scheduler scheduler(QuickOptions("s1"), store_, SystemClock(), metrics_);
  Serve(scheduler);
  const absl::StatusOr<SubmitResult> submitted = Submit(scheduler, NoopJob("a"));
  ASSERT_TRUE(submitted.ok()) << submitted.status();
  EXPECT_EQ(StateOf("a"), JobState::kQueued);

  auto sink = std::make_shared<RecordingWorkerSink>();
  const SessionId session = scheduler.OpenSession(Hello("w1", 1), sink);
  ASSERT_TRUE(WaitUntil([&] { return sink->grants().size() == 1; }));
  const WorkerGrant grant = sink->grants()[0];
  EXPECT_EQ(grant.grant_payload, "grant of a");
  EXPECT_EQ(StateOf("a"), JobState::kProcessing);

  scheduler.HandleReport(session, {1, {{grant.lease, Outcome(CompletedOutcome{})}}, 1, false},
                         [] {});
  ASSERT_TRUE(WaitUntil([&] { return sink->closings().size() == 1; }));
  EXPECT_EQ(StateOf("a"), JobState::kCompleted);
}

TEST_F(SchedulerTest, EveryReportIsTakenAlsoOfAnUnknownSessionAndAfterStop) {
  Scheduler scheduler(QuickOptions("s1"), store_, SystemClock(), metrics_);
  Serve(scheduler);
  std::promise<void> taken;
  scheduler.HandleReport(7, {}, [&] { taken.set_value(); });
  taken.get_future().get();
  scheduler.Stop();
  bool taken_at_once = false;
  scheduler.HandleReport(7, {}, [&] { taken_at_once = true; });
  EXPECT_TRUE(taken_at_once);
}

TEST_F(SchedulerTest, AKilledWorkersJobIsGrantedToAnotherAsTheSecondAttempt) {
  Scheduler scheduler(QuickOptions("s1"), store_, SystemClock(), metrics_);
  Serve(scheduler);
  auto first = std::make_shared<RecordingWorkerSink>();
  const SessionId session = scheduler.OpenSession(Hello("w1", 1), first);
  ASSERT_TRUE(Submit(scheduler, NoopJob("a")).ok());
  ASSERT_TRUE(WaitUntil([&] { return first->grants().size() == 1; }));
  scheduler.CloseSession(session);
  auto second = std::make_shared<RecordingWorkerSink>();
  scheduler.OpenSession(Hello("w2", 1), second);
  ASSERT_TRUE(WaitUntil([&] { return second->grants().size() == 1; }));
  EXPECT_EQ(second->grants()[0].lease.attempt, 2);
}

TEST_F(SchedulerTest, TheRecordedEndOfAJobThatRanIsToldOnceAndOfJobsThatWaitNothing) {
  SchedulerOptions options = QuickOptions("s1");
  options.waiting_records_max = 1;  // Nearly all are let go.
  Mutex mutex;
  std::vector<EndedJob> ends;
  Scheduler scheduler(options, store_, SystemClock(), metrics_,
                      {.ended =
                           [&](const EndedJob& job) {
                             MutexLock lock(mutex);
                             ends.push_back(job);
                           },
                       .reopening = {}});
  Serve(scheduler);
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(Submit(scheduler, NoopJob("j" + std::to_string(i))).ok());
  }
  JobRecord had = NoopJob("had");
  had.has_earlier_result = true;
  had.result.emplace().manifest_uri = "file:///of-another";
  ASSERT_TRUE(Submit(scheduler, std::move(had)).ok());
  EXPECT_EQ(StateOf("had"), JobState::kCompleted);
  auto sink = std::make_shared<RecordingWorkerSink>();
  const SessionId session = scheduler.OpenSession(Hello("w1", 1), sink);
  ASSERT_TRUE(WaitUntil([&] { return sink->grants().size() == 1; }));
  const LeaseId lease = sink->grants()[0].lease;
  ASSERT_TRUE(Cancel(scheduler, lease.job.id).ok());
  scheduler.HandleReport(session, {1, {{lease, Outcome(StoppedOutcome{})}}, 0, false}, [] {});
  ASSERT_TRUE(WaitUntil([&] { return StateOf(lease.job.id) == JobState::kCancelled; }));
  scheduler.Stop();
  ASSERT_EQ(ends.size(), 1U);
  EXPECT_EQ(ends[0].name, lease.job);
  EXPECT_EQ(ends[0].state, JobState::kCancelled);
  EXPECT_EQ(ends[0].attempt, 1);
}

TEST_F(SchedulerTest, AStandbyTakesOverAtOnceWhenTheLeaderStops) {
  Scheduler leader(QuickOptions("s1"), store_, SystemClock(), metrics_);
  Serve(leader);
  ASSERT_TRUE(Submit(leader, NoopJob("a")).ok());
  Scheduler standby(QuickOptions("s2"), store_, SystemClock(), metrics_);
  standby.Start();
  const absl::StatusOr<SubmitResult> refused = Submit(standby, NoopJob("b"));
  EXPECT_EQ(ReasonOf(refused.status()), "NOT_LEADER");
  leader.Stop();
  ASSERT_TRUE(WaitUntil([&] { return standby.IsServing(); }));
  auto sink = std::make_shared<RecordingWorkerSink>();
  standby.OpenSession(Hello("w1", 1), sink);
  EXPECT_TRUE(WaitUntil([&] { return sink->grants().size() == 1; }));
}

TEST_F(SchedulerTest, AStandbyHearsOfAHandOverThoughItWouldNotAskForHours) {
  Scheduler leader(PatientOptions("s1"), store_, SystemClock(), metrics_);
  Serve(leader);
  Scheduler standby(PatientOptions("s2"), store_, SystemClock(), metrics_);
  StandBy(standby, "s1");
  leader.Stop();
  EXPECT_TRUE(WaitUntil([&] { return standby.IsServing(); }));
}

TEST_F(SchedulerTest, AStandbyThatWouldNotAskForHoursStopsAtOnce) {
  Scheduler leader(PatientOptions("s1"), store_, SystemClock(), metrics_);
  Serve(leader);
  Scheduler standby(PatientOptions("s2"), store_, SystemClock(), metrics_);
  StandBy(standby, "s1");
  standby.Stop();
  EXPECT_TRUE(leader.IsServing());
}

TEST_F(SchedulerTest, AnOutageRefusesSubmitsAndLosesNothing) {
  Scheduler scheduler(QuickOptions("s1"), store_, SystemClock(), metrics_);
  Serve(scheduler);
  auto sink = std::make_shared<RecordingWorkerSink>();
  const SessionId session = scheduler.OpenSession(Hello("w1", 1), sink);
  ASSERT_TRUE(Submit(scheduler, NoopJob("a")).ok());
  ASSERT_TRUE(WaitUntil([&] { return sink->grants().size() == 1; }));
  const LeaseId lease = sink->grants()[0].lease;

  store_.SetAvailable(false);
  // One may have been accepted before the outage was noticed; it is answered after it.
  const auto refused = std::make_shared<std::atomic<int>>(0);
  ASSERT_TRUE(WaitUntil([&] {
    scheduler.Submit(NoopJob("late"), [refused](const absl::StatusOr<SubmitResult>& result) {
      if (ReasonOf(result.status()) == "DATABASE_UNAVAILABLE") ++*refused;
    });
    return *refused > 0;
  }));
  scheduler.HandleReport(session, {1, {{lease, Outcome(CompletedOutcome{})}}, 1, false}, [] {});
  ASSERT_TRUE(WaitUntil([&] {
    const std::vector<WorkerTurn> turns = sink->turns();
    return turns.back().answers == 1 && turns.back().degraded;
  }));
  EXPECT_TRUE(sink->closings().empty());

  store_.SetAvailable(true);
  EXPECT_TRUE(WaitUntil([&] { return sink->closings().size() == 1; }));
  EXPECT_EQ(StateOf("a"), JobState::kCompleted);
}

TEST_F(SchedulerTest, AFencedLeaderReloadsAndServesAgain) {
  Scheduler scheduler(QuickOptions("s1"), store_, SystemClock(), metrics_);
  Serve(scheduler);
  ASSERT_TRUE(Submit(scheduler, NoopJob("a")).ok());
  auto sink = std::make_shared<RecordingWorkerSink>();
  store_.FailNextCommits({CommitFault::kFenced});
  scheduler.OpenSession(Hello("w1", 1), sink);
  ASSERT_TRUE(WaitUntil([&] { return sink->closed().has_value(); }));
  EXPECT_TRUE(sink->grants().empty());
  auto again = std::make_shared<RecordingWorkerSink>();
  ASSERT_TRUE(WaitUntil([&] { return scheduler.IsServing(); }));
  scheduler.OpenSession(Hello("w1", 1), again);
  ASSERT_TRUE(WaitUntil([&] { return again->grants().size() == 1; }));
  EXPECT_EQ(again->grants()[0].lease.attempt, 1);
}

TEST_F(SchedulerTest, AWatcherSeesEveryStateAndResumesWithoutAGap) {
  Scheduler scheduler(QuickOptions("s1"), store_, SystemClock(), metrics_);
  Serve(scheduler);
  auto watcher = std::make_shared<RecordingWatchSink>();
  const absl::StatusOr<WatchId> watch = scheduler.OpenWatch("default", 0, watcher);
  ASSERT_TRUE(watch.ok());
  ASSERT_TRUE(Submit(scheduler, NoopJob("a")).ok());
  ASSERT_TRUE(WaitUntil([&] { return watcher->changes().size() == 1; }));
  scheduler.CloseWatch(*watch);
  const int64_t token = watcher->changes()[0].sequence;
  ASSERT_TRUE(Cancel(scheduler, "a").ok());
  auto resumed = std::make_shared<RecordingWatchSink>();
  ASSERT_TRUE(scheduler.OpenWatch("default", token, resumed).ok());
  ASSERT_TRUE(WaitUntil([&] { return resumed->changes().size() == 1; }));
  EXPECT_EQ(resumed->changes()[0].view->record.status.state, JobState::kCancelled);
  EXPECT_EQ(ReasonOf(scheduler.OpenWatch("default", 7, resumed).status()), "WATCH_TOKEN_EXPIRED");
}

TEST_F(SchedulerTest, StopTellsWorkersToReconnectAndRecordsWhatWasDecided) {
  Scheduler scheduler(QuickOptions("s1"), store_, SystemClock(), metrics_);
  Serve(scheduler);
  auto sink = std::make_shared<RecordingWorkerSink>();
  scheduler.OpenSession(Hello("w1", 4), sink);
  std::promise<absl::StatusOr<SubmitResult>> answer;
  scheduler.Submit(NoopJob("a"), [&](absl::StatusOr<SubmitResult> result) {
    answer.set_value(std::move(result));
  });
  scheduler.Stop();
  EXPECT_TRUE(answer.get_future().get().ok());
  EXPECT_TRUE(sink->turns().back().reconnect);
  ASSERT_TRUE(sink->closed().has_value());
  EXPECT_TRUE(sink->closed()->ok());
  EXPECT_EQ(ReasonOf(Submit(scheduler, NoopJob("b")).status()), "DRAINING");
}

TEST_F(SchedulerTest, ManyCallersAndWorkersDrainEverythingExactlyOnce) {
  constexpr int kJobs = 400;
  constexpr int kSlots = 8;
  Scheduler scheduler(QuickOptions("s1"), store_, SystemClock(), metrics_);
  Serve(scheduler);
  std::vector<std::thread> threads;
  for (int caller = 0; caller < 2; ++caller) {
    threads.emplace_back([&, caller] {
      for (int i = 0; i < kJobs / 2; ++i) {
        scheduler.Submit(NoopJob("j" + std::to_string(caller) + "-" + std::to_string(i)),
                         [](absl::StatusOr<SubmitResult>) {});
      }
    });
  }
  for (int worker = 0; worker < 2; ++worker) {
    threads.emplace_back([&, worker] {
      auto sink = std::make_shared<RecordingWorkerSink>();
      const SessionId session =
          scheduler.OpenSession(Hello("w" + std::to_string(worker), kSlots), sink);
      int64_t sequence = 0;
      const bool drained = WaitUntil([&] {
        WorkerReport report;
        report.sequence = ++sequence;
        report.free_slots = kSlots;
        for (const WorkerTurn& turn : sink->Take()) {
          for (const WorkerGrant& grant : turn.grants) {
            report.leases.push_back({grant.lease, Outcome(CompletedOutcome{})});
          }
        }
        scheduler.HandleReport(session, std::move(report), [] {});
        return metrics_.InState(JobState::kCompleted) == kJobs;
      });
      EXPECT_TRUE(drained);
    });
  }
  for (std::thread& thread : threads) thread.join();
  scheduler.Stop();
  for (const auto& [key, job] : store_.Jobs()) {
    EXPECT_EQ(job.status.state, JobState::kCompleted);
    EXPECT_EQ(job.status.attempt, 1);
  }
}

}  // namespace
}  // namespace dq
