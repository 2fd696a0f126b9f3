// Plays one job's life for tests of stores: keeps the record as it should be and makes the inserts
// and updates that lead there.
#pragma once

#include <string>
#include <vector>

#include "scheduler/core/job_store.h"

namespace dq {

class JobScript {
 public:
  // The time at which scripts begin: whole microseconds, as PostgreSQL keeps them.
  static absl::Time Start() { return absl::FromUnixMicros(1'763'769'600'123'456); }

  // A QUEUED job of project "default" with every field set.
  JobScript(JobKey key, const std::string& id);

  // From now on every transition says only what follows from it, as most do: what the statements of
  // the hot path tell.
  void BePlain() { plain_ = true; }

  // The record as it should be read back after the steps so far. Change it before Create().
  JobRecord record;
  std::vector<JobEventRecord> events;  // All so far.

  JobInsert Create();
  JobUpdate Claim(const std::string& token);
  JobUpdate Complete(const JobResult& result);
  JobUpdate Retry(const std::string& reason);
  JobUpdate Fail(const std::string& reason);
  JobUpdate Cancel();
  JobUpdate Pause();
  JobUpdate Reopen();
  // Both steps in one update, as a batch merges them.
  static JobUpdate Merge(JobUpdate first, const JobUpdate& second);

 private:
  JobUpdate Step(JobEvent event, const JobStatus& next);
  void Record(JobEvent event, std::optional<JobState> from);
  void MakePlain(JobEventRecord& row) const;

  bool plain_ = false;
};

// A result with an output, a score and a report.
JobResult SomeResult(const std::string& file_id);

}  // namespace dq
