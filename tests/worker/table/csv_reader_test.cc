// Reading delimited text: every edge of the format, bad rows, and any bytes at all.
#include "worker/table/delimited/csv_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "common/base/error.h"
#include "tests/support/memory_file.h"
#include "tests/support/read_pass.h"
#include "worker/table/table_sample.h"

namespace dq {
namespace {

using Rows = std::vector<std::vector<std::string>>;
using testing::ElementsAre;

class ListSink final : public RowSink {
 public:
  absl::Status Add(std::span<const std::string_view> cells) override {
    rows.emplace_back(cells.begin(), cells.end());
    return absl::OkStatus();
  }
  Rows rows;
};

struct ReadText {
  absl::Status status;
  std::vector<std::string> columns;
  Rows rows;
  std::vector<int64_t> numbers;
  Rows rejects;
  int64_t rows_read = 0;
  int64_t blank_lines = 0;
  bool operator==(const ReadText& other) const {
    return status == other.status && columns == other.columns && rows == other.rows &&
           numbers == other.numbers && rejects == other.rejects && rows_read == other.rows_read &&
           blank_lines == other.blank_lines;
  }
};

absl::Status ReadPass(CsvReader& reader, ReadText& read) {
  ListSink rejects;
  read.status = reader.StartPass(&rejects);
  if (absl::Status status = ReadRows(reader, read.rows, read.numbers); !status.ok()) {
    return status;
  }
  read.rejects = rejects.rows;
  read.rows_read = reader.rows();
  read.blank_lines = reader.blank_lines();
  return absl::OkStatus();
}

ReadText Read(std::string_view text, const CsvReaderOptions& options = {}) {
  const MemoryFile file(text);
  ReadText read;
  auto reader = OpenCsv(file.fd(), options);
  if (!reader.ok()) {
    read.status = reader.status();
    return read;
  }
  read.columns = (*reader)->columns();
  read.status = ReadPass(**reader, read);
  return read;
}

TEST(CsvReader, ReadsTheFormsThatRfc4180Allows) {
  const std::pair<const char*, Rows> cases[] = {
      {"a,b\n1,2\n", {{"1", "2"}}},
      {"a,b\n1,2", {{"1", "2"}}},
      {"a,b\r\n1,2\r\n", {{"1", "2"}}},
      {"a,b\r\n1,2\n3,4\r\n", {{"1", "2"}, {"3", "4"}}},
      {"a,b\r1,2\r3,4\r", {{"1", "2"}, {"3", "4"}}},
      {"a,b\n\"1\",\"2\"\n", {{"1", "2"}}},
      {"a,b\n\"1,5\",2\n", {{"1,5", "2"}}},
      {"a,b\n\"x\ny\",2\n", {{"x\ny", "2"}}},
      {"a,b\r\n\"x\r\ny\",2\r\n", {{"x\r\ny", "2"}}},
      {"a,b\n\"he said \"\"no\"\"\",2\n", {{"he said \"no\"", "2"}}},
      {"a,b\n\"\",\n", {{"", ""}}},
      {"a,b\n\"\"\"\",\"\"\"\"\"\"\n", {{"\"", "\"\""}}},
      {"a,b\n 1 , 2 \n", {{" 1 ", " 2 "}}},
      {"a,b\n5\" pipe,x\"y\"\n", {{"5\" pipe", "x\"y\""}}},
      {"a,b\n1,\"2\"", {{"1", "2"}}},
      {"a,b\n,\n", {{"", ""}}},
      {"a,b\n1,", {{"1", ""}}},
      {"a\n1\n\n3\n", {{"1"}, {""}, {"3"}}},
      {"a,b\n1,2\n\n3,4\n\n", {{"1", "2"}, {"3", "4"}}},
      {"\n\na,b\n1,2\n", {{"1", "2"}}},
      {"a;b\n1,5;2\n", {{"1,5", "2"}}},
      {"a\tb\n1\t2 3\n", {{"1", "2 3"}}},
      {"a|b\n1|2\n", {{"1", "2"}}},
      {"\xEF\xBB\xBF"
       "a,b\n1,2\n",
       {{"1", "2"}}},
      {"a,b\nGr\xC3\xBC\xC3\x9F,\xE2\x82\xAC\n", {{"Grüß", "€"}}},
      {"a,b\nx\ry,2\n", {{"x\ry", "2"}}},
      {"a,b\n", {}},
      {"a,b", {}},
  };
  for (const auto& [text, rows] : cases) {
    const ReadText read = Read(text);
    EXPECT_TRUE(read.status.ok()) << text << read.status;
    EXPECT_EQ(read.rows, rows) << text;
    EXPECT_TRUE(read.rejects.empty()) << text;
    EXPECT_EQ(read.columns[0], "a") << text;
  }
}

TEST(CsvReader, RowsKeepTheirNumbersWhenOthersAreRejected) {
  const ReadText read = Read("a,b\n1,2\n3\n4,5\n");
  EXPECT_THAT(read.numbers, ElementsAre(1, 3));
  EXPECT_EQ(read.rejects, (Rows{{"2", "8", "ragged", "3"}}));
}

TEST(CsvReader, BadRowsAreRejectedWithRowByteReasonAndContent) {
  const std::pair<std::string, std::vector<std::string>> cases[] = {
      {"1,2,3", {"ragged", "1,2,3"}},
      {"\xFF,2", {"invalid_utf8", "\\xff,2"}},
      {"\xC3,2", {"invalid_utf8", "\\xc3,2"}},
      {std::string("a\0b,2", 5), {"nul_byte", "a\\x00b,2"}},
      {std::string("\"a\0b\",2", 7), {"nul_byte", "\"a\\x00b\",2"}},
      {"\"a\"b,2", {"text_after_quote", "\"a\"b,2"}},
      {"\"he said \"\"no\"\"\"", {"ragged", "\"he said \"\"no\"\"\""}},
  };
  for (const auto& [row, expected] : cases) {
    const ReadText read = Read("a,b\n1,2\n" + row + "\n3,4\n");
    EXPECT_TRUE(read.status.ok()) << row;
    EXPECT_EQ(read.rows, (Rows{{"1", "2"}, {"3", "4"}})) << row;
    EXPECT_EQ(read.rejects, (Rows{{"2", "8", expected[0], expected[1]}})) << row;
  }
}

TEST(CsvReader, AHeaderThatComesAgainIsABadRow) {
  const std::pair<std::string, std::string> cases[] = {
      {"a,b", "a,b"},
      {"a,b", "\"a\",b"},
      {"a,b",
       "\xEF\xBB\xBF"
       "a,b"},
      {"\"a\",\"b\"", "\xEF\xBB\xBF\"a\",\"b\""},
      {"\"say \"\"a\"\"\",b", "\"say \"\"a\"\"\",b"},
      {",b,c", ",b,c"},
  };
  for (const auto& [header, again] : cases) {
    for (const BadRowPolicy policy : {BadRowPolicy::kReject, BadRowPolicy::kPad}) {
      CsvReaderOptions options;
      options.on_bad_row = policy;
      options.dialect.header = true;
      const std::string rest = header.starts_with(',') ? ",9\n" : "\n";
      const ReadText read = Read(header + "\n1,2" + rest + again + "\n3,4" + rest, options);
      EXPECT_THAT(read.numbers, ElementsAre(1, 3)) << again;
      ASSERT_EQ(read.rejects.size(), 1u) << again;
      EXPECT_EQ(read.rejects[0][2], "repeated_header") << again;
    }
  }
}

TEST(CsvReader, ARowThatHoldsOtherThingsBesideItsNamesIsData) {
  for (const std::string row : {"a,c", "A,b", "a,\"b \"", "a\"\",b"}) {
    EXPECT_EQ(Read("a,b\n1,2\n" + row + "\n").rows.size(), 2u) << row;
  }
  CsvReaderOptions options;
  options.dialect.header = false;
  EXPECT_EQ(Read("a,b\n1,2\na,b\n", options).rows.size(), 3u);
  EXPECT_EQ(Read("a\n1\na\n").rows.size(), 2u);
}

TEST(CsvReader, AHeaderThatWasMadeToFitIsToldAsItIsWritten) {
  const ReadText read = Read("x,y\n1,a,b\n2,c,d\n3,e,f\nx,y\n4,g,h\n");
  EXPECT_EQ(read.columns.size(), 3u);
  ASSERT_EQ(read.rejects.size(), 1u);
  EXPECT_EQ(read.rejects[0][2], "repeated_header");
}

TEST(CsvReader, OfALongBadRowTheRejectsShowTheBeginning) {
  std::string euros(1, 'x');
  while (euros.size() < 100'000) euros += "€";
  const ReadText read = Read("a,b\n1,2\n" + euros + "\n");
  const std::string& content = read.rejects.at(0)[3];
  const std::string mark = " [cut, " + std::to_string(euros.size()) + " bytes in all]";
  EXPECT_LE(content.size(), kRejectContentBytesMax + mark.size());
  EXPECT_TRUE(content.ends_with("€" + mark)) << content.substr(content.size() - 60);
}

TEST(CsvReader, AnUnterminatedQuoteCostsOneLineNotTheRestOfTheFile) {
  const ReadText read = Read("a,b\n1,\"oops\n2,x\n3,y\n");
  EXPECT_EQ(read.rows, (Rows{{"2", "x"}, {"3", "y"}}));
  EXPECT_EQ(read.rejects, (Rows{{"1", "4", "unterminated_quote", "1,\"oops"}}));
}

TEST(CsvReader, AStrayQuoteThatMeetsALaterOneCostsItsOwnLine) {
  const ReadText read = Read("a,b\n1,\"oops\n2,\"fine\"\n3,y\n");
  EXPECT_EQ(read.rows, (Rows{{"2", "fine"}, {"3", "y"}}));
  EXPECT_EQ(read.rejects.size(), 1u);
}

// Every line opens a quote that goes on behind it: scanned again from every line, this would take
// the whole afternoon.
TEST(CsvReader, AFileOfStrayQuotesIsReadInTimeLinearInItsSize) {
  std::string chained = "a,b,c\n";
  while (chained.size() < 4'000'000) chained += "x\",y,\"z\n";
  ReadText read = Read(chained);
  EXPECT_TRUE(read.rows.empty());
  EXPECT_EQ(static_cast<int64_t>(read.rejects.size()), read.rows_read);
  EXPECT_EQ(read.rejects[0][2], "unterminated_quote");
  CsvReaderOptions options;
  options.row_bytes_max = 1'000'000;
  const ReadText limited = Read(chained, options);
  EXPECT_EQ(limited.rows, read.rows);
  EXPECT_EQ(limited.rejects.size(), read.rejects.size());
  read = Read(chained + "x\" y\n1,2,3\n", options);
  EXPECT_EQ(read.rows, (Rows{{"1", "2", "3"}}));
}

TEST(CsvReader, FailPolicyNamesRowAndByte) {
  CsvReaderOptions options;
  options.on_bad_row = BadRowPolicy::kFail;
  ReadText read = Read("a,b\n1,2\n3\n", options);
  EXPECT_EQ(ReasonOf(read.status), "PARSE_FAILED");
  EXPECT_EQ(MetadataOf(read.status)["row"], "2");
  EXPECT_EQ(MetadataOf(read.status)["byte"], "8");
  read = Read("a,b\n1,\xFF\n", options);
  EXPECT_EQ(ReasonOf(read.status), "ENCODING_INVALID");
}

TEST(CsvReader, PadPolicyFillsShortRowsAndStillRejectsLongOnes) {
  CsvReaderOptions options;
  options.on_bad_row = BadRowPolicy::kPad;
  const ReadText read = Read("a,b\n1\n1,2,3\n", options);
  EXPECT_EQ(read.rows, (Rows{{"1", ""}}));
  EXPECT_EQ(read.rejects.size(), 1u);
}

TEST(CsvReader, WhatIsNoTableIsRefusedWithAMessage) {
  const std::pair<std::string, const char*> cases[] = {
      {"", "UNSUPPORTED_FORMAT"},
      {"\n\n", "UNSUPPORTED_FORMAT"},
      {"\xEF\xBB\xBF", "UNSUPPORTED_FORMAT"},
      {"a,\"b\n1,2,3,4\n5,6,7,8\n", "PARSE_FAILED"},
      {"a,\xFF\n1,2\n", "ENCODING_INVALID"},
  };
  for (const auto& [text, reason] : cases) {
    const ReadText read = Read(text);
    EXPECT_EQ(ReasonOf(read.status), reason) << text;
    EXPECT_EQ(MetadataOf(read.status)["category"], "file") << text;
  }
}

// `columns` names of 30 bytes, then two rows.
std::string WideText(size_t columns, char delimiter, std::string_view line_end) {
  std::string text;
  for (const char cell : {'n', '1', '2'}) {
    for (size_t i = 0; i < columns; ++i) {
      if (i > 0) text += delimiter;
      text += std::string(cell == 'n' ? 30 : 1, cell);
    }
    text += line_end;
  }
  return text;
}

TEST(CsvReader, AHeaderLongerThanTheFirstSampleIsRead) {
  for (const char* line_end : {"\n", "\r\n", "\r"}) {
    const MemoryFile file(WideText(5000, ';', line_end));
    const auto reader = OpenCsv(file.fd(), {});
    ASSERT_TRUE(reader.ok()) << reader.status();
    EXPECT_EQ((*reader)->columns().size(), 5000u);
    EXPECT_EQ(LineEndText((*reader)->dialect().line_end), line_end);
  }
}

TEST(CsvReader, ALineEndThatTheSampleCutsInTwoIsStillOne) {
  for (const size_t at : {kSampleBytes - 2, kSampleBytes - 1, kSampleBytes}) {
    std::string text = "a,";
    text += std::string(at - text.size(), 'b') + "\r\n";
    for (int i = 0; i < 30; ++i) text += "1,2\r\n";
    const ReadText read = Read(text);
    EXPECT_EQ(read.rows.size(), 30u) << at;
    EXPECT_EQ(read.columns.size(), 2u) << at;
    EXPECT_EQ(read.rows[0][1], "2") << at;
  }
}

TEST(CsvReader, BlankLinesBeforeTheHeaderAreSkippedHoweverMany) {
  const std::string blank(3 * kSampleBytes, '\n');
  EXPECT_EQ(ReasonOf(Read(blank).status), "UNSUPPORTED_FORMAT");
  EXPECT_EQ(Read(blank + "a;b\n1;2\n").rows, (Rows{{"1", "2"}}));
}

TEST(CsvReader, TooManyColumnsAreRefused) {
  const ReadText read = Read(std::string(kColumnsMax, ',') + "\n");
  EXPECT_EQ(ReasonOf(read.status), "UNSUPPORTED_FORMAT");
}

TEST(CsvReader, ARowAboveTheLimitFailsUnlessAQuoteIsToBlame) {
  CsvReaderOptions options;
  options.batch_bytes = 64;
  options.row_bytes_max = 1024;
  ReadText read = Read("a,b\n1," + std::string(3000, 'x') + "\n", options);
  EXPECT_EQ(ReasonOf(read.status), "PARSE_FAILED");
  std::string text = "a,b\n1,\"oops\n";
  for (int i = 0; i < 1000; ++i) text += "2,x\n";
  read = Read(text, options);
  EXPECT_TRUE(read.status.ok()) << read.status;
  EXPECT_EQ(read.rows.size(), 1000u);
  ASSERT_EQ(read.rejects.size(), 1u);
  EXPECT_THAT(read.rejects[0], ElementsAre("1", "4", "quote_beyond_limit", "1,\"oops"));
  options.on_bad_row = BadRowPolicy::kFail;
  EXPECT_EQ(ReasonOf(Read(text, options).status), "PARSE_FAILED");
}

TEST(CsvReader, AFileThatChangesBetweenTwoPassesIsNoticed) {
  MemoryFile file("a,b\n1,2\n");
  auto reader = OpenCsv(file.fd(), {});
  ASSERT_TRUE(reader.ok());
  ReadText read;
  EXPECT_TRUE(ReadPass(**reader, read).ok());
  file.Replace("a,b\n1,3\n");
  EXPECT_EQ(ReasonOf(ReadPass(**reader, read)), "INPUT_CHANGED");
  file.Replace("a,b\n");
  EXPECT_EQ(ReasonOf(ReadPass(**reader, read)), "INPUT_CHANGED");
}

TEST(CsvReader, WhatBadRowsHaveShownIsForgottenInTheNextPass) {
  const std::string text = "a,b\n\"x, y\",\"say\"b\n\"x, y\"3\r\n\",4\r\n,\"say \"\"hi\"";
  const MemoryFile file(text);
  auto reader = OpenCsv(file.fd(), {});
  ASSERT_TRUE(reader.ok()) << reader.status();
  ReadText first;
  ReadText second;
  EXPECT_TRUE(ReadPass(**reader, first).ok());
  EXPECT_TRUE(ReadPass(**reader, second).ok());
  EXPECT_EQ(first, second);
}

TEST(CsvReader, TheDigestIsThatOfTheWholeFile) {
  const MemoryFile file("abc");
  auto reader = OpenCsv(file.fd(), {});
  ASSERT_TRUE(reader.ok());
  EXPECT_EQ((*reader)->source().sha256(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(CsvReader, AnEscapeMakesTheNextSpecialByteData) {
  CsvReaderOptions options;
  options.dialect = {.quote = '\'', .escape = '\\'};
  const ReadText read = Read(R"(a,b
'arnie morton\'s','say \\'
x\,y,C:\dir
'it''s',\'
'\',',z
)",
                             options);
  EXPECT_THAT(read.rows,
              ElementsAre(ElementsAre("arnie morton's", "say \\"), ElementsAre("x,y", "C:\\dir"),
                          ElementsAre("it's", "'"), ElementsAre("',", "z")));
}

TEST(CsvReader, SpaceBehindDelimitersAndAroundQuotesIsNoDataWhenTheDialectSaysSo) {
  CsvReaderOptions options;
  options.dialect = {.skip_space = true};
  const ReadText read = Read("a, b\n\"x, y\" , \" z\"\n 1,  2 3\n", options);
  EXPECT_THAT(read.columns, ElementsAre("a", "b"));
  EXPECT_THAT(read.rows, ElementsAre(ElementsAre("x, y", " z"), ElementsAre("1", "2 3")));
}

TEST(CsvReader, CommentsAreNoRowsAndGoToTheRejects) {
  CsvReaderOptions options;
  options.dialect = {.comment = '#'};
  const ReadText read = Read("# it's \"so\na,b\n1,#\n#3,4\r\n\"#\",6\n#", options);
  EXPECT_THAT(read.columns, ElementsAre("a", "b"));
  EXPECT_THAT(read.rows, ElementsAre(ElementsAre("1", "#"), ElementsAre("#", "6")));
  EXPECT_THAT(read.rejects, ElementsAre(ElementsAre("", "0", "preamble", "# it's \"so"),
                                        ElementsAre("", "19", "comment", "#3,4"),
                                        ElementsAre("", "31", "comment", "#")));
}

TEST(CsvReader, WithoutAQuoteQuotesAreData) {
  CsvReaderOptions options;
  options.dialect = {.delimiter = '\t', .quote = '\0'};
  const ReadText read = Read("a\tb\n\"x\ty\"\n", options);
  EXPECT_THAT(read.rows, ElementsAre(ElementsAre("\"x", "y\"")));
}

constexpr DialectChoice kPlainComma = {.delimiter = ',',
                                       .quote = '"',
                                       .escape = '\0',
                                       .comment = '\0',
                                       .skip_space = false,
                                       .skip_lines = 0,
                                       .header = true};

// Texts of the bytes that matter, seeded.
std::string RandomText(uint32_t seed) {
  static constexpr std::string_view kPieces[] = {",",  ",",        "\n",   "\n", "\r\n",
                                                 "\r", "\"",       "\"\"", "a",  "b1",
                                                 ";",  "\xC3\xA9", "\xFF", " ",  "0"};
  std::mt19937 random(seed);
  std::string text = "a,b,c\n";
  const size_t pieces = random() % 400;
  for (size_t i = 0; i < pieces; ++i) text += kPieces[random() % std::size(kPieces)];
  if (random() % 8 == 0) text += '\0';
  return text;
}

TEST(CsvReader, TheSizeOfBatchesNeverChangesWhatIsRead) {
  const DialectChoice dialects[] = {
      kPlainComma,
      {.delimiter = ',', .quote = '"', .escape = '1', .skip_lines = 0, .header = true},
      {.delimiter = ',', .comment = 'a', .skip_space = true, .skip_lines = 0, .header = true},
      {.delimiter = ',', .quote = '\0', .escape = ';', .line_end = LineEnd::kCr}};
  for (uint32_t seed = 0; seed < 600; ++seed) {
    const std::string text = RandomText(seed);
    CsvReaderOptions options;
    options.dialect = dialects[seed % std::size(dialects)];
    const ReadText whole = Read(text, options);
    for (const size_t bytes : {1, 7, 64, 100}) {
      options.batch_bytes = bytes;
      ASSERT_EQ(Read(text, options), whole) << "seed " << seed << " batch " << bytes;
    }
  }
}

// What the scanner remembers of a bad record saves time and nothing else.
TEST(RecordScanner, ABadRecordNeverChangesHowLaterOnesAreRead) {
  for (uint32_t seed = 2000; seed < 2600; ++seed) {
    std::string text = RandomText(seed);
    const size_t size = text.size();
    text.resize(size + kIndexPaddingBytes);
    RecordScanner scanner({});
    scanner.Start(text.data(), size, RecordScanner::Tail::kLast);
    while (!scanner.AtEnd()) {
      const size_t begin = scanner.position();
      RecordScanner fresh({});
      fresh.Start(text.data() + begin, size - begin, RecordScanner::Tail::kLast);
      ASSERT_EQ(scanner.Next(), fresh.Next()) << "seed " << seed << " byte " << begin;
      ASSERT_EQ(scanner.record().bad, fresh.record().bad) << "seed " << seed << " byte " << begin;
      ASSERT_EQ(scanner.position(), begin + fresh.position()) << "seed " << seed;
    }
  }
}

// The same dialects as above, with windows so small that everything lies across their ends.
TEST(RecordScanner, HowMuchIsIndexedAtOnceNeverChangesWhatIsFound) {
  const Dialect dialects[] = {{},
                              {.escape = '1'},
                              {.delimiter = ';', .comment = 'a', .skip_space = true},
                              {.quote = '\0', .escape = ';', .line_end = LineEnd::kCr}};
  for (uint32_t seed = 3000; seed < 3600; ++seed) {
    std::string text = RandomText(seed);
    const size_t size = text.size();
    text.resize(size + kIndexPaddingBytes);
    const auto tail =
        seed % 3 == 0 ? RecordScanner::Tail::kMoreMayCome : RecordScanner::Tail::kLast;
    RecordScanner whole(dialects[seed % std::size(dialects)]);
    RecordScanner windows(dialects[seed % std::size(dialects)], 64);
    whole.Start(text.data(), size, tail);
    windows.Start(text.data(), size, tail);
    while (!whole.AtEnd()) {
      const ScanOutcome outcome = whole.Next();
      ASSERT_EQ(windows.Next(), outcome) << "seed " << seed << " byte " << whole.record().begin;
      ASSERT_EQ(windows.position(), whole.position()) << "seed " << seed;
      ASSERT_EQ(windows.record().bad, whole.record().bad) << "seed " << seed;
      ASSERT_EQ(windows.ResolvedCells(), whole.ResolvedCells()) << "seed " << seed;
      if (outcome == ScanOutcome::kIncomplete && !(whole.GiveUp() && windows.GiveUp())) break;
    }
  }
}

TEST(CsvReader, EveryRowIsReadOrRejected) {
  for (uint32_t seed = 1000; seed < 1600; ++seed) {
    CsvReaderOptions options;
    options.dialect = kPlainComma;
    const ReadText read = Read(RandomText(seed), options);
    ASSERT_TRUE(read.status.ok()) << read.status << " seed " << seed;
    ASSERT_EQ(read.rows.size() + read.rejects.size(), static_cast<size_t>(read.rows_read))
        << "seed " << seed;
  }
}

TEST(CsvReader, AnyBytesAtAllAreSurvived) {
  for (uint32_t seed = 0; seed < 300; ++seed) {
    std::mt19937 random(seed);
    std::string text(random() % 2000, '\0');
    for (char& c : text) c = static_cast<char>(random());
    CsvReaderOptions options;
    options.batch_bytes = 1 + random() % 300;
    const ReadText read = Read(text, options);
    if (!read.status.ok()) {
      EXPECT_FALSE(ReasonOf(read.status).empty()) << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace dq
