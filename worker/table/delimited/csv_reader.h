// Reads a delimited text file (CSV, TSV and the like) as batches of rows, in as many passes as
// asked. Sits on a ByteSource and RecordScanner; the chain runner and stage `complete` (for its
// reference) use it. Memory: one batch, or one row where that is longer. Not thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "worker/table/bad_row.h"
#include "worker/table/bytes/byte_source.h"
#include "worker/table/bytes/file_error.h"
#include "worker/table/delimited/dialect_choice.h"
#include "worker/table/delimited/record_scanner.h"
#include "worker/table/read_options.h"
#include "worker/table/reject_content.h"
#include "worker/table/row_batch.h"
#include "worker/table/row_reader.h"
#include "worker/table/row_sink.h"
#include "worker/table/table_limits.h"

namespace dq {

inline constexpr size_t kBatchCellsMax = size_t{256} << 10;

struct CsvReaderOptions {
  BadRowPolicy on_bad_row = BadRowPolicy::kReject;
  size_t batch_bytes = kBatchBytesDefault;  // Never changes what is read.
  size_t row_bytes_max = kRowBytesMax;
  DialectChoice dialect = {};  // What is not found out but given.
  FileForm form = {};          // What `source` was made of, for the layout.
};

class CsvReader final : public RowReader {
 public:
  // Finds the table; the first pass can begin. Errors are those of SampleTable.
  static absl::StatusOr<std::unique_ptr<CsvReader>> Open(std::unique_ptr<ByteSource> source,
                                                         const CsvReaderOptions& options);

  absl::Status StartPass(RowSink* rejects) override;
  absl::StatusOr<bool> Next(RowBatch& batch) override;
  absl::Status CheckAnyRowRead() const override;
  void SavePlace(StateWriter& writer) const override;
  absl::Status ResumePass(RowSink* rejects, StateReader& place,
                          const std::function<bool()>& stop) override;

 private:
  CsvReader(std::unique_ptr<ByteSource> source, const CsvReaderOptions& options,
            TableLayout layout);
  absl::Status WritePreamble();
  absl::Status Fill(RowBatch& batch, size_t bytes);
  void CarryAll(RowBatch& batch);
  void CarryFrom(const RowBatch& batch, size_t used);
  absl::Status TakeRows(RowBatch& batch);
  absl::Status TakeRecord(RowBatch& batch, ScanOutcome outcome);
  void AddRow(RowBatch& batch, const Record& record);
  void AddPadded(RowBatch& batch, const Record& record);
  absl::Status HandleLongRow(RowBatch& batch);
  BadRow Judge(const Record& record, ScanOutcome outcome);
  bool RepeatsHeader(const Record& record) const;
  absl::Status Reject(const RowBatch& batch, BadRow kind);
  std::string_view TextOf(const RowBatch& batch) const;
  FilePlace PlaceOfRow() const;
  bool IsBlank(const Record& record) const;
  std::string Explain(BadRow kind) const;
  int64_t ByteOf(size_t position) const;

  CsvReaderOptions options_;
  RecordScanner scanner_;
  std::vector<char> carry_;  // Bytes read that belong to later batches, from carry_begin_ on.
  size_t carry_begin_ = 0;
  size_t from_carry_ = 0;      // How many of them are in the batch at hand too.
  int64_t buffer_offset_ = 0;  // Of the batch's first byte in the file.
  bool skip_to_data_ = false;
  std::vector<std::string_view> padded_;
};

}  // namespace dq
