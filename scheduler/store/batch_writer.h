// Writes batches: the implementation of JobStore::Commit on one connection of its own. One round
// trip: every statement proves that it found what the leader believes, or fails the transaction.
// A batch whose inserts meet existing jobs is written the careful way instead, in two: the first
// decides, the second writes what follows. Not thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <optional>
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
  using Calls = std::vector<PipelineCall>;

  // Connects at the first use. `timeout` bounds every wait for the server.
  BatchWriter(ConnectionTarget target, std::string cell, absl::Duration timeout)
      : target_(std::move(target)), cell_(std::move(cell)), timeout_(timeout) {}

  // Writes the batch, or recognises it as written, and returns a verdict per insert. `whole` is
  // what WholeCalls() made of it, nothing when its inserts are not plain. Extends the leadership to
  // `leadership_ttl` from now. Errors as of JobStore::Commit.
  absl::StatusOr<std::vector<InsertVerdict>> Write(const WriteBatch& batch,
                                                   std::optional<Calls> whole,
                                                   absl::Duration leadership_ttl);

 private:
  using Verdicts = std::vector<InsertVerdict>;
  using Body = std::function<absl::StatusOr<Verdicts>()>;

  // Runs `body` until no transaction is in its way; leaves the connection without one.
  absl::StatusOr<Verdicts> InTransaction(const Body& body);
  absl::StatusOr<Verdicts> InTransactionOnce(const Body& body);
  absl::StatusOr<Verdicts> WriteCarefully(const WriteBatch& batch, absl::Duration leadership_ttl);
  PipelineCall Fence(const WriteBatch& batch, absl::Duration leadership_ttl) const;
  absl::StatusOr<Verdicts> JudgeInserts(const WriteBatch& batch);
  absl::Status Connect();

  const ConnectionTarget target_;
  const std::string cell_;
  const absl::Duration timeout_;
  std::unique_ptr<PipelineConnection> connection_;  // Empty: to be opened.
};

}  // namespace dq
