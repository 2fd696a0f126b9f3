#include "scheduler/core/state_table.h"

#include <gtest/gtest.h>

#include <map>
#include <utility>

namespace dq {
namespace {

// The table of the design, written down a second time: from, event, to.
const std::map<std::pair<std::string_view, std::string_view>, std::string_view>& DesignedTable() {
  static const std::map<std::pair<std::string_view, std::string_view>, std::string_view> kTable = {
      {{"PENDING", "ready"}, "QUEUED"},
      {{"PENDING", "pause"}, "PAUSED"},
      {{"PENDING", "cancel"}, "CANCELLED"},
      {{"PENDING", "skip"}, "SKIPPED"},
      {{"QUEUED", "claim"}, "PROCESSING"},
      {{"QUEUED", "pause"}, "PAUSED"},
      {{"QUEUED", "cancel"}, "CANCELLED"},
      {{"QUEUED", "skip"}, "SKIPPED"},
      {{"QUEUED", "expire"}, "FAILED"},
      {{"PROCESSING", "complete"}, "COMPLETED"},
      {{"PROCESSING", "retry"}, "PENDING"},
      {{"PROCESSING", "give_up"}, "FAILED"},
      {{"PROCESSING", "release"}, "QUEUED"},
      {{"PROCESSING", "request_pause"}, "PAUSING"},
      {{"PROCESSING", "request_cancel"}, "CANCELLING"},
      {{"PAUSING", "confirm_pause"}, "PAUSED"},
      {{"PAUSING", "lose"}, "PAUSED"},
      {{"PAUSING", "release"}, "PAUSED"},
      {{"PAUSING", "complete"}, "COMPLETED"},
      {{"PAUSING", "give_up"}, "FAILED"},
      {{"PAUSING", "request_cancel"}, "CANCELLING"},
      {{"CANCELLING", "confirm_cancel"}, "CANCELLED"},
      {{"CANCELLING", "lose"}, "CANCELLED"},
      {{"CANCELLING", "release"}, "CANCELLED"},
      {{"CANCELLING", "give_up"}, "CANCELLED"},
      {{"PAUSED", "resume"}, "PENDING"},
      {{"PAUSED", "cancel"}, "CANCELLED"},
      {{"PAUSED", "skip"}, "SKIPPED"},
      {{"FAILED", "reopen"}, "QUEUED"},
      {{"CANCELLED", "reopen"}, "QUEUED"},
      {{"SKIPPED", "reopen"}, "QUEUED"},
  };
  return kTable;
}

TEST(StateTable, EveryStateAndEventLeadsWhereTheDesignSaysAndNowhereElse) {
  size_t legal = 0;
  for (JobState state : kJobStates) {
    for (JobEvent event : kJobEvents) {
      const auto row = DesignedTable().find({StateName(state), EventName(event)});
      const std::optional<JobState> next = NextState(state, event);
      ASSERT_EQ(next.has_value(), row != DesignedTable().end())
          << StateName(state) << " " << EventName(event);
      if (!next) continue;
      ++legal;
      EXPECT_EQ(StateName(*next), row->second) << StateName(state) << " " << EventName(event);
    }
  }
  EXPECT_EQ(legal, kTransitions.size());
}

TEST(StateTable, ACompletionIsIllegalOnceACancelWasAcknowledged) {
  EXPECT_EQ(NextState(JobState::kCancelling, JobEvent::kComplete), std::nullopt);
}

TEST(StateTable, NamesOfStatesAndEventsReadBack) {
  for (JobState state : kJobStates) EXPECT_EQ(StateFromName(StateName(state)), state);
  for (JobEvent event : kJobEvents) EXPECT_EQ(EventFromName(EventName(event)), event);
}

TEST(StateTable, UnknownNamesAreNothing) {
  EXPECT_EQ(StateFromName("pending"), std::nullopt);
  EXPECT_EQ(StateFromName(""), std::nullopt);
  EXPECT_EQ(EventFromName("CLAIM"), std::nullopt);
}

}  // namespace
}  // namespace dq
