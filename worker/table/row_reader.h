// Reads a table as batches of rows, in as many passes as asked, whatever its format. Sits between
// the formats' readers, which implement it, and the chain. Not thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "worker/table/bad_row.h"
#include "worker/table/bytes/byte_source.h"
#include "worker/table/rejected_rows.h"
#include "worker/table/row_batch.h"
#include "worker/table/row_sink.h"
#include "worker/table/table_layout.h"

namespace dq {

class StateReader;
class StateWriter;

class RowReader {
 public:
  virtual ~RowReader() = default;

  const TableLayout& layout() const { return layout_; }
  const Dialect& dialect() const { return layout_.dialect; }
  // The names in the header as they are written there, or made up where there are none.
  const std::vector<std::string>& columns() const { return layout_.columns; }
  const ByteSource& source() const { return *source_; }
  // As of ByteSource.
  void AssumeContent(uint64_t fingerprint, std::string_view sha256) {
    source_->AssumeContent(fingerprint, sha256);
  }

  // Starts a pass from the first row. Bad rows, lines before the table and comments are written to
  // `rejects` (row,byte,reason,content; bytes that are not printable text as \xHH; what is longer
  // than kRejectContentBytesMax is cut and marked) unless it is null; `row` is empty for what is no
  // row.
  virtual absl::Status StartPass(RowSink* rejects) = 0;
  // Fills `batch` with the next rows; false when there are none left. A batch may come empty when
  // all its rows were bad. Errors of the source; PARSE_FAILED and ENCODING_INVALID under
  // BadRowPolicy::kFail, and for a row above the limit always.
  virtual absl::StatusOr<bool> Next(RowBatch& batch) = 0;
  // Saves where the pass stands between two batches.
  virtual void SavePlace(StateWriter& writer) const = 0;
  // Starts a pass that goes on at the saved place of another one over the same table: rows, counts
  // and rejects from there on are what they would have been. What comes before is read and not
  // looked at. CHECKPOINT_INVALID when the place cannot be; CANCELLED when `stop` says so.
  virtual absl::Status ResumePass(RowSink* rejects, StateReader& place,
                                  const std::function<bool()>& stop) = 0;
  // Says that none of the rows of this pass could be read, and why not the first: PARSE_FAILED or
  // ENCODING_INVALID. OK when a row could, or there was
  // none but repeated headers.
  virtual absl::Status CheckAnyRowRead() const = 0;

  // Of this pass: data rows so far (bad ones too), bad ones, blank lines and comments, which are no
  // rows, and rows that got empty cells because they were too short.
  int64_t rows() const { return counts_.rows; }
  int64_t rows_rejected() const { return counts_.rejected; }
  int64_t blank_lines() const { return counts_.blank_lines; }
  int64_t comment_lines() const { return counts_.comment_lines; }
  int64_t rows_padded() const { return counts_.padded; }
  // Rows with an opening quote that is not closed within the limit of a row: the lines behind their
  // first were read as rows.
  int64_t long_quotes() const { return counts_.long_quotes; }
  // Bad rows that repeat the header.
  int64_t repeated_headers() const { return counts_.repeated_headers; }

 protected:
  struct Counts {
    int64_t rows = 0;
    int64_t rejected = 0;
    int64_t blank_lines = 0;
    int64_t comment_lines = 0;
    int64_t padded = 0;
    int64_t long_quotes = 0;
    int64_t repeated_headers = 0;
  };

  RowReader(std::unique_ptr<ByteSource> source, TableLayout layout)
      : source_(std::move(source)), layout_(std::move(layout)) {}

  // What every pass starts with: the source, the rejects and the counts.
  void StartOver(RowSink* rejects);
  // Says in a batch how much of the source it stands for: all that was read since the last one.
  void CountInput(RowBatch& batch);
  void SaveCounts(StateWriter& writer) const;
  void RestoreCounts(StateReader& place);
  // Reads the source from its beginning up to byte `offset` of the text.
  absl::Status SkipTo(int64_t offset, const std::function<bool()>& stop);

  std::unique_ptr<ByteSource> source_;
  TableLayout layout_;
  Counts counts_;
  int64_t raw_counted_ = 0;  // Raw bytes that earlier batches of the pass stand for.
  RejectedRows rejected_;
};

}  // namespace dq
