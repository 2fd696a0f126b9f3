// Writes batches: the implementation of JobStore::Commit on one connection of its own.
// Two round trips: the first proves leadership and changes the jobs, the second, sent only when
// every row was as the leader believes, writes what follows and commits. Not thread-safe.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "scheduler/core/job_store.h"
#include "scheduler/store/batch_statements.h"
#include "scheduler/store/pipeline_connection.h"

namespace dq {

// What became of an insert, with the earlier job's key when there is one.
struct InsertVerdict {
  InsertOutcome outcome = InsertOutcome::kInserted;
  JobKey earlier = 0;  // With kExisted.
};

class BatchWriter {
 public:
  // Connects at the first use. `timeout` bounds every wait for the server.
  BatchWriter(ConnectionTarget target, std::string cell, absl::Duration timeout)
      : target_(std::move(target)), cell_(std::move(cell)), timeout_(timeout) {}

  // Writes the batch, or recognises it as written, and returns a verdict per insert. Extends the
  // leadership to `leadership_ttl` from now. Errors as of JobStore::Commit.
  absl::StatusOr<std::vector<InsertVerdict>> Write(const WriteBatch& batch,
                                                   absl::Duration leadership_ttl);

 private:
  using Verdicts = std::vector<InsertVerdict>;

  absl::StatusOr<Verdicts> WriteOnce(const WriteBatch& batch, absl::Duration leadership_ttl);
  absl::StatusOr<Verdicts> WriteInTransaction(const WriteBatch& batch,
                                              absl::Duration leadership_ttl);
  absl::StatusOr<Verdicts> Verify(const WriteBatch& batch,
                                  const std::vector<PipelineResult>& results);
  absl::StatusOr<Verdicts> JudgeInserts(const WriteBatch& batch);
  absl::Status Connect();

  const ConnectionTarget target_;
  const std::string cell_;
  const absl::Duration timeout_;
  std::unique_ptr<PipelineConnection> connection_;  // Empty: to be opened.
};

}  // namespace dq
