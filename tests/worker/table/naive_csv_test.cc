// The reader of delimited text gives what a reader gives that looks at one byte after the other:
// the same rows with the same numbers, the same rejects with their places, the same counts.
#include "tests/support/naive_csv.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/support/memory_file.h"
#include "worker/table/csv_reader.h"

namespace dq {
namespace {

constexpr uint32_t kFiles = 6000;

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

absl::Status ReadAll(CsvReader& reader, NaiveTable& table) {
  RejectsOf rejects(table);
  if (absl::Status status = reader.StartPass(&rejects); !status.ok()) return status;
  RowBatch batch;
  for (;;) {
    const auto more = reader.Next(batch);
    if (!more.ok()) return more.status();
    if (!*more) break;
    for (size_t row = 0; row < batch.row_count(); ++row) {
      table.numbers.push_back(batch.row(row).number);
      table.rows.emplace_back();
      for (size_t i = 0; i < batch.column_count(); ++i) {
        table.rows.back().emplace_back(batch.cell(row, i));
      }
    }
  }
  table.rows_read = reader.rows();
  table.blank_lines = reader.blank_lines();
  table.comment_lines = reader.comment_lines();
  table.padded = reader.rows_padded();
  return absl::OkStatus();
}

// Mostly the signs of the dialect, so that small texts hold every case there is.
std::string TextOf(std::mt19937& random, const DialectChoice& dialect) {
  static constexpr std::string_view kPieces[] = {"\n", "\r\n", "\r", "a",  "bc",       "1",
                                                 " ",  "\t",   "\"", "\\", "\xC3\xA9", "#"};
  std::string text = random() % 8 == 0 ? "\xEF\xBB\xBF" : "";
  const char delimiter = *dialect.delimiter;
  text += std::string("x") + delimiter + "y" + delimiter + "z" +
          (dialect.line_end == LineEnd::kCr ? "\r" : "\n");
  const size_t pieces = random() % 60;
  for (size_t i = 0; i < pieces; ++i) {
    const size_t kind = random() % 100;
    if (kind < 35) {
      text += delimiter;
    } else if (kind < 55 && *dialect.quote != 0) {
      text.append(1 + random() % 2, *dialect.quote);
    } else if (kind < 60 && *dialect.escape != 0) {
      text += *dialect.escape;
    } else if (kind == 60) {
      text += random() % 2 == 0 ? std::string(1, '\0') : "\xFF";
    } else {
      text += kPieces[random() % std::size(kPieces)];
    }
  }
  return text;
}

DialectChoice DialectOf(std::mt19937& random) {
  const auto one_of = [&](std::string_view signs) { return signs[random() % signs.size()]; };
  DialectChoice dialect{.delimiter = one_of(",;\t| "),
                        .quote = one_of(std::string_view("\"\"'\0", 4)),
                        .escape = one_of(std::string_view("\0\0\\", 3)),
                        .comment = one_of(std::string_view("\0\0#", 3)),
                        .skip_space = random() % 4 == 0,
                        .line_end = static_cast<LineEnd>(random() % 3),
                        .skip_lines = 0,
                        .header = true};
  return dialect;
}

TEST(CsvReader, ReadsWhatANaiveReaderReads) {
  for (uint32_t seed = 0; seed < kFiles; ++seed) {
    std::mt19937 random(seed);
    CsvReaderOptions options;
    options.dialect = DialectOf(random);
    options.on_bad_row = random() % 3 == 0 ? BadRowPolicy::kPad : BadRowPolicy::kReject;
    options.batch_bytes = random() % 2 == 0 ? kBatchBytesDefault : 1 + random() % 80;
    const std::string text = TextOf(random, options.dialect);
    const MemoryFile file(text);
    const auto reader = CsvReader::Open(file.fd(), options);
    if (!reader.ok()) continue;  // A header that cannot be read, for example.
    NaiveTable read;
    const absl::Status status = ReadAll(**reader, read);
    ASSERT_TRUE(status.ok()) << status << " seed " << seed;
    ASSERT_EQ(read, ReadNaively(text, (*reader)->layout(), options.on_bad_row))
        << "seed " << seed << "\n"
        << text;
  }
}

// Wherever a batch ends, also in the middle of a quote, an escape or a line end.
TEST(CsvReader, ABatchMayEndAtEveryByte) {
  std::mt19937 random(7);
  for (int file_number = 0; file_number < 20; ++file_number) {
    CsvReaderOptions options;
    options.dialect = DialectOf(random);
    const std::string text = TextOf(random, options.dialect);
    const MemoryFile file(text);
    for (size_t bytes = 1; bytes <= text.size(); ++bytes) {
      options.batch_bytes = bytes;
      const auto reader = CsvReader::Open(file.fd(), options);
      if (!reader.ok()) break;
      NaiveTable read;
      ASSERT_TRUE(ReadAll(**reader, read).ok());
      ASSERT_EQ(read, ReadNaively(text, (*reader)->layout(), options.on_bad_row))
          << "file " << file_number << " batches of " << bytes;
    }
  }
}

}  // namespace
}  // namespace dq
