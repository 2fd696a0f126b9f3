// Reads JSON Lines, an object a line, as batches of rows. The columns are all keys of the file in
// the order in which they come first, so that no value is lost: opening reads the file once. A key
// that a line lacks and null are empty cells; objects and lists are cells of JSON text. Sits on a
// ByteSource. Memory: one batch, or one line where that is longer. Not thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "worker/table/bad_row.h"
#include "worker/table/bytes/file_error.h"
#include "worker/table/json/json_object.h"
#include "worker/table/read_options.h"
#include "worker/table/row_reader.h"

namespace dq {

class JsonLinesReader final : public RowReader {
 public:
  // Reads the file once for its keys; the first pass can begin. UNSUPPORTED_FORMAT: no line is an
  // object, or there are more than kColumnsMax keys, or they take more than a row may;
  // PARSE_FAILED: a line above the limit; CANCELLED.
  static absl::StatusOr<std::unique_ptr<JsonLinesReader>> Open(std::unique_ptr<ByteSource> source,
                                                               const FileForm& form,
                                                               const ReadOptions& read);

  absl::Status StartPass(RowSink* rejects) override;
  absl::StatusOr<bool> Next(RowBatch& batch) override;
  absl::Status CheckAnyRowRead() const override;
  void SavePlace(StateWriter& writer) const override;
  absl::Status ResumePass(RowSink* rejects, StateReader& place,
                          const std::function<bool()>& stop) override;

 private:
  JsonLinesReader(std::unique_ptr<ByteSource> source, const ReadOptions& read)
      : RowReader(std::move(source), {}),
        on_bad_row_(read.on_bad_row),
        batch_bytes_(read.batch_bytes) {}

  absl::Status FindColumns(const std::function<bool()>& stop);
  absl::Status AddColumns();
  absl::StatusOr<size_t> Fill(std::vector<char>& buffer);
  absl::Status TakeLine(RowBatch& batch, char* line, size_t size);
  BadRow TakeCells(char* line, size_t size);
  absl::Status Reject(BadRow kind, std::string_view line);

  BadRowPolicy on_bad_row_;
  size_t batch_bytes_;
  JsonObject object_;
  std::unordered_map<std::string, size_t> places_;  // Of columns, by key.
  size_t key_bytes_ = 0;                            // Of all of them.
  std::vector<std::string_view> cells_;
  std::vector<int64_t> filled_;  // By column, the number of the last line that had it.
  int64_t line_ = 0;             // Of this pass, all lines counted.
  std::string carry_;            // The beginning of a line that goes on behind the last batch.
  int64_t offset_ = 0;           // Of the batch's first byte in the text.
  int64_t line_offset_ = 0;      // Of the line at hand.
  char* copies_ = nullptr;  // Where the next line with escapes is copied to, in the batch's buffer.
};

}  // namespace dq
