#include "scheduler/engine/watch_hub.h"

#include <gtest/gtest.h>

#include "common/base/error.h"
#include "tests/scheduler/engine/recording_sinks.h"

namespace dq {
namespace {

class WatchHubTest : public ::testing::Test {
 protected:
  WatchHubTest() { hub_.Restart(1); }
  void Publish(int changes) {
    for (int i = 0; i < changes; ++i) {
      auto view = std::make_shared<JobView>();
      view->record.name = {"default", "a"};
      hub_.Publish(hub_.IsRecording() ? view : nullptr, ChangeKind::kState);
    }
  }
  static constexpr int kBacklog = 10;
  WatchHub hub_{kBacklog};
};

TEST_F(WatchHubTest, AWatcherThatComesBackSoonMissesNothing) {
  const auto first = hub_.Open("default", 0, std::make_shared<RecordingWatchSink>());
  const int64_t token = hub_.Last();
  hub_.Close(*first);
  Publish(kBacklog);
  auto sink = std::make_shared<RecordingWatchSink>();
  ASSERT_TRUE(hub_.Open("default", token, sink).ok());
  hub_.Deliver();
  EXPECT_EQ(sink->changes().size(), size_t{kBacklog});
}

TEST_F(WatchHubTest, NothingIsKeptOnceNobodyHasWatchedForABacklog) {
  const auto first = hub_.Open("default", 0, std::make_shared<RecordingWatchSink>());
  const int64_t token = hub_.Last();
  hub_.Close(*first);
  EXPECT_TRUE(hub_.IsRecording());
  Publish(kBacklog + 1);
  EXPECT_FALSE(hub_.IsRecording());
  EXPECT_EQ(ReasonOf(hub_.Open("default", token, std::make_shared<RecordingWatchSink>()).status()),
            "WATCH_TOKEN_EXPIRED");
  EXPECT_TRUE(hub_.Open("default", 0, std::make_shared<RecordingWatchSink>()).ok());
  EXPECT_TRUE(hub_.IsRecording());
}

}  // namespace
}  // namespace dq
