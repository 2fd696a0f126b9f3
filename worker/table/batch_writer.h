// Writes batches to a file: ranges of rows are formatted at the same time, and written in order
// beside what comes next. Not thread-safe.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "common/base/task_pool.h"
#include "worker/table/bytes/output_file.h"
#include "worker/table/row_formatter.h"

namespace dq {

class BatchWriter {
 public:
  // `file` and `pool` must outlive the writer; until Finish the file is the writer's alone.
  BatchWriter(OutputFile& file, std::unique_ptr<RowFormatter> formatter, TaskPool& pool);

  // Writes the header. Called first.
  absl::Status Start() { return formatter_->AppendHeader(file_.buffer()); }
  // Adds the rows of the batch that are not dropped; the batch is not needed afterwards. An error
  // of the disk may come with a later call.
  absl::Status Add(const RowBatch& batch);
  // Waits until everything is handed to the file, which is the caller's then; Add may follow.
  absl::Status Finish() { return errand_.Wait(); }
  // As of RowFormatter.
  int64_t cells_guarded() const { return formatter_->cells_guarded(); }

 private:
  // The text of a batch, by range of rows.
  using Parts = std::vector<std::string>;

  absl::Status Write(Parts& parts);

  OutputFile& file_;
  std::unique_ptr<RowFormatter> formatter_;
  TaskPool& pool_;
  std::array<Parts, 2> parts_;  // One is formatted while the other one is written.
  size_t formatting_ = 0;
  TaskPool::Errand errand_;
};

}  // namespace dq
