// Reads a delimited text file (CSV, TSV and the like) as batches of rows, in as many passes as
// asked. Sits on a ByteSource and RecordScanner; the chain runner and stage `complete` (for its
// reference) use it. Memory: one batch, or one row where that is longer. Not thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "worker/table/bad_row.h"
#include "worker/table/byte_source.h"
#include "worker/table/dialect.h"
#include "worker/table/file_error.h"
#include "worker/table/record_scanner.h"
#include "worker/table/row_batch.h"
#include "worker/table/row_sink.h"

namespace dq {

inline constexpr size_t kRowBytesMax = size_t{64} << 20;
inline constexpr size_t kRejectContentBytesMax = size_t{64} << 10;  // Of a row; the rest is cut.
inline constexpr size_t kBatchBytesDefault = size_t{512} << 10;
inline constexpr size_t kBatchCellsMax = size_t{256} << 10;

struct CsvReaderOptions {
  BadRowPolicy on_bad_row = BadRowPolicy::kReject;
  size_t batch_bytes = kBatchBytesDefault;  // Never changes what is read.
  size_t row_bytes_max = kRowBytesMax;
  std::optional<Dialect> dialect = {};  // Unset: found from the first bytes.
};

class CsvReader {
 public:
  // Detects the dialect and reads the header; the first pass can begin. UNSUPPORTED_FORMAT as by
  // DetectDialect and for more than kColumnsMax columns; PARSE_FAILED or ENCODING_INVALID for a
  // header that is not well formed.
  static absl::StatusOr<std::unique_ptr<CsvReader>> Open(std::unique_ptr<ByteSource> source,
                                                         const CsvReaderOptions& options);
  // The same over the bytes of a regular file; `fd` must outlive the reader.
  static absl::StatusOr<std::unique_ptr<CsvReader>> Open(int fd, const CsvReaderOptions& options);

  const Dialect& dialect() const { return dialect_; }
  // The names in the header, as they are written there.
  const std::vector<std::string>& columns() const { return columns_; }
  const ByteSource& source() const { return *source_; }

  // Starts a pass from the first data row. Bad rows are written to `rejects` (row,byte,reason,
  // content; bytes that are not printable text as \xHH; what is longer than kRejectContentBytesMax
  // is cut and marked) unless it is null.
  absl::Status StartPass(RowSink* rejects);
  // Fills `batch` with the next rows; false when there are none left. A batch may come empty when
  // all its rows were bad. INPUT_CHANGED as by FileSource; PARSE_FAILED and ENCODING_INVALID under
  // kFail, and for a row longer than `row_bytes_max` always.
  absl::StatusOr<bool> Next(RowBatch& batch);

  // Of this pass: data rows so far (bad ones too), bad ones, blank lines and comments, which are no
  // rows (comments are written to the rejects), and rows that got empty cells under kPad.
  int64_t rows() const { return rows_; }
  int64_t rows_rejected() const { return rows_rejected_; }
  int64_t blank_lines() const { return blank_lines_; }
  int64_t comment_lines() const { return comment_lines_; }
  // Says that none of the rows of this pass could be read, and why not the first: PARSE_FAILED or
  // ENCODING_INVALID. OK when a row could, or there was none.
  absl::Status CheckAnyRowRead() const;
  int64_t rows_padded() const { return rows_padded_; }

 private:
  CsvReader(std::unique_ptr<ByteSource> source, const CsvReaderOptions& options,
            const Dialect& dialect);
  absl::Status ReadHeader();
  absl::Status SetColumns(const Record& record);
  absl::Status CheckHeader(const Record& record);
  absl::Status Fill(RowBatch& batch, size_t bytes);
  void CarryAll(RowBatch& batch);
  void CarryFrom(const RowBatch& batch, size_t used);
  absl::Status TakeRows(RowBatch& batch);
  absl::Status TakeRecord(RowBatch& batch, ScanOutcome outcome);
  absl::Status HandleLongRow(RowBatch& batch);
  BadRow Judge(const Record& record, ScanOutcome outcome);
  absl::Status Reject(const RowBatch& batch, BadRow kind);
  absl::Status SetAside(const RowBatch& batch, std::string_view reason);
  absl::Status FailRow(BadRow kind) const;
  FilePlace PlaceOfRow() const;
  bool IsBlank(const Record& record) const;
  std::string Explain(BadRow kind) const;
  int64_t ByteOf(size_t position) const;

  std::unique_ptr<ByteSource> source_;
  CsvReaderOptions options_;
  Dialect dialect_;
  RecordScanner scanner_;
  std::vector<std::string> columns_;
  RowSink* rejects_ = nullptr;
  std::vector<char> carry_;  // Bytes read that belong to later batches, from carry_begin_ on.
  size_t carry_begin_ = 0;
  size_t from_carry_ = 0;      // How many of them are in the batch at hand too.
  int64_t buffer_offset_ = 0;  // Of the batch's first byte in the file.
  int64_t data_offset_ = 0;    // Of the first data row.
  int64_t raw_counted_ = 0;    // Raw bytes that earlier batches stand for.
  bool skip_to_data_ = false;
  std::vector<std::string_view> padded_;
  int64_t rows_ = 0;
  int64_t rows_rejected_ = 0;
  BadRow first_bad_ = BadRow::kNone;  // Of the first row rejected in this pass, with its place.
  std::string first_bad_text_;
  FilePlace first_bad_place_;
  int64_t blank_lines_ = 0;
  int64_t comment_lines_ = 0;
  int64_t rows_padded_ = 0;
};

}  // namespace dq
