// Port: reads of recorded jobs, for the API. What is running now is overlaid from memory by the
// engine. Calls block: never from a gRPC thread. Implementations are thread-safe.
// A record read back has no `result->report_json` (GetReportJson has it) and no file_ids and
// reference_ids (they only guard against deletion).
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/error.h"
#include "scheduler/core/job.h"

namespace dq {

// One term of a ListJobs filter; terms are joined by AND. An absent label, worker, batch or error
// reason is the empty text; an absent time or score fits no term, and the verdict of a job
// without a result is NOT_EVALUATED. With kStage, kEqual means "is one
// of the stages" and kNotEqual "is none of them". Text is ordered by bytes.
struct JobFilterTerm {
  enum class Field {
    kState,
    kQueue,
    kStage,
    kWorker,
    kCreatedBy,
    kLabel,
    kCreateTime,
    kEndTime,
    kQualityScore,
    kErrorReason,
    kBatch,
    kVerdict,
  };
  enum class Op { kEqual, kNotEqual, kLess, kLessEqual, kGreater, kGreaterEqual };
  Field field = Field::kState;
  Op op = Op::kEqual;
  std::string label;  // The key, with kLabel.
  std::string text;   // Text fields, and states by name.
  double number = 0;  // kQualityScore; of kVerdict its number.
  absl::Time time;    // kCreateTime, kEndTime.
};

// Returns what is said of a job that was deleted: NOT_FOUND (JOB_NOT_FOUND) with `delete_time`.
inline absl::Status JobDeleted(const JobName& name, absl::Time time, const std::string& actor) {
  const std::string when = absl::FormatTime(absl::RFC3339_sec, time, absl::UTCTimeZone());
  return MakeError(absl::StatusCode::kNotFound, "JOB_NOT_FOUND",
                   "job " + name.id + " was deleted by " + actor + " at " + when +
                       "; ListJobEvents tells its history",
                   {{"job", name.id}, {"delete_time", when}});
}

class JobReader {
 public:
  virtual ~JobReader() = default;

  // Returns the job. NOT_FOUND (JOB_NOT_FOUND); of one that was deleted JobDeleted().
  virtual absl::StatusOr<JobRecord> GetJob(const JobName& name) = 0;
  // Returns the job that `request_id` created. NOT_FOUND (JOB_NOT_FOUND).
  virtual absl::StatusOr<JobRecord> GetJobByRequest(const std::string& project,
                                                    const std::string& request_id) = 0;
  // Returns those that exist, in the order of `ids`.
  virtual absl::StatusOr<std::vector<JobRecord>> BatchGetJobs(
      const std::string& project, const std::vector<std::string>& ids) = 0;
  // Returns up to `limit` jobs with key < `before` (0: from the newest), newest first.
  virtual absl::StatusOr<std::vector<JobRecord>> ListJobs(const std::string& project,
                                                          const std::vector<JobFilterTerm>& filter,
                                                          JobKey before, int limit) = 0;
  // Returns up to `limit` COMPLETED jobs that read this file or an upload of these bytes, newest
  // first. Only the newest `limit` jobs over each such file are looked at.
  virtual absl::StatusOr<std::vector<JobRecord>> FindCompleted(const std::string& project,
                                                               const std::string& file_id,
                                                               const std::string& sha256,
                                                               int limit) = 0;
  // Returns up to `limit` events with sequence > `after`, oldest first; also of a job that was
  // deleted, the last of its name. NOT_FOUND (JOB_NOT_FOUND).
  virtual absl::StatusOr<std::vector<JobEventRecord>> ListJobEvents(const JobName& name,
                                                                    int64_t after, int limit) = 0;
  // Returns the report's JSON of a completed job. NOT_FOUND (REPORT_NOT_FOUND).
  virtual absl::StatusOr<std::string> GetReportJson(const JobName& name) = 0;
};

}  // namespace dq
