// Reads batches one ahead of their use: while the caller works on a batch, the next one is read and
// split on another thread of the pool. Sits between RowReader and whoever makes a pass. Not
// thread-safe.
#pragma once

#include <array>

#include "absl/status/statusor.h"
#include "common/base/task_pool.h"
#include "worker/table/row_batch.h"
#include "worker/table/row_reader.h"

namespace dq {

class ReadAhead {
 public:
  // Starts with the next batch of `reader`'s pass. Both must outlive this object; until it is gone
  // or Next() has said that no batch is left, nobody else may use the reader.
  ReadAhead(RowReader& reader, TaskPool& pool);

  // Returns the next batch, valid until the call after; null when there are none left. Errors as of
  // RowReader::Next, after all batches before them.
  absl::StatusOr<RowBatch*> Next();

  // Begins no further batch: Next() gives out what is read, then null; then the reader is at rest
  // behind the last batch that was given out. GoOn() takes it back.
  void Hold() { held_ = true; }
  bool held() const { return held_; }
  void GoOn();

 private:
  void Start();

  RowReader& reader_;
  std::array<RowBatch, 2> batches_;
  size_t reading_ = 0;  // The batch that is being read.
  bool more_ = true;    // Whether that one holds anything; written by the errand.
  bool held_ = false;
  bool resting_ = false;  // Whether a batch was not begun because of that.
  TaskPool::Errand errand_;
};

}  // namespace dq
