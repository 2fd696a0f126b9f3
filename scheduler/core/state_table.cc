#include "scheduler/core/state_table.h"

#include <cstddef>

namespace dq {
namespace {

constexpr size_t kStateNumbers = kJobStates.size() + 1;
constexpr size_t kEventNumbers = kJobEvents.size() + 1;
constexpr JobState kIllegal{0};

constexpr size_t Index(JobState state) { return static_cast<size_t>(state); }
constexpr size_t Index(JobEvent event) { return static_cast<size_t>(event); }

// The rows as a matrix, so that a look-up is one load.
constexpr auto kNext = [] {
  std::array<std::array<JobState, kEventNumbers>, kStateNumbers> next{};
  for (const Transition& row : kTransitions) next[Index(row.from)][Index(row.event)] = row.to;
  return next;
}();

constexpr bool NumbersAreDense() {
  for (size_t i = 0; i < kJobStates.size(); ++i) {
    if (Index(kJobStates[i]) != i + 1) return false;
  }
  for (size_t i = 0; i < kJobEvents.size(); ++i) {
    if (Index(kJobEvents[i]) != i + 1) return false;
  }
  return true;
}

constexpr bool IsDeterministic() {
  for (size_t i = 0; i < kTransitions.size(); ++i) {
    for (size_t j = i + 1; j < kTransitions.size(); ++j) {
      if (kTransitions[i].from == kTransitions[j].from &&
          kTransitions[i].event == kTransitions[j].event) {
        return false;
      }
    }
  }
  return true;
}

using StateSet = std::array<bool, kStateNumbers>;

enum class Direction { kForwards, kBackwards };

// Adds what one more step reaches until nothing is new.
constexpr StateSet Closure(StateSet set, Direction direction) {
  const bool backwards = direction == Direction::kBackwards;
  for (size_t round = 0; round < kStateNumbers; ++round) {
    for (const Transition& row : kTransitions) {
      const size_t source = Index(backwards ? row.to : row.from);
      const size_t target = Index(backwards ? row.from : row.to);
      if (set[source]) set[target] = true;
    }
  }
  return set;
}

constexpr bool EveryStateIn(const StateSet& set) {
  for (JobState state : kJobStates) {
    if (!set[Index(state)]) return false;
  }
  return true;
}

constexpr bool EveryStateIsReachable() {
  StateSet set{};
  for (JobState state : kJobStates) set[Index(state)] = IsInitial(state);
  return EveryStateIn(Closure(set, Direction::kForwards));
}

constexpr bool EveryStateCanFinish() {
  StateSet set{};
  for (JobState state : kJobStates) set[Index(state)] = IsTerminal(state);
  return EveryStateIn(Closure(set, Direction::kBackwards));
}

constexpr bool OnlyReopenLeavesATerminalState() {
  for (const Transition& row : kTransitions) {
    if (IsTerminal(row.from) != (row.event == JobEvent::kReopen)) return false;
  }
  return true;
}

constexpr bool OnlyAClaimMakesALease() {
  for (const Transition& row : kTransitions) {
    if (!IsLeased(row.from) && IsLeased(row.to) != (row.event == JobEvent::kClaim)) return false;
  }
  return true;
}

static_assert(NumbersAreDense());
static_assert(IsDeterministic());
static_assert(EveryStateIsReachable());
static_assert(EveryStateCanFinish());
static_assert(OnlyReopenLeavesATerminalState());
static_assert(OnlyAClaimMakesALease());

constexpr std::array<std::string_view, kJobStates.size()> kStateNames = {
    "PENDING",    "QUEUED",    "PROCESSING", "PAUSING",   "PAUSED",
    "CANCELLING", "COMPLETED", "FAILED",     "CANCELLED", "SKIPPED",
};
constexpr std::array<std::string_view, kJobEvents.size()> kEventNames = {
    "create",         "ready",          "claim",         "complete",      "retry",
    "give_up",        "release",        "request_pause", "confirm_pause", "lose",
    "request_cancel", "confirm_cancel", "pause",         "resume",        "cancel",
    "skip",           "expire",         "reopen",        "delete",
};

}  // namespace

std::optional<JobState> NextState(JobState from, JobEvent event) {
  const JobState next = kNext[Index(from)][Index(event)];
  return next == kIllegal ? std::nullopt : std::optional(next);
}

std::string_view StateName(JobState state) { return kStateNames[Index(state) - 1]; }

std::optional<JobState> StateFromName(std::string_view name) {
  for (JobState state : kJobStates) {
    if (StateName(state) == name) return state;
  }
  return std::nullopt;
}

std::string_view EventName(JobEvent event) { return kEventNames[Index(event) - 1]; }

std::optional<JobEvent> EventFromName(std::string_view name) {
  for (JobEvent event : kJobEvents) {
    if (EventName(event) == name) return event;
  }
  return std::nullopt;
}

}  // namespace dq
