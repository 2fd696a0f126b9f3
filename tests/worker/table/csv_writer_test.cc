// Writing delimited text with the least quoting.
#include "worker/table/delimited/csv_writer.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include "common/base/error.h"
#include "common/base/unique_fd.h"
#include "tests/support/memory_file.h"

namespace dq {
namespace {

std::string Write(std::vector<std::string_view> cells, const Dialect& dialect = {}) {
  const MemoryFile file;
  OutputFile out(file.fd(), "the test file");
  CsvWriter writer(out, dialect);
  EXPECT_TRUE(writer.Add(cells).ok());
  EXPECT_TRUE(out.Finish().ok());
  return file.Content();
}

TEST(CsvWriter, QuotesOnlyWhatNeedsIt) {
  EXPECT_EQ(Write({"a", " b ", "5'"}), "a, b ,5'\n");
  EXPECT_EQ(Write({"a,b", "say \"hi\"", "x\ny", "x\ry"}),
            "\"a,b\",\"say \"\"hi\"\"\",\"x\ny\",\"x\ry\"\n");
  EXPECT_EQ(Write({"", ""}), ",\n");
}

TEST(CsvWriter, AnEmptyCellAloneIsQuotedSoThatItIsNoBlankLine) { EXPECT_EQ(Write({""}), "\"\"\n"); }

TEST(CsvWriter, KeepsTheDialect) {
  Dialect dialect;
  dialect.delimiter = ';';
  dialect.line_end = LineEnd::kCrLf;
  EXPECT_EQ(Write({"a,b", "c;d"}, dialect), "a,b;\"c;d\"\r\n");
  dialect.bom = true;
  std::string header;
  EXPECT_TRUE(CsvFormatter(dialect, CsvHeader{{"x", "y;"}}).AppendHeader(header).ok());
  EXPECT_EQ(header,
            "\xEF\xBB\xBF"
            "x;\"y;\"\r\n");
}

TEST(CsvFormatter, TellsWhatNeedsQuotesWhereverItIs) {
  for (size_t size = 1; size < 70; ++size) {
    for (size_t at = 0; at < size; ++at) {
      std::string cell(size, 'x');
      EXPECT_EQ(Write({cell}), cell + "\n");
      cell[at] = ',';
      EXPECT_EQ(Write({cell}), "\"" + cell + "\"\n");
    }
  }
}

TEST(CsvFormatter, OfTabsThatAreDelimitersNoneIsSpace) {
  Dialect dialect;
  dialect.delimiter = '\t';
  dialect.skip_space = true;
  RowBatch batch;
  batch.Reset(4);
  const std::string_view cells[] = {"1", "", "x", "N/A"};
  batch.AddRow({.number = 1, .source = "1\t\t \"x\"\tN/A", .quoted = true}, cells);
  batch.SetCell(0, 3, "");
  std::string out;
  EXPECT_TRUE(CsvFormatter(dialect, {}).AppendRows(out, batch, 0, 1).ok());
  EXPECT_EQ(out, "1\t \t \"x\"\t \n");
}

TEST(CsvWriter, AFullDiskIsATypedError) {
  const UniqueFd full(::open("/dev/full", O_WRONLY));
  OutputFile out(full.get(), "the test file");
  out.buffer() = "text";
  const absl::Status status = out.Finish();
  EXPECT_EQ(ReasonOf(status), "DISK_FULL");
  EXPECT_EQ(MetadataOf(status)["category"], "system");
}

}  // namespace
}  // namespace dq
