// Carries schedules on: reads what is recorded, asks the plan (core/schedule_plan), records the
// decision, and only then has jobs and batches made and cancelled. Nothing of a schedule stays in
// memory between two passes. Every step may be done twice: what a run becomes has a request id of
// its own, what is cancelled stays so, and a row is written only over what was read, so that of two
// who decide one alone is heard. Blocks: used by one thread, but for Abandon().
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "common/base/clock.h"
#include "scheduler/core/batch_store.h"
#include "scheduler/core/schedule_store.h"
#include "scheduler/engine/answers.h"
#include "scheduler/engine/engine_metrics.h"
#include "scheduler/engine/job_control.h"

namespace dq {

// A batch for BatchStore::CreateBatch().
struct BatchToMake {
  BatchRecord record;
  std::vector<std::string> requests;
};
// Makes the record of what a run is to become, under this id; its request id and hash are the
// driver's to set. An error that is neither UNAVAILABLE nor RESOURCE_EXHAUSTED ends the run.
using RunMaker = std::function<absl::StatusOr<std::variant<JobRecord, BatchToMake>>(
    const ScheduleRecord&, const ScheduleRun&, const std::string& id)>;

class ScheduleDriver {
 public:
  struct Ports {
    JobControl& scheduler;
    BatchStore& batches;
    ScheduleStore& schedules;
    const Clock& clock;
    // There is something to do for this batch; returns at once.
    std::function<void(BatchKey)> wake_batch;
    EngineMetrics& metrics;
  };

  // What `ports` refers to outlives the driver.
  ScheduleDriver(Ports ports, RunMaker maker)
      : ports_(std::move(ports)), maker_(std::move(maker)) {}

  // When there is something to do next, as far as is known.
  struct Outlook {
    absl::Duration wait = absl::InfiniteDuration();
    bool runs_go_on = false;  // Their ends are to be looked for.
  };
  // Does what there is to do for all schedules. UNAVAILABLE: the database is away.
  absl::StatusOr<Outlook> Pass();
  // Another replica leads: what is due is its concern.
  void StandBy() { ports_.metrics.SchedulesOverdue(absl::ZeroDuration()); }

  // From now on a pass ends at once, whatever it waits for. Thread-safe.
  void Abandon() { abandonment_->Abandon(); }

 private:
  // How a run has ended.
  struct Ended {
    int64_t number = 0;
    RunState state = RunState::kCompleted;
  };
  using Ends = std::vector<Ended>;  // Of one schedule.
  // A schedule on its way from what was read to what is recorded next.
  struct Work {
    ScheduleView view;
    ScheduleView recorded;  // As the rows hold it.
  };

  // Decides, records and begins what there is for a schedule.
  absl::Status Step(ScheduleKey key, const Ends& ends);
  // Writes what has become of runs into the view.
  void TakeEnds(ScheduleView& view, const Ends& ends) const;
  // Returns kRunning for a batch that has ended and goes on again.
  absl::StatusOr<RunState> StateOf(const RunEnd& end);
  // Tells the metrics what has come of times between what was recorded and what is now.
  void Count(const Work& work, const std::vector<ScheduleRun>& changed);
  // Writes what has changed; the version becomes that of the row.
  absl::Status Record(Work& work);
  // Asks for the end of a run. It is asked for again until the run has ended.
  void Cancel(const ScheduleRecord& schedule, const ScheduleRun& run);
  void CancelBatch(const ScheduleRecord& schedule, const std::string& id);
  // Makes the job or the batch of a run, which is then running, or has failed when it can be none.
  // An error: it may be one later.
  absl::Status Begin(const ScheduleRecord& schedule, ScheduleRun& run);
  // Returns the id under which it is there, made now or before.
  absl::StatusOr<std::string> Make(const ScheduleRecord& schedule, const ScheduleRun& run,
                                   const std::string& id);
  absl::StatusOr<std::string> MakeJob(JobRecord job);

  const Ports ports_;
  const RunMaker maker_;
  const std::shared_ptr<Abandonment> abandonment_ = std::make_shared<Abandonment>();
};

}  // namespace dq
