#include "scheduler/engine/attempt_sweeper.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <optional>

#include "common/base/mutex.h"
#include "tests/support/manual_clock.h"
#include "tests/support/wait_until.h"

namespace dq {
namespace {

namespace fs = std::filesystem;

class AttemptSweeperTest : public ::testing::Test {
 protected:
  AttemptSweeperTest() : root_(NewRoot()), objects_(OpenFileObjectStore(root_.string()).value()) {
    for (const char* directory : {".tmp-a1-01234567-89abcdef", ".tmp-a2-01234567-89abcdef",
                                  ".tmp-a3-01234567-89abcdef", "a1-01234567", "a2-01234567"}) {
      fs::create_directories(root_ / "j" / directory);
      std::ofstream(root_ / "j" / directory / "file") << "text";
    }
    sweeper_.emplace(
        *objects_, clock_, [](const JobName& job) { return "file:///" + job.id; },
        [this](const JobName& job) {
          MutexLock lock(mutex_);
          return recorded_.at(job.id);
        },
        [this](const JobName&) {
          MutexLock lock(mutex_);
          return kept_;
        });
  }
  ~AttemptSweeperTest() override {
    sweeper_.reset();
    fs::remove_all(root_);
  }

  static fs::path NewRoot() {
    std::string pattern = (fs::temp_directory_path() / "dq-sweep-XXXXXX").string();
    return mkdtemp(pattern.data());
  }
  bool Has(const std::string& directory) const { return fs::exists(root_ / "j" / directory); }
  bool HasUnfinished(int attempt) const {
    return Has(".tmp-a" + std::to_string(attempt) + "-01234567-89abcdef");
  }

  void Record(const std::string& id, absl::StatusOr<JobRecord> record) {
    MutexLock lock(mutex_);
    recorded_[id] = std::move(record);
  }
  static JobRecord RecordOf(JobState state, int attempt, JobKey key = 7) {
    JobRecord record;
    record.key = key;
    record.status.state = state;
    record.status.attempt = attempt;
    return record;
  }
  // Records the end of a job and tells of it.
  void End(const EndedJob& job) {
    Record(job.name.id, RecordOf(job.state, job.attempt));
    sweeper_->Ended(job);
  }
  // Returns once the sweeper has looked at the clock again and swept what is due.
  void SweepDue() {
    const std::string id = "other" + std::to_string(++others_);
    const fs::path left = root_ / id / ".tmp-a1-01234567-89abcdef";
    fs::create_directories(left);
    End({7, {"default", id}, JobState::kFailed, 1, 0, ""});
    EXPECT_TRUE(WaitUntil([&] { return !fs::exists(left); }));
  }

