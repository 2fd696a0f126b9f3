// Follows what is recorded of a schedule, change by change, and the jobs of its runs (I23): each of
// its times is decided about once, each run makes one job, none is left out within its window and
// no two go on at once. Knows only schedules that fire every minute. Single-threaded.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tests/scheduler/simulation/history.h"

namespace dq::sim {

class ScheduleJudge {
 public:
  ScheduleJudge(FakeStore& store, const History& history, std::vector<std::string>& findings)
      : store_(store), history_(history), findings_(findings) {}

  // A schedule was created, with no time decided about.
  void Follow(const ScheduleRecord& schedule) { seen_[schedule.key].record = schedule; }
  // A change of it was carried out.
  void Changed(ScheduleKey key);
  // An event of a job was recorded.
  void Heard(const SeenJob& job, const JobEventRecord& event);

  // Whether every run has ended.
  bool IsDone() const;
  // What is so once all is done.
  void CheckRest();

 private:
  struct Seen {
    ScheduleRecord record;
    std::map<int64_t, ScheduleRun> runs;
    std::map<int64_t, std::string> jobs;  // Of runs, by name.
  };

  void CheckTimes(const Seen& before, const Seen& now);
  void CheckRun(const Seen& now, const ScheduleRun& run, const ScheduleRun* before);
  void CheckEnd(const Seen& now, const ScheduleRun& run);
  void CheckAlone(const Seen& schedule, const std::string& made);
  void Expect(bool holds, const Seen& schedule, int64_t number, const char* invariant);

  FakeStore& store_;
  const History& history_;
  std::vector<std::string>& findings_;
  std::map<ScheduleKey, Seen> seen_;
};

}  // namespace dq::sim
