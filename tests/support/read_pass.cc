#include "tests/support/read_pass.h"

#include <utility>

#include "common/base/status_macros.h"
#include "worker/table/bytes/file_source.h"
#include "worker/table/row_sink.h"

namespace dq {
namespace {

class RejectsOf final : public RowSink {
 public:
  explicit RejectsOf(NaiveTable& table) : table_(table) {}
  absl::Status Add(std::span<const std::string_view> cells) override {
    table_.rejects.push_back({std::string(cells[0]), std::string(cells[1]), std::string(cells[2]),
                              std::string(cells[3])});
    return absl::OkStatus();
  }

 private:
  NaiveTable& table_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<CsvReader>> OpenCsv(int fd, const CsvReaderOptions& options) {
  DQ_ASSIGN_OR_RETURN(std::unique_ptr<FileSource> source, FileSource::Open(fd));
  return CsvReader::Open(std::move(source), options);
}

absl::Status ReadPass(RowReader& reader, NaiveTable& table) {
  RejectsOf rejects(table);
  if (absl::Status status = reader.StartPass(&rejects); !status.ok()) return status;
  if (absl::Status status = ReadRows(reader, table.rows, table.numbers); !status.ok()) {
    return status;
  }
  table.rows_read = reader.rows();
  table.blank_lines = reader.blank_lines();
  table.comment_lines = reader.comment_lines();
  table.padded = reader.rows_padded();
  return absl::OkStatus();
}

absl::Status ReadRows(RowReader& reader, std::vector<std::vector<std::string>>& rows,
                      std::vector<int64_t>& numbers) {
  RowBatch batch;
  for (;;) {
    const auto more = reader.Next(batch);
    if (!more.ok()) return more.status();
    if (!*more) return absl::OkStatus();
    for (size_t row = 0; row < batch.row_count(); ++row) {
      numbers.push_back(batch.row(row).number);
      rows.emplace_back();
      for (size_t column = 0; column < batch.column_count(); ++column) {
        rows.back().emplace_back(batch.cell(row, column));
      }
    }
  }
}

}  // namespace dq