  fs::path root_;
  std::unique_ptr<ObjectStore> objects_;
  ManualClock clock_;
  Mutex mutex_;
  std::map<std::string, absl::StatusOr<JobRecord>> recorded_ GUARDED_BY(mutex_);
  absl::StatusOr<std::vector<std::string>> kept_ GUARDED_BY(mutex_) = std::vector<std::string>();
  int others_ = 0;
  std::optional<AttemptSweeper> sweeper_;
};

TEST_F(AttemptSweeperTest, OfACancelledJobNothingStaysButWhatALaterAttemptHas) {
  End({7, {"default", "j"}, JobState::kCancelled, 2, 0, ""});
  EXPECT_TRUE(
      WaitUntil([&] { return !HasUnfinished(1) && !HasUnfinished(2) && !Has("a2-01234567"); }));
  EXPECT_TRUE(HasUnfinished(3));
}

TEST_F(AttemptSweeperTest, OfACompletedJobThePublishedOutputsStay) {
  End({7, {"default", "j"}, JobState::kCompleted, 2, 0, "file:///j/a2-01234567/manifest.json"});
  EXPECT_TRUE(
      WaitUntil([&] { return !HasUnfinished(1) && !HasUnfinished(2) && !Has("a1-01234567"); }));
  EXPECT_TRUE(Has("a2-01234567"));
}

TEST_F(AttemptSweeperTest, WhatARetryGoesOnFromStaysForAWhile) {
  End({7, {"default", "j"}, JobState::kFailed, 2, 2, ""});
  EXPECT_TRUE(WaitUntil([&] { return !HasUnfinished(1); }));
  EXPECT_TRUE(HasUnfinished(2));
  clock_.Advance(kKeptForRetry);
  SweepDue();
  EXPECT_FALSE(HasUnfinished(2));
}

TEST_F(AttemptSweeperTest, ARetryThatIsRefusedPutsTheSweepOffAndNoMore) {
  End({7, {"default", "j"}, JobState::kFailed, 2, 2, ""});
  EXPECT_TRUE(WaitUntil([&] { return !HasUnfinished(1); }));
  clock_.Advance(kKeptForRetry / 2);
  sweeper_->Reopening({"default", "j"});
  clock_.Advance(kKeptForRetry / 2);
  SweepDue();
  EXPECT_TRUE(HasUnfinished(2));
  clock_.Advance(kKeptForRetry / 2);
  SweepDue();
  EXPECT_FALSE(HasUnfinished(2));
}

TEST_F(AttemptSweeperTest, WhatIsRetriedThroughAnotherLeaderIsNotSweptAnyMore) {
  End({7, {"default", "j"}, JobState::kFailed, 2, 2, ""});
  EXPECT_TRUE(WaitUntil([&] { return !HasUnfinished(1); }));
  Record("j", RecordOf(JobState::kQueued, 2));
  clock_.Advance(kKeptForRetry);
  SweepDue();
  EXPECT_TRUE(HasUnfinished(2));
}

TEST_F(AttemptSweeperTest, TheSweepOfAnEarlierEndLeavesALaterOneItsCheckpoint) {
  End({7, {"default", "j"}, JobState::kFailed, 2, 2, ""});
  EXPECT_TRUE(WaitUntil([&] { return !HasUnfinished(1); }));
  Record("j", RecordOf(JobState::kFailed, 3));
  clock_.Advance(kKeptForRetry);
  SweepDue();
  EXPECT_TRUE(HasUnfinished(2));
}

TEST_F(AttemptSweeperTest, WhileTheRecordCannotBeReadNothingGoesAndItIsAskedAgain) {
  Record("j", absl::UnavailableError("the database is away"));
  sweeper_->Ended({7, {"default", "j"}, JobState::kCancelled, 2, 0, ""});
  SweepDue();
  EXPECT_TRUE(HasUnfinished(1));
  Record("j", RecordOf(JobState::kCancelled, 2));
  clock_.Advance(absl::Minutes(1));
  SweepDue();
  EXPECT_FALSE(HasUnfinished(1));
}

TEST_F(AttemptSweeperTest, WhatIsNotKeptForARetryIsAskedForAgainToo) {
  Record("j", absl::UnavailableError("the database is away"));
  sweeper_->Ended({7, {"default", "j"}, JobState::kFailed, 2, 2, ""});
  SweepDue();
  Record("j", RecordOf(JobState::kFailed, 2));
  clock_.Advance(absl::Minutes(1));
  SweepDue();
  EXPECT_FALSE(HasUnfinished(1));
  EXPECT_TRUE(HasUnfinished(2));
  clock_.Advance(kKeptForRetry);
  SweepDue();
  EXPECT_FALSE(HasUnfinished(2));
}

TEST_F(AttemptSweeperTest, NothingOfAJobThatHasTheNameOfADeletedOneGoes) {
  End({7, {"default", "j"}, JobState::kFailed, 1, 1, ""});
  SweepDue();
  Record("j", RecordOf(JobState::kCompleted, 1, 8));
  clock_.Advance(kKeptForRetry);
  SweepDue();
  EXPECT_TRUE(HasUnfinished(1));
  EXPECT_TRUE(Has("a1-01234567"));
}

TEST_F(AttemptSweeperTest, WhatIsNeededOfAnEarlierJobOfTheNameStaysBesideTheOutputs) {
  {
    MutexLock lock(mutex_);
    kept_ = std::vector<std::string>{"file:///j/a1-01234567/file"};
  }
  std::ofstream(root_ / "j" / "a1-01234567" / "other") << "text";
  End({7, {"default", "j"}, JobState::kCompleted, 2, 0, "file:///j/a2-01234567/manifest.json"});
  SweepDue();
  EXPECT_TRUE(Has("a1-01234567/file"));
  EXPECT_FALSE(Has("a1-01234567/other"));
  EXPECT_TRUE(Has("a2-01234567/file"));
  EXPECT_FALSE(HasUnfinished(1));
}

TEST_F(AttemptSweeperTest, WhileItIsNotKnownWhatIsNeededNothingGoesAndItIsAskedAgain) {
  const auto keep = [this](absl::StatusOr<std::vector<std::string>> kept) {
    MutexLock lock(mutex_);
    kept_ = std::move(kept);
  };
  keep(absl::UnavailableError("away"));
  End({7, {"default", "j"}, JobState::kCancelled, 2, 0, ""});
  keep(absl::UnavailableError("away"));
  clock_.Advance(absl::Seconds(1));
  EXPECT_TRUE(Has("a1-01234567"));
  keep(std::vector<std::string>());
  clock_.Advance(absl::Minutes(2));
  SweepDue();
  EXPECT_TRUE(WaitUntil([&] { return !Has("a1-01234567"); }));
}

}  // namespace
}  // namespace dq
