// Jobs that are interrupted after they have taken checkpoints: the scheduler has recorded them,
// they go on from there on any worker, and the result is the same.
#include <gtest/gtest.h>
#include <signal.h>

#include <string>

#include "tests/e2e/job_facts.h"
#include "tests/support/cluster.h"
#include "tests/support/wait_until.h"

namespace dq {
namespace {

constexpr int kRows = 300'000;
constexpr int kTriesMax = 5;

class Resume : public ::testing::Test {
 protected:
  Resume() {
    Submit(cluster_, "undisturbed", {input_});
    AwaitState(cluster_, "undisturbed", "COMPLETED");
  }

  // Submits jobs until one could be interrupted between a checkpoint and its end, and returns it.
  template <typename Interrupt>
  std::string InterruptOne(Interrupt interrupt) {
    for (int i = 0; i < kTriesMax; ++i) {
      const std::string job = "disturbed-" + std::to_string(i);
      Submit(cluster_, job, {input_});
      EXPECT_TRUE(WaitUntil([&] {
        return GetJob(cluster_, job).checkpoint_attempt == 1 || HasLogged("attempt ended", job);
      }));
      if (interrupt(job)) return job;
    }
    ADD_FAILURE() << "every job ended before it could be interrupted";
    return "";
  }

  void ExpectResumedWithTheSameResult(const std::string& job) {
    AwaitState(cluster_, job, "COMPLETED");
    const JobFact got = GetJob(cluster_, job);
    const JobFact want = GetJob(cluster_, "undisturbed");
    EXPECT_EQ(got.attempt, 2);
    for (const std::string kind : {"CLEANED", "CHANGES", "CLUSTERS"}) {
      EXPECT_FALSE(got.OutputSha256(kind).empty()) << kind;
      EXPECT_EQ(got.OutputSha256(kind), want.OutputSha256(kind)) << kind;
    }
    EXPECT_TRUE(HasLogged("attempt resumed from a checkpoint", job));
    EXPECT_TRUE(WasGrantedFromCheckpoint(job));
    EXPECT_EQ(got.checkpoint_attempt, 0) << "a completed job needs none";
  }

  // Whether the history says that the second grant carried a checkpoint.
  bool WasGrantedFromCheckpoint(const std::string& job) const {
    for (const EventFact& event : GetEvents(cluster_, job)) {
      if (event.event == "claim" && event.attempt == 2) return event.reason == "FROM_CHECKPOINT";
    }
    return false;
  }

  // Whether a worker has logged the event about the job.
  bool HasLogged(const std::string& event, const std::string& job) const {
    const std::string line =
        R"("event":")" + event + R"(","job":"projects/default/jobs/)" + job + '"';
    return cluster_.WorkerLogs().find(line) != std::string::npos;
  }

  Cluster cluster_{{.workers = 2,
                    .slots = 1,
                    .scheduler_flags = {},
                    .worker_flags = {"--checkpoint-interval-ms", "0", "--log-level", "debug"}}};
  const std::string input_ = cluster_.WriteFile("in.csv", SomeCustomers(kRows));
};

TEST_F(Resume, AKilledWorkersJobGoesOnFromItsCheckpointOnAnother) {
  const std::string job = InterruptOne([&](const std::string&) {
    for (size_t worker = 0; worker < 2; ++worker) {
      const std::vector<pid_t> children = cluster_.worker(worker).Children();
      if (children.empty() || ::kill(children[0], SIGSTOP) != 0) continue;
      cluster_.worker(worker).Kill9();
      return true;
    }
    return false;
  });
  ExpectResumedWithTheSameResult(job);
}

TEST_F(Resume, APausedJobGoesOnFromItsCheckpoint) {
  const std::string job = InterruptOne([&](const std::string& one) {
    if (cluster_.Ctl({"job", "pause", one}).exit_code != 0) return false;
    return WaitUntil([&] {
             const std::string state = GetJob(cluster_, one).state;
             return state == "PAUSED" || state == "COMPLETED";
           }) &&
           GetJob(cluster_, one).state == "PAUSED" && GetJob(cluster_, one).checkpoint_percent > 0;
  });
  EXPECT_EQ(cluster_.Ctl({"job", "resume", job}).exit_code, 0);
  ExpectResumedWithTheSameResult(job);
}

TEST_F(Resume, ADrainedWorkerHandsItsJobOnWithItsCheckpoint) {
  const std::string job = InterruptOne([&](const std::string&) {
    for (size_t worker = 0; worker < 2; ++worker) {
      if (cluster_.worker(worker).Children().empty()) continue;
      cluster_.worker(worker).Signal(SIGTERM);
      EXPECT_EQ(cluster_.worker(worker).Wait(), (ProcessEnd{.exit_code = 0, .signal = 0}));
      return true;
    }
    return false;
  });
  ExpectResumedWithTheSameResult(job);
}

}  // namespace
}  // namespace dq
