#include "worker/api/chain_job.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "common/base/error.h"
#include "worker/api/job_files.h"

namespace dq {
namespace {

namespace fs = std::filesystem;

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

  fs::path root_;
  std::unique_ptr<ObjectStore> store_;
  ChainOrder order_;
  const LeaseKey lease_{"projects/p/jobs/j", 1, "0123456789"};
};

TEST_F(ChainJobTest, AnAttemptThatIsStoppedWhilePublishingPublishesNothing) {
  for (int checks = 0; checks < 5; ++checks) {
    absl::StatusOr<JobFiles> files = JobFiles::Open(*store_, order_);
    ASSERT_TRUE(files.ok()) << files.status();
    int asked = 0;
    const auto stopped = [&] { return asked++ == checks; };
    const auto published = files->Publish({}, lease_, stopped);
    EXPECT_EQ(published.status().code(), absl::StatusCode::kCancelled) << checks;
  }
  EXPECT_TRUE(fs::is_empty(root_ / "jobs/j"));
}

TEST_F(ChainJobTest, WhatWasPublishedBeforeTheStopWasNoticedIsTakenBack) {
  NoMetrics metrics;
  EventQueue events;
  ChainJob job(lease_, order_,
               {*store_, SystemClock(), metrics, events, DQ_BINARY_DIR "/tests/scripted_child"});
  const std::vector<AgentEvent> happened = events.Take(absl::InfiniteFuture(), SystemClock());
  const auto& ended = std::get<JobEnded>(happened.back());
  ASSERT_EQ(ended.end, AttemptEnd::kCompleted);
  EXPECT_TRUE(fs::exists(root_ / "jobs/j/a1-01234567/manifest.json"));
  job.TakeBack();
  EXPECT_TRUE(fs::is_empty(root_ / "jobs/j"));
}

TEST_F(ChainJobTest, AReportThatIsTooLongIsNotTriedAgain) {
  order_.spec.display_name = "long.csv";
  NoMetrics metrics;
  EventQueue events;
  ChainJob job(lease_, order_,
               {*store_, SystemClock(), metrics, events, DQ_BINARY_DIR "/tests/scripted_child"});
  const std::vector<AgentEvent> happened = events.Take(absl::InfiniteFuture(), SystemClock());
  v1::Outcome outcome;
  ASSERT_TRUE(outcome.ParseFromString(std::get<JobEnded>(happened.back()).outcome.value()));
  EXPECT_EQ(outcome.failure().error().reason(), "REPORT_TOO_LONG");
  EXPECT_FALSE(outcome.failure().retryable());
}

}  // namespace
}  // namespace dq
