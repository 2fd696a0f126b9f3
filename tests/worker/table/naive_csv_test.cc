// The reader of delimited text gives what a reader gives that looks at one byte after the other:
// the same rows with the same numbers, the same rejects with their places, the same counts.
#include "tests/support/naive_csv.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/support/memory_file.h"
#include "tests/support/read_pass.h"
#include "worker/table/delimited/csv_reader.h"

namespace dq {
namespace {

constexpr uint32_t kFiles = 6000;

// Mostly the signs of the dialect, so that small texts hold every case there is.
std::string TextOf(std::mt19937& random, const DialectChoice& dialect) {
  static constexpr std::string_view kPieces[] = {"\n", "\r\n", "\r", "a",  "bc",       "1",
                                                 " ",  "\t",   "\"", "\\", "\xC3\xA9", "#"};
  std::string text = random() % 8 == 0 ? "\xEF\xBB\xBF" : "";
  const char delimiter = *dialect.delimiter;
  const std::string header = std::string(random() % 4 == 0 ? "\"x\"" : "x") + delimiter + "y" +
                             delimiter + "z" + (dialect.line_end == LineEnd::kCr ? "\r" : "\n");
  text += header;
  const size_t pieces = random() % 60;
  for (size_t i = 0; i < pieces; ++i) {
    const size_t kind = random() % 100;
    if (kind < 35) {
      text += delimiter;
    } else if (kind < 55 && *dialect.quote != 0) {
      text.append(1 + random() % 2, *dialect.quote);
    } else if (kind < 60 && *dialect.escape != 0) {
      text += *dialect.escape;
    } else if (kind > 96) {
      text += (kind == 97 ? "\xEF\xBB\xBF" : "") + header;
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
    const auto reader = OpenCsv(file.fd(), options);
    if (!reader.ok()) continue;  // A header that cannot be read, for example.
    NaiveTable read;
    const absl::Status status = ReadPass(**reader, read);
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
      const auto reader = OpenCsv(file.fd(), options);
      if (!reader.ok()) break;
      NaiveTable read;
      ASSERT_TRUE(ReadPass(**reader, read).ok());
      ASSERT_EQ(read, ReadNaively(text, (*reader)->layout(), options.on_bad_row))
          << "file " << file_number << " batches of " << bytes;
    }
  }
}

}  // namespace
}  // namespace dq
