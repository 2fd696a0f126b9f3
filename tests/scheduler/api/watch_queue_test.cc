#include "scheduler/api/watch_queue.h"

#include <gtest/gtest.h>

namespace dq {
namespace {

JobView View(const std::string& id, JobState state, int64_t version, double percent = 0) {
  JobView view;
  view.record.name = {"default", id};
  view.record.status.state = state;
  view.record.status.version = version;
  view.progress.percent = percent;
  return view;
}

class WatchQueueTest : public testing::Test {
 protected:
  void Change(const JobView& view) {
    queue().Add({.sequence = ++sequence_, .view = std::make_shared<JobView>(view)});
  }
  void Progress(const JobView& view) {
    queue().Add(
        {.sequence = ++sequence_, .progress_only = true, .view = std::make_shared<JobView>(view)});
  }
  WatchQueue& Watch(std::vector<std::string> ids) {
    queue_.emplace(std::move(ids), sequence_, limits_, now_);
    return *queue_;
  }
  WatchQueue& queue() { return *queue_; }

  // Returns what comes next as text: "a QUEUED-number", "a 50%", "bookmark 3", "resync 4", "".
  std::string Next() {
    const auto item = queue().Next(now_);
    if (!item.has_value()) return "";
    if (const auto* bookmark = std::get_if<WatchBookmarkAt>(&*item)) {
      return "bookmark " + std::to_string(bookmark->sequence);
    }
    if (const auto* resync = std::get_if<WatchResyncOf>(&*item)) {
      return "resync " + std::to_string(resync->dropped);
    }
    const JobView& view = *std::get<std::shared_ptr<const JobView>>(*item);
    std::string text = view.record.name.id + " v" + std::to_string(view.record.status.version);
    if (view.progress.percent > 0) {
      text += " " + std::to_string(static_cast<int>(view.progress.percent)) + "%";
    }
    return text;
  }

