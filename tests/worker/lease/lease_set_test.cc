#include "worker/lease/lease_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <random>

namespace dq {
namespace {

const LeaseKey kLease{"projects/p/jobs/j", 1, "token"};

// Everything a report and a scheduler can see of one lease.
struct Seen {
  std::string status;  // "" when no report names it.
  int32_t running;
  bool wanted;
  bool operator==(const Seen&) const = default;
};
std::ostream& operator<<(std::ostream& out, const Seen& seen) {
  return out << "{" << seen.status << ", " << seen.running << ", " << seen.wanted << "}";
}

std::string NameOf(LeaseStatus status) {
  switch (status) {
    case LeaseStatus::kRunning:
      return "running";
    case LeaseStatus::kEnded:
      return "ended";
    case LeaseStatus::kStopped:
      return "stopped";
    case LeaseStatus::kReleased:
      return "released";
  }
  return "?";
}

Seen Look(const LeaseSet& set) {
  const auto report = set.Report();
  EXPECT_LE(report.size(), 1u);
  return {report.empty() ? "" : NameOf(report[0].status), set.running(), set.IsWanted(kLease)};
}

std::string Reasons(const std::vector<StopOrder>& orders) {
  std::string reasons;
  for (const StopOrder& order : orders) {
    EXPECT_EQ(order.lease, kLease);
    switch (order.reason) {
      case StopReason::kCancelled:
        reasons += "cancelled";
        break;
      case StopReason::kPaused:
        reasons += "paused";
        break;
      case StopReason::kReleased:
        reasons += "released";
        break;
      case StopReason::kLost:
        reasons += "lost";
        break;
      case StopReason::kFenced:
        reasons += "fenced";
        break;
    }
  }
  return reasons;
}

using Step = std::function<std::string(LeaseSet&)>;

struct Event {
  const char* name;
  Step apply;
};

const std::vector<Event>& Events() {
  static const std::vector<Event> events = {
      {"grant",
       [](LeaseSet& set) {
         return set.Grant(kLease) == GrantAnswer::kStart ? "start" : "already held";
       }},
      {"end",
       [](LeaseSet& set) {
         return set.End(kLease, "done") == EndAnswer::kReported ? "reported" : "discarded";
       }},
      {"end early",
       [](LeaseSet& set) {
         return set.End(kLease, std::nullopt) == EndAnswer::kReported ? "reported" : "discarded";
       }},
      {"close",
       [](LeaseSet& set) {
         return Reasons(set.Close({&kLease, 1}));
       }},
      {"cancel", [](LeaseSet& set) { return Reasons(set.Cancel(kLease)); }},
      {"lose", [](LeaseSet& set) { return Reasons(set.Lose(kLease)); }},
      {"keep",
       [](LeaseSet& set) {
         return Reasons(set.KeepOnly({&kLease, 1}));
       }},
      {"keep others", [](LeaseSet& set) { return Reasons(set.KeepOnly({})); }},
      {"fence", [](LeaseSet& set) { return Reasons(set.FenceAll()); }},
      {"release", [](LeaseSet& set) { return Reasons(set.ReleaseAll()); }},
  };
  return events;
}

struct Start {
  const char* name;
  std::vector<size_t> events;  // Indices into Events() that lead there.
};

const Seen kAbsent{"", 0, false};
const Seen kRunning{"running", 1, true};
const Seen kCancelling{"running", 1, false};
const Seen kReleasing{"running", 1, true};
const Seen kDiscarding{"", 1, false};
const Seen kEnded{"ended", 0, false};
const Seen kStopped{"stopped", 0, false};
const Seen kReleased{"released", 0, false};

struct Expected {
  Seen after;
  std::string answer;
};

const std::vector<Start> kStarts = {
    {"absent", {}},         {"running", {0}},  {"cancelling", {0, 4}}, {"releasing", {0, 9}},
    {"discarding", {0, 5}}, {"ended", {0, 1}}, {"stopped", {0, 4, 2}}, {"released", {0, 9, 2}}};

// What each event leads to, a row per start, columns in the order of Events().
const std::vector<std::vector<Expected>> kTable = {
    // absent
    {{kRunning, "start"},
     {kAbsent, "discarded"},
     {kAbsent, "discarded"},
     {kAbsent, ""},
     {kAbsent, ""},
     {kAbsent, ""},
     {kAbsent, ""},
     {kAbsent, ""},
     {kAbsent, ""},
     {kAbsent, ""}},
    // running
    {{kRunning, "already held"},
     {kEnded, "reported"},
     {kReleased, "reported"},
     {kDiscarding, "lost"},
     {kCancelling, "cancelled"},
     {kDiscarding, "lost"},
     {kRunning, ""},
     {kDiscarding, "lost"},
     {kDiscarding, "fenced"},
     {kReleasing, "released"}},
    // cancelling
    {{kCancelling, "already held"},
     {kStopped, "discarded"},
     {kStopped, "discarded"},
     {kDiscarding, "lost"},
     {kCancelling, ""},
     {kDiscarding, "lost"},
     {kCancelling, ""},
     {kDiscarding, "lost"},
     {kDiscarding, "fenced"},
     {kCancelling, ""}},
    // releasing
    {{kReleasing, "already held"},
     {kEnded, "reported"},
     {kReleased, "reported"},
     {kDiscarding, "lost"},
     {kCancelling, "cancelled"},
     {kDiscarding, "lost"},
     {kReleasing, ""},
     {kDiscarding, "lost"},
     {kDiscarding, "fenced"},
     {kReleasing, ""}},
    // discarding
    {{kDiscarding, "already held"},
     {kAbsent, "discarded"},
     {kAbsent, "discarded"},
     {kDiscarding, ""},
     {kDiscarding, ""},
     {kDiscarding, ""},
     {kDiscarding, ""},
     {kDiscarding, ""},
     {kDiscarding, ""},
     {kDiscarding, ""}},
    // ended
    {{kEnded, "already held"},
     {kEnded, "reported"},
     {kEnded, "reported"},
     {kAbsent, ""},
     {kStopped, ""},
     {kAbsent, ""},
     {kEnded, ""},
     {kAbsent, ""},
     {kEnded, ""},
     {kEnded, ""}},
    // stopped
    {{kStopped, "already held"},
     {kStopped, "reported"},
     {kStopped, "reported"},
     {kAbsent, ""},
     {kStopped, ""},
     {kAbsent, ""},
     {kStopped, ""},
     {kAbsent, ""},
     {kStopped, ""},
     {kStopped, ""}},
    // released
    {{kReleased, "already held"},
     {kReleased, "reported"},
     {kReleased, "reported"},
     {kAbsent, ""},
     {kStopped, ""},
     {kAbsent, ""},
     {kReleased, ""},
     {kAbsent, ""},
     {kReleased, ""},
     {kReleased, ""}},
};

TEST(LeaseSet, EveryEventInEveryPhase) {
  for (size_t start = 0; start < kStarts.size(); ++start) {
    for (size_t event = 0; event < Events().size(); ++event) {
      LeaseSet set(1);
      for (const size_t step : kStarts[start].events) Events()[step].apply(set);
      const std::string answer = Events()[event].apply(set);
      SCOPED_TRACE(std::string(kStarts[start].name) + " × " + Events()[event].name);
      EXPECT_EQ(Look(set), kTable[start][event].after);
      EXPECT_EQ(answer, kTable[start][event].answer);
    }
  }
}

TEST(LeaseSet, AnOutcomeIsInEveryReportUntilItIsClosed) {
  LeaseSet set(1);
  set.Grant(kLease);
  set.End(kLease, "done");
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(set.Report().size(), 1u);
    EXPECT_EQ(*set.Report()[0].payload, "done");
  }
  set.Close({&kLease, 1});
  EXPECT_TRUE(set.Report().empty());
  EXPECT_EQ(set.size(), 0);
}

TEST(LeaseSet, AnEndedLeaseFreesItsSlotBeforeItIsClosed) {
  LeaseSet set(1);
  set.Grant(kLease);
  EXPECT_EQ(set.free_slots(), 0);
  set.End(kLease, "done");
  EXPECT_EQ(set.free_slots(), 1);
}

TEST(LeaseSet, ALostLeaseKeepsItsSlotUntilTheChildIsGone) {
  LeaseSet set(1);
  set.Grant(kLease);
  set.Lose(kLease);
  EXPECT_EQ(set.free_slots(), 0);
  EXPECT_EQ(set.size(), 1);
  set.End(kLease, std::nullopt);
  EXPECT_EQ(set.free_slots(), 1);
}

TEST(LeaseSet, AGrantBeyondTheSlotsIsHandedBackUncharged) {
  LeaseSet set(1);
  const LeaseKey second{"projects/p/jobs/k", 1, "other"};
  set.Grant(kLease);
  EXPECT_EQ(set.Grant(second), GrantAnswer::kNoSlot);
  ASSERT_EQ(set.Report().size(), 2u);
  EXPECT_EQ(set.Report()[1].status, LeaseStatus::kReleased);
  EXPECT_EQ(set.running(), 1);
}

TEST(LeaseSet, AnotherTokenOfTheSameAttemptIsAnotherLease) {
  LeaseSet set(2);
  LeaseKey other = kLease;
  other.token = "other";
  set.Grant(kLease);
  EXPECT_TRUE(set.Close({&other, 1}).empty());
  EXPECT_TRUE(set.IsWanted(kLease));
}

TEST(LeaseSet, ProgressIsTheLastOneSetWhileItRuns) {
  LeaseSet set(1);
  set.SetProgress(kLease, "before the grant");
  set.Grant(kLease);
  EXPECT_EQ(*set.Report()[0].payload, "");
  set.SetProgress(kLease, "10 %");
  set.SetProgress(kLease, "20 %");
  EXPECT_EQ(*set.Report()[0].payload, "20 %");
  set.End(kLease, "done");
  set.SetProgress(kLease, "30 %");
  EXPECT_EQ(*set.Report()[0].payload, "done");
}

TEST(LeaseSet, TheNewestCheckpointStaysInTheReportsWhateverEndsTheAttempt) {
  for (const StopReason reason : {StopReason::kPaused, StopReason::kReleased}) {
    LeaseSet set(1);
    set.SetCheckpoint(kLease, "before the grant");
    set.Grant(kLease);
    EXPECT_EQ(*set.Report()[0].checkpoint, "");
    set.SetCheckpoint(kLease, "1");
    (void)(reason == StopReason::kPaused ? set.Pause(kLease) : set.ReleaseAll());
    set.SetCheckpoint(kLease, "2");
    set.End(kLease, std::nullopt);
    set.SetCheckpoint(kLease, "3");
    EXPECT_EQ(*set.Report()[0].checkpoint, "2");
  }
}

TEST(LeaseSet, HeldNamesWhatTheReportNames) {
  LeaseSet set(3);
  const LeaseKey ended{"projects/p/jobs/k", 2, "k"};
  const LeaseKey lost{"projects/p/jobs/l", 3, "l"};
  for (const LeaseKey& lease : {kLease, ended, lost}) set.Grant(lease);
  set.End(ended, "done");
  set.Lose(lost);
  EXPECT_THAT(set.Held(), testing::ElementsAre(kLease, ended));
}

TEST(LeaseSet, SlotsAreNeverExceededNorLeakedInARandomLife) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  LeaseSet set(4);
  std::vector<LeaseKey> keys;
  for (int i = 0; i < 8; ++i) keys.push_back({"j" + std::to_string(i), 1, "t"});
  std::vector<bool> child(keys.size());
  for (int step = 0; step < 20'000; ++step) {
    const size_t pick = random() % keys.size();
    const LeaseKey& key = keys[pick];
    switch (random() % 8) {
      case 0:
      case 1:
        if (set.Grant(key) == GrantAnswer::kStart) child[pick] = true;
        break;
      case 2:
        if (child[pick]) set.End(key, "done");
        child[pick] = false;
        break;
      case 3:
        set.Cancel(key);
        break;
      case 4:
        set.Close({&key, 1});
        break;
      case 5:
        set.KeepOnly(set.Held());
        break;
      case 6:
        if (random() % 50 == 0) set.FenceAll();
        break;
      case 7:
        if (random() % 50 == 0) set.ReleaseAll();
        break;
    }
    ASSERT_EQ(set.running(), std::count(child.begin(), child.end(), true));
    ASSERT_GE(set.free_slots(), 0);
  }
}

TEST(LeaseSet, APausedAttemptIsConfirmedAsStoppedUnlessItEndedFirst) {
  LeaseSet set(1);
  set.Grant(kLease);
  EXPECT_EQ(Reasons(set.Pause(kLease)), "paused");
  EXPECT_EQ(Reasons(set.Pause(kLease)), "");
  EXPECT_TRUE(set.IsWanted(kLease));
  EXPECT_EQ(set.End(kLease, std::nullopt), EndAnswer::kReported);
  EXPECT_EQ(Look(set).status, "stopped");

  LeaseSet ended(1);
  ended.Grant(kLease);
  ended.Pause(kLease);
  EXPECT_EQ(ended.End(kLease, "done"), EndAnswer::kReported);
  EXPECT_EQ(Look(ended).status, "ended");
}

TEST(LeaseSet, ACancelOvertakesAPause) {
  LeaseSet set(1);
  set.Grant(kLease);
  set.Pause(kLease);
  EXPECT_EQ(Reasons(set.Cancel(kLease)), "cancelled");
  EXPECT_EQ(set.End(kLease, "done"), EndAnswer::kDiscarded);
  EXPECT_EQ(Look(set).status, "stopped");
}

}  // namespace
}  // namespace dq
