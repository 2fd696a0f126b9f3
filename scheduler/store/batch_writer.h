// Writes batches: the implementation of JobStore::Commit on one connection of its own. One round
// trip: every statement proves that it found what the leader believes, or fails the transaction.
// A batch whose inserts meet existing jobs is written the careful way instead, in two: the first
// decides, the second writes what follows. A batch of which the database refuses a row for its data
// is taken apart until that row is found (batch_refusals.cc). Not thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "scheduler/core/job_store.h"
#include "scheduler/store/batch_parts.h"
#include "scheduler/store/batch_statements.h"
#include "scheduler/store/pipeline_connection.h"

namespace dq {

// What became of an insert, with the earlier job's key when there is one.
struct InsertVerdict {
  InsertOutcome outcome = InsertOutcome::kInserted;
  JobKey earlier = 0;         // With kExisted.
  absl::Status refusal = {};  // With kRefused.
};

// A recorded job of which a value was refused; see RefusedJob.
struct RefusedKey {
  JobKey key = 0;
  absl::Status why;
};

// What became of a batch.
struct BatchVerdict {
  std::vector<InsertVerdict> inserts;  // One per insert, in order.
  std::vector<RefusedKey> refused;
};

class BatchWriter {
 public:
  using Calls = std::vector<PipelineCall>;

  // Connects at the first use. `timeout` bounds every wait for the server.
  BatchWriter(ConnectionTarget target, std::string cell, absl::Duration timeout)
      : target_(std::move(target)), cell_(std::move(cell)), timeout_(timeout) {}

  // Writes the batch, or recognises it as written, and returns what became of it. `whole` is what
  // WholeCalls() made of it, nothing when its inserts are not plain. Extends the leadership to
  // `leadership_ttl` from now. Errors as of JobStore::Commit.
  absl::StatusOr<BatchVerdict> Write(const WriteBatch& batch, std::optional<Calls> whole,
                                     absl::Duration leadership_ttl);

 private:
  using Verdicts = std::vector<InsertVerdict>;
  using Body = std::function<absl::StatusOr<Verdicts>()>;
  // A batch of which the database refused something. It is told again when the batch is repeated,
  // and nothing that rests on it is written until the leader has heard.
  struct Refusals {
    int64_t epoch = 0;
    int64_t sequence = 0;
    BatchVerdict verdict;
  };

  // Runs `body` until no transaction is in its way; leaves the connection without one.
  absl::StatusOr<Verdicts> InTransaction(const Body& body);
  absl::StatusOr<Verdicts> InTransactionOnce(const Body& body);
  absl::StatusOr<Verdicts> WriteCarefully(const WriteBatch& batch, absl::Duration leadership_ttl);
  // Writes the rows between what begins and what ends them.
  absl::StatusOr<Verdicts> WriteRows(const WriteBatch& batch, Calls before, PipelineCall after);
  // Writes all that the database takes, and remembers the rest.
  absl::StatusOr<Verdicts> WriteTaken(const WriteBatch& batch, absl::Duration leadership_ttl);
  absl::Status WriteParts(const WriteBatch& whole, std::span<const BatchPart> parts,
                          BatchVerdict& verdict);
  absl::Status WriteHalves(const WriteBatch& whole, std::span<const BatchPart> parts,
                           BatchVerdict& verdict);
  absl::Status Refuse(const WriteBatch& whole, const BatchPart& part, const absl::Status& why,
                      BatchVerdict& verdict);
  // Returns what became of that batch if something of it was refused; else null.
  const BatchVerdict* FindRefusals(const WriteBatch& batch) const;
  void ForgetRefusals(const WriteBatch& batch);
  // Returns FENCED when the batch rests on something that was refused unheard.
  absl::Status CheckHeard(const WriteBatch& batch);
  PipelineCall Fence(const WriteBatch& batch, absl::Duration leadership_ttl) const;
  absl::StatusOr<Verdicts> JudgeInserts(const WriteBatch& batch);
  absl::Status Connect();

  const ConnectionTarget target_;
  const std::string cell_;
  const absl::Duration timeout_;
  std::unique_ptr<PipelineConnection> connection_;  // Empty: to be opened.
  std::vector<Refusals> refusals_;                  // Of which the leader may not have heard.
};

}  // namespace dq
