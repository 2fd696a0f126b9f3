#include "worker/api/chain_job.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <future>

#include "common/base/error.h"
#include "common/base/sha256.h"
#include "worker/api/job_files.h"

namespace dq {
namespace {

namespace fs = std::filesystem;

bool Never() { return false; }

class NoMetrics final : public AgentMetrics {
 public:
  void AttemptEnded(AttemptEnd) override {}
  void ChildRan(absl::Duration) override {}
  void StageRan(std::string_view, int64_t, int64_t, double) override {}
  void LeasesHeld(int32_t, int64_t) override {}
  void SelfFenced(int64_t) override {}
  void StreamOpened() override {}
  void StreamLost() override {}
};

// A store with one input, and an order to clean it.
class ChainJobTest : public testing::Test {
 protected:
  ChainJobTest() {
    std::string pattern = (fs::temp_directory_path() / "dq-chain-job-XXXXXX").string();
    root_ = mkdtemp(pattern.data());
    store_ = OpenFileObjectStore(root_.string()).value();
    std::ofstream(root_ / "in.csv") << "a,b\n1,2\n";
    order_.spec.stages = {DedupeOptions{}};
    order_.spec.display_name = "in.csv";
    order_.input = {"file:///in.csv", 8};
    order_.output_prefix = "file:///jobs/j";
    order_.output_directory = "a1-01234567";
    order_.attempt = 1;
  }
  ~ChainJobTest() override { fs::remove_all(root_); }

  JobSurroundings Surroundings(const Clock& clock) {
    return {*store_, clock, metrics_, events_, DQ_BINARY_DIR "/tests/scripted_child"};
  }
  // Waits for the end of a job.
  JobEnded EndOf() {
    for (;;) {
      for (AgentEvent& event : events_.Take(absl::InfiniteFuture(), SystemClock())) {
        if (auto* ended = std::get_if<JobEnded>(&event)) return std::move(*ended);
      }
    }
  }
  std::vector<std::string> Names(const fs::path& folder) const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder)) {
      names.push_back(entry.path().filename());
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  fs::path root_;
  NoMetrics metrics_;
  EventQueue events_;
  std::unique_ptr<ObjectStore> store_;
  ChainOrder order_;
  const LeaseKey lease_{"projects/p/jobs/j", 1, "0123456789"};
};

TEST_F(ChainJobTest, AnAttemptThatIsStoppedWhilePublishingPublishesNothing) {
  for (int checks = 0; checks < 5; ++checks) {
    absl::StatusOr<JobFiles> files = JobFiles::Open(*store_, order_, Never);
    ASSERT_TRUE(files.ok()) << files.status();
    int asked = 0;
    const auto stopped = [&] { return asked++ == checks; };
    const auto published = files->Publish({}, lease_, stopped);
    EXPECT_EQ(published.status().code(), absl::StatusCode::kCancelled) << checks;
  }
  EXPECT_TRUE(fs::is_empty(root_ / "jobs/j"));
}

TEST_F(ChainJobTest, AnAttemptThatIsStoppedWhileItTakesOverLeavesTheEarlierOneAsItWas) {
  const std::string text(size_t{3} << 20, 'x');
  {
    const auto earlier = store_->Publish(order_.output_prefix, order_.output_directory).value();
    for (const char* name : {kCheckpointNames[0], kCheckpointNames[1], kCheckpointNames[2],
                             "in.cleaned.csv", "clusters.csv", "rejects.csv"}) {
      const UniqueFd fd = earlier->CreateFile(name).value();
      ASSERT_EQ(::write(fd.get(), text.data(), text.size()), std::ssize(text));
    }
    earlier->Leave();
  }
  const std::vector<std::string> before = Names(root_ / "jobs/j");
  order_.resume = ResumeOrder{order_.output_directory, "", {1, ""}};
  order_.output_directory = "a2-01234567";
  order_.attempt = 2;
  for (int checks = 0; checks < 10; ++checks) {
    int asked = 0;
    const auto stopped = [&] { return asked++ >= checks; };
    EXPECT_EQ(JobFiles::Open(*store_, order_, stopped).status().code(),
              absl::StatusCode::kCancelled);
    EXPECT_EQ(Names(root_ / "jobs/j"), before);
  }
  const auto taken = JobFiles::Open(*store_, order_, Never);
  ASSERT_TRUE(taken.ok()) << taken.status();
  EXPECT_EQ(Sha256OfFd(taken->chain_files().cleaned_fd).value(), Sha256Of(text));
  EXPECT_NE(Names(root_ / "jobs/j"), before);
}

TEST_F(ChainJobTest, WhatWasPublishedBeforeTheStopWasNoticedIsTakenBack) {
  ChainJob job(lease_, order_, Surroundings(SystemClock()));
  ASSERT_EQ(EndOf().end, AttemptEnd::kCompleted);
  EXPECT_TRUE(fs::exists(root_ / "jobs/j/a1-01234567/manifest.json"));
  job.TakeBack();
  EXPECT_TRUE(fs::is_empty(root_ / "jobs/j"));
}

TEST_F(ChainJobTest, AnAttemptThatFailsWhileItsWorkerDrainsLeavesNothing) {
  order_.spec.display_name = "interrupted.csv";
  ChainJob job(lease_, order_, Surroundings(SystemClock()));
  (void)events_.Take(absl::InfiniteFuture(), SystemClock());  // The child runs.
  job.Stop(StopWay::kSaveThenLeave);
  const JobEnded ended = EndOf();
  v1::Outcome outcome;
  ASSERT_TRUE(outcome.ParseFromString(ended.outcome.value()));
  EXPECT_EQ(outcome.failure().error().reason(), "PARSE_FAILED");
  EXPECT_TRUE(fs::is_empty(root_ / "jobs/j"));
}

// The machine's clock, once the test lets it go on.
class HeldClock final : public Clock {
 public:
  absl::Time Now() const override { return SystemClock().Now(); }
  absl::Time Boot() const override {
    goes_on_.wait();
    return SystemClock().Boot();
  }
  void GoOn() { go_on_.set_value(); }

 private:
  std::promise<void> go_on_;
  std::shared_future<void> goes_on_ = go_on_.get_future().share();
};

TEST_F(ChainJobTest, AnAttemptThatIsDrainedBeforeItsChildRunsIsNoFailure) {
  HeldClock clock;  // Asked before the child is started.
  ChainJob job(lease_, order_, Surroundings(clock));
  job.Stop(StopWay::kSaveThenLeave);
  clock.GoOn();
  const JobEnded ended = EndOf();
  EXPECT_EQ(ended.end, AttemptEnd::kStopped);
  EXPECT_FALSE(ended.outcome.has_value());
}

TEST_F(ChainJobTest, AReportThatIsTooLongIsNotTriedAgain) {
  order_.spec.display_name = "long.csv";
  ChainJob job(lease_, order_, Surroundings(SystemClock()));
  v1::Outcome outcome;
  ASSERT_TRUE(outcome.ParseFromString(EndOf().outcome.value()));
  EXPECT_EQ(outcome.failure().error().reason(), "REPORT_TOO_LONG");
  EXPECT_FALSE(outcome.failure().retryable());
}

}  // namespace
}  // namespace dq