  WatchLimits limits_{.watches_max = 1,
                      .changes_max = 3,
                      .progress_interval = absl::Milliseconds(250),
                      .bookmark_interval = absl::Seconds(10)};
  absl::Time now_ = absl::FromUnixSeconds(1000);
  int64_t sequence_ = 40;
  std::optional<WatchQueue> queue_;
};

TEST_F(WatchQueueTest, NothingIsSentBeforeTheSnapshot) {
  Watch({"a"});
  EXPECT_TRUE(queue().TakeSnapshotDue());
  EXPECT_FALSE(queue().TakeSnapshotDue());
  Change(View("a", JobState::kProcessing, 2));
  EXPECT_EQ(Next(), "");
  queue().AddSnapshot({View("a", JobState::kQueued, 1)});
  EXPECT_EQ(Next(), "a v1");
  EXPECT_EQ(Next(), "a v2");
  EXPECT_EQ(Next(), "");
}

TEST_F(WatchQueueTest, ChangesOlderThanTheSnapshotAreNotRepeated) {
  Watch({"a"});
  Change(View("a", JobState::kQueued, 1));
  Change(View("a", JobState::kProcessing, 2));
  queue().AddSnapshot({View("a", JobState::kProcessing, 2)});
  EXPECT_EQ(Next(), "a v2");
  EXPECT_EQ(Next(), "");
}

TEST_F(WatchQueueTest, EveryStateIsSentInOrder) {
  Watch({});
  queue().AddSnapshot({});
  Change(View("a", JobState::kQueued, 1));
  Change(View("b", JobState::kQueued, 1));
  Change(View("a", JobState::kProcessing, 2));
  EXPECT_EQ(Next(), "a v1");
  EXPECT_EQ(Next(), "b v1");
  EXPECT_EQ(Next(), "a v2");
}

TEST_F(WatchQueueTest, ProgressIsCoalescedPerJob) {
  Watch({"a"});
  queue().AddSnapshot({View("a", JobState::kProcessing, 2)});
  EXPECT_EQ(Next(), "a v2");
  Progress(View("a", JobState::kProcessing, 2, 10));
  EXPECT_EQ(Next(), "");  // The state was sent just now.
  Progress(View("a", JobState::kProcessing, 2, 20));
  now_ += absl::Milliseconds(250);
  EXPECT_EQ(Next(), "a v2 20%");
  Progress(View("a", JobState::kProcessing, 2, 30));
  EXPECT_EQ(Next(), "");
  now_ += absl::Milliseconds(250);
  EXPECT_EQ(Next(), "a v2 30%");
}

TEST_F(WatchQueueTest, ProgressNeverFollowsANewerState) {
  Watch({"a"});
  queue().AddSnapshot({View("a", JobState::kProcessing, 2)});
  Progress(View("a", JobState::kProcessing, 2, 90));
  Change(View("a", JobState::kCompleted, 3));
  EXPECT_EQ(Next(), "a v2");
  EXPECT_EQ(Next(), "a v3");
  now_ += absl::Seconds(1);
  EXPECT_EQ(Next(), "");
}

TEST_F(WatchQueueTest, EndsWhenEveryNamedJobHasEnded) {
  Watch({"a", "b"});
  queue().AddSnapshot({View("a", JobState::kCompleted, 5), View("b", JobState::kProcessing, 2)});
  EXPECT_EQ(Next(), "a v5");
  EXPECT_EQ(Next(), "b v2");
  EXPECT_FALSE(queue().IsDone());
  Change(View("b", JobState::kCancelled, 3));
  EXPECT_FALSE(queue().IsDone());
  EXPECT_EQ(Next(), "b v3");
  EXPECT_TRUE(queue().IsDone());
}

TEST_F(WatchQueueTest, WatchOfAProjectNeverEnds) {
  Watch({});
  queue().AddSnapshot({});
  Change(View("a", JobState::kCompleted, 3));
  EXPECT_EQ(Next(), "a v3");
  EXPECT_FALSE(queue().IsDone());
}

TEST_F(WatchQueueTest, BookmarksComeInTimeAndSayWhatWasSent) {
  Watch({"a"});
  queue().AddSnapshot({View("a", JobState::kQueued, 1)});
  EXPECT_EQ(Next(), "a v1");
  Change(View("other", JobState::kQueued, 1));  // Sequence 41: not wanted, but seen.
  now_ += absl::Seconds(10);
  EXPECT_EQ(Next(), "bookmark 41");
  EXPECT_EQ(Next(), "");
  now_ += absl::Seconds(10);
  EXPECT_EQ(Next(), "bookmark 41");
  queue().Passed(50);  // All of another project.
  now_ += absl::Seconds(10);
  EXPECT_EQ(Next(), "bookmark 50");
}

TEST_F(WatchQueueTest, SlowClientGetsAResyncAndAFreshSnapshot) {
  Watch({"a", "b"});
  EXPECT_TRUE(queue().TakeSnapshotDue());
  queue().AddSnapshot({});
  for (int64_t version = 1; version <= 4; ++version) {
    Change(View("a", JobState::kQueued, version));
  }
  Change(View("b", JobState::kQueued, 1));
  EXPECT_EQ(Next(), "resync 5");
  EXPECT_TRUE(queue().TakeSnapshotDue());
  EXPECT_EQ(Next(), "");
  queue().AddSnapshot({View("a", JobState::kQueued, 4), View("b", JobState::kQueued, 1)});
  EXPECT_EQ(Next(), "a v4");
  EXPECT_EQ(Next(), "b v1");
  EXPECT_FALSE(queue().IsDone());
}

TEST_F(WatchQueueTest, SnapshotOfManyJobsIsSentWhileChangesCome) {
  Watch({});
  std::vector<JobView> jobs;
  for (int i = 0; i < 10; ++i) jobs.push_back(View("j" + std::to_string(i), JobState::kQueued, 1));
  queue().AddSnapshot(std::move(jobs));
  for (int64_t version = 2; version <= 4; ++version) {
    Change(View("j0", JobState::kQueued, version));
  }
  for (int i = 0; i < 10; ++i) EXPECT_EQ(Next(), "j" + std::to_string(i) + " v1");
  for (int64_t version = 2; version <= 4; ++version) {
    EXPECT_EQ(Next(), "j0 v" + std::to_string(version));
  }
  for (int64_t version = 5; version <= 7; ++version) {  // Room again.
    Change(View("j0", JobState::kQueued, version));
  }
  EXPECT_EQ(Next(), "j0 v5");
}

}  // namespace
}  // namespace dq
