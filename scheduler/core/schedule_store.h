// Port: the records of schedules and of their runs. Every call is a transaction of its own. Calls
// block: never from a gRPC thread. Implementations are thread-safe.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "scheduler/core/catalog_store.h"
#include "scheduler/core/job.h"
#include "scheduler/core/schedule_plan.h"

namespace dq {

// Runs of a schedule that have ended are forgotten but for about as many.
inline constexpr int kRunsKept = 100;

// Of the schedules that are listed at once; more than an answer has room for.
inline constexpr int64_t kTemplateBytesListedMax = 16 << 20;

// A schedule for which there is something to do at a time.
struct DueSchedule {
  ScheduleKey key = 0;
  absl::Time look_time;
  friend bool operator==(const DueSchedule&, const DueSchedule&) = default;
};

// A run that is recorded as running, and whose job or batch is not.
struct RunEnd {
  ScheduleKey schedule = 0;
  int64_t number = 0;
  RunKind kind = RunKind::kJob;
  JobName target;                         // The job's name, or the batch's.
  bool is_gone = false;                   // It was deleted.
  JobState state = JobState::kCompleted;  // Of a job that is there.
  friend bool operator==(const RunEnd&, const RunEnd&) = default;
};

struct RunEnds {
  int64_t running = 0;  // Runs that are recorded as running, of all schedules.
  std::vector<RunEnd> ended;
};

class ScheduleStore {
 public:
  virtual ~ScheduleStore() = default;

  // Records a schedule and gives it its key. With the identical record again it is the same call,
  // whose answer was lost: `existed` stays false. ALREADY_EXISTS: ID_TAKEN, or REQUEST_ID_REUSED
  // when the earlier schedule of that request_id has another hash.
  virtual absl::StatusOr<Created<ScheduleRecord>> CreateSchedule(
      const ScheduleRecord& schedule) = 0;
  // NOT_FOUND SCHEDULE_NOT_FOUND.
  virtual absl::StatusOr<ScheduleView> GetSchedule(const std::string& project,
                                                   const std::string& id) = 0;
  virtual absl::StatusOr<ScheduleView> GetScheduleByKey(ScheduleKey key) = 0;
  virtual absl::StatusOr<ScheduleRecord> GetScheduleByRequest(const std::string& project,
                                                              const std::string& request_id) = 0;
  // Returns up to `limit` schedules with key < `before` (0: from the newest), newest first; none
  // after those that have kTemplateBytesListedMax together.
  virtual absl::StatusOr<std::vector<ScheduleRecord>> ListSchedules(const std::string& project,
                                                                    ScheduleKey before,
                                                                    int limit) = 0;
  // Deletes a schedule and what is known of its runs, not their jobs and batches. Absent is OK.
  virtual absl::Status DeleteSchedule(const std::string& project, const std::string& id) = 0;

  // Writes what changes of a schedule, with version + 1, and these runs of it, new or known.
  // ABORTED (SCHEDULE_CHANGED) when the row is not there or does not hold `schedule.version`:
  // nothing was written.
  virtual absl::Status UpdateSchedule(const ScheduleRecord& schedule,
                                      const std::vector<ScheduleRun>& runs) = 0;

  // Returns up to `limit` runs, newest first.
  virtual absl::StatusOr<std::vector<ScheduleRun>> ListRuns(ScheduleKey key, int limit) = 0;
  // Returns the run of that trigger. NOT_FOUND SCHEDULE_RUN_NOT_FOUND.
  virtual absl::StatusOr<ScheduleRun> GetRunByRequest(ScheduleKey key,
                                                      const std::string& request_id) = 0;

  // Returns up to `limit` schedules for which there is or will be something to do, in the order of
  // look_time.
  virtual absl::StatusOr<std::vector<DueSchedule>> ListDueSchedules(int limit) = 0;
  // Returns up to `limit` runs that have ended.
  virtual absl::StatusOr<RunEnds> ListRunEnds(int limit) = 0;
};

}  // namespace dq
