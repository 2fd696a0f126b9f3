#include "scheduler/engine/attempt_sweeper.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "tests/support/manual_clock.h"
#include "tests/support/wait_until.h"

namespace dq {
namespace {

namespace fs = std::filesystem;

class AttemptSweeperTest : public ::testing::Test {
 protected:
  AttemptSweeperTest() {
    std::string pattern = (fs::temp_directory_path() / "dq-sweep-XXXXXX").string();
    root_ = mkdtemp(pattern.data());
    objects_ = OpenFileObjectStore(root_.string()).value();
    for (const char* directory : {".tmp-a1-01234567-89abcdef", ".tmp-a2-01234567-89abcdef",
                                  ".tmp-a3-01234567-89abcdef", "a1-01234567", "a2-01234567"}) {
      fs::create_directories(root_ / "j" / directory);
      std::ofstream(root_ / "j" / directory / "file") << "text";
    }
  }
  ~AttemptSweeperTest() override { fs::remove_all(root_); }

  bool Has(const std::string& directory) const { return fs::exists(root_ / "j" / directory); }
  bool HasUnfinished(int attempt) const {
    return Has(".tmp-a" + std::to_string(attempt) + "-01234567-89abcdef");
  }

  fs::path root_;
  std::unique_ptr<ObjectStore> objects_;
  ManualClock clock_;
};

TEST_F(AttemptSweeperTest, OfACancelledJobNothingStaysButWhatALaterAttemptHas) {
  AttemptSweeper sweeper(*objects_, clock_, [](const JobName& job) { return "file:///" + job.id; });
  sweeper.Ended({{"default", "j"}, JobState::kCancelled, 2, 0, ""});
  EXPECT_TRUE(
      WaitUntil([&] { return !HasUnfinished(1) && !HasUnfinished(2) && !Has("a2-01234567"); }));
  EXPECT_TRUE(HasUnfinished(3));
}

TEST_F(AttemptSweeperTest, OfACompletedJobThePublishedOutputsStay) {
  AttemptSweeper sweeper(*objects_, clock_, [](const JobName& job) { return "file:///" + job.id; });
  sweeper.Ended(
      {{"default", "j"}, JobState::kCompleted, 2, 0, "file:///j/a2-01234567/manifest.json"});
  EXPECT_TRUE(
      WaitUntil([&] { return !HasUnfinished(1) && !HasUnfinished(2) && !Has("a1-01234567"); }));
  EXPECT_TRUE(Has("a2-01234567"));
}

TEST_F(AttemptSweeperTest, WhatARetryGoesOnFromStaysForAWhile) {
  AttemptSweeper sweeper(*objects_, clock_, [](const JobName& job) { return "file:///" + job.id; });
  sweeper.Ended({{"default", "j"}, JobState::kFailed, 2, 2, ""});
  EXPECT_TRUE(WaitUntil([&] { return !HasUnfinished(1); }));
  EXPECT_TRUE(HasUnfinished(2));
  clock_.Advance(kKeptForRetry);
  sweeper.Ended(
      {{"default", "other"}, JobState::kFailed, 1, 0, ""});  // It looks at the clock again.
  EXPECT_TRUE(WaitUntil([&] { return !HasUnfinished(2); }));
}

TEST_F(AttemptSweeperTest, WhatIsRetriedIsNotSweptAnyMore) {
  AttemptSweeper sweeper(*objects_, clock_, [](const JobName& job) { return "file:///" + job.id; });
  sweeper.Ended({{"default", "j"}, JobState::kFailed, 2, 2, ""});
  EXPECT_TRUE(WaitUntil([&] { return !HasUnfinished(1); }));
  sweeper.Reopening({"default", "j"});
  clock_.Advance(kKeptForRetry);
  fs::create_directories(root_ / "k" / ".tmp-a1-01234567-89abcdef");
  sweeper.Ended({{"default", "k"}, JobState::kFailed, 1, 0, ""});
  EXPECT_TRUE(WaitUntil([&] { return !fs::exists(root_ / "k" / ".tmp-a1-01234567-89abcdef"); }));
  EXPECT_TRUE(HasUnfinished(2));
}

}  // namespace
}  // namespace dq
