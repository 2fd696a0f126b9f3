// Reading and writing JSON Lines.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>
#include <sstream>

#include "common/base/error.h"
#include "nlohmann/json.hpp"
#include "tests/support/chain_harness.h"
#include "tests/support/memory_file.h"
#include "worker/table/json/json_lines_formatter.h"
#include "worker/table/json/json_object.h"
#include "worker/table/open_table.h"

namespace dq {
namespace {

using testing::ElementsAre;

ChainSpec Untouched() {
  ChainSpec spec;
  spec.stages = {CompleteOptions{.fill = FillMethod::kNone}};
  return spec;
}

TEST(JsonLines, WhatIsNotChangedIsWrittenAsItWas) {
  const std::string text =
      "{\"id\": 1, \"name\":\"Jos\\u00e9 \\\"x\\\"\", \"tags\":[1, {\"a\":2}]}\n"
      "{\"id\":1.10,\"late\":true}\n";
  const HarnessRun run = RunChainOnText(Untouched(), text);
  ASSERT_TRUE(run.status.ok()) << run.status;
  EXPECT_EQ(run.cleaned, text);
  const auto report = nlohmann::json::parse(run.report);
  EXPECT_EQ(report["dialect"]["format"], "json_lines");
  EXPECT_EQ(report["columns"].size(), 4u);
  EXPECT_EQ(report["columns"][1]["missing"], 1);
}

TEST(JsonLines, BecomesCsvWithAColumnForEveryKeyAndBack) {
  ChainSpec spec = Untouched();
  spec.form.output.format = OutputFormat::kCsv;
  const HarnessRun csv =
      RunChainOnText(spec, "{\"a\":1,\"b\":\"x, y\"}\n{\"c\":null,\"a\":[1,2]}\n{\"c\":\"z\"}\n");
  ASSERT_TRUE(csv.status.ok()) << csv.status;
  EXPECT_EQ(csv.cleaned, "a,b,c\n1,\"x, y\",\n\"[1,2]\",,\n,,z\n");
  spec.form.output.format = OutputFormat::kJsonLines;
  const HarnessRun json = RunChainOnText(spec, "a,a,,d\n1,007,x\"y,\n-2.5,z,,\n");
  EXPECT_EQ(json.cleaned,
            "{\"a\":1,\"a_2\":\"007\",\"column_3\":\"x\\\"y\",\"d\":null}\n"
            "{\"a\":-2.5,\"a_2\":\"z\",\"column_3\":null,\"d\":null}\n");
}

// What becomes of `text` in JSON Lines.
std::string JsonLinesOf(std::vector<StageSpec> stages, const char* text,
                        const char* reference = nullptr) {
  ChainSpec spec;
  spec.stages = std::move(stages);
  spec.form.output.format = OutputFormat::kJsonLines;
  if (reference != nullptr) spec.reference_key_columns = {"id"};
  const HarnessRun run = RunChainOnText(
      spec, text, reference == nullptr ? std::nullopt : std::optional<std::string>(reference));
  EXPECT_TRUE(run.status.ok()) << run.status;
  return run.cleaned;
}

TEST(JsonLines, AColumnIsNumbersOrTextsAsAWhole) {
  const CompleteOptions complete;
  EXPECT_EQ(JsonLinesOf({complete, DedupeOptions{}}, "zip,n,m\n75001,1.50,1\n06000,-2,+5\n"),
            "{\"zip\":\"75001\",\"n\":1.50,\"m\":\"1\"}\n"
            "{\"zip\":\"06000\",\"n\":-2,\"m\":\"+5\"}\n");
  // More digits than a double holds; a blank that is cleared, one around a number that is not.
  EXPECT_EQ(JsonLinesOf({complete}, "a,b,c\n123456789012345,1, 4\n1234567890123456,  ,5\n"),
            "{\"a\":\"123456789012345\",\"b\":1,\"c\":\" 4\"}\n"
            "{\"a\":\"1234567890123456\",\"b\":null,\"c\":\"5\"}\n");
}

TEST(JsonLines, WordsThatAreClearedLeaveNumbersAndThoseThatStayDoNot) {
  const char* const text = "id,n\n1,5\n2,n/a\n3,7\n";
  EXPECT_EQ(JsonLinesOf({CompleteOptions{.fill = FillMethod::kReference}}, text),
            "{\"id\":1,\"n\":5}\n{\"id\":2,\"n\":null}\n{\"id\":3,\"n\":7}\n");
  EXPECT_EQ(JsonLinesOf({CompleteOptions{.fill = FillMethod::kNone}}, text),
            "{\"id\":1,\"n\":\"5\"}\n{\"id\":2,\"n\":\"n/a\"}\n{\"id\":3,\"n\":\"7\"}\n");
}

TEST(JsonLines, WhatTheReferenceMayFillDecidesToo) {
  const CompleteOptions complete{.key_columns = {"id"}, .fill = FillMethod::kReference};
  EXPECT_EQ(JsonLinesOf({complete}, "id,n,m\n1,5,5\n2,,\n", "id,n,m\n1,5,5\n2,+6,6\n"),
            "{\"id\":1,\"n\":\"5\",\"m\":5}\n{\"id\":2,\"n\":\"+6\",\"m\":6}\n");
}

// The lines of the input with what a reference fills in for `tags`.
std::string FilledWith(const std::string& cell) {
  ChainSpec spec;
  spec.reference_key_columns = {"k"};
  spec.stages = {CompleteOptions{.key_columns = {"k"}, .fill = FillMethod::kReference}};
  const HarnessRun run = RunChainOnText(
      spec, "{\"k\":1,\"tags\":[\"a\"]}\n{\"k\":2,\"tags\":null}\n", "k,tags\n2," + cell + "\n");
  EXPECT_TRUE(run.status.ok()) << run.status;
  return run.cleaned;
}

TEST(JsonLines, OnlyWhatIsAListOrAnObjectIsWrittenAsOne) {
  const std::pair<std::string, std::string> cells[] = {
      {"[none found]", "\"[none found]\""},
      {"\"[1,\n2]\"", "\"[1,\\n2]\""},
      {"\"[1,\r2]\"", "\"[1,\\r2]\""},
      {"{", "\"{\""},
      {"[1] [2]", "\"[1] [2]\""},
      {"\"[1, {\"\"b\"\":[]}]\"", "[1, {\"b\":[]}]"},
      {"{}", "{}"},
  };
  for (const auto& [cell, value] : cells) {
    EXPECT_EQ(FilledWith(cell), "{\"k\":1,\"tags\":[\"a\"]}\n{\"k\":2,\"tags\":" + value + "}\n");
  }
}

TEST(JsonLines, AKeyThatWasNotThereWhenTheFileWasOpenedTellsThatItChanged) {
  TableLayout layout;
  layout.form.format = TableFormat::kJsonLines;
  layout.columns = {"a", "b"};
  layout.text_columns = {false, false};
  RowBatch batch;
  batch.Reset(2);
  const std::string_view cells[] = {"1", ""};
  batch.AddRow({.number = 1, .source = "{\"a\":1,\"q\":2}"}, cells);
  batch.SetCell(0, 0, "3");
  std::string out;
  const absl::Status status = JsonLinesFormatter(layout, {}).AppendRows(out, batch, 0, 1);
  EXPECT_EQ(ReasonOf(status), "INPUT_CHANGED") << status;
}

TEST(JsonLines, WithoutAProfileCellsOfCsvAreTexts) {
  EXPECT_EQ(JsonLinesOf({DedupeOptions{}}, "a,b\n1,x\n2,y\n"),
            "{\"a\":\"1\",\"b\":\"x\"}\n{\"a\":\"2\",\"b\":\"y\"}\n");
  EXPECT_EQ(JsonLinesOf({DedupeOptions{}}, "{\"a\":1,\"b\":\"2\"}\n{\"a\":1,\"b\":\"2\"}\n"),
            "{\"a\":1,\"b\":\"2\"}\n");
}

TEST(JsonLines, LinesThatAreNoObjectsAreRejectedWithTheirPlace) {
  const HarnessRun run =
      RunChainOnText(Untouched(),
                     "{\"a\":1}\n\n[1]\n{\"a\":\n{\"a\":1,\"a\":2}\n{\"a\":1} x\n{\"a\":[1,,2]}\n"
                     "{\"a\":01}\n{\"a\":\"\\u0000\"}\n{\"a\":\"\xFF\"}\n{\"a\":tru}\n");
  ASSERT_TRUE(run.status.ok()) << run.status;
  EXPECT_EQ(run.result.rows_in, 10);
  EXPECT_EQ(run.cleaned, "{\"a\":1}\n");
  EXPECT_THAT(run.rejects, testing::HasSubstr("\n2,9,invalid_json,[1]\n"));
  EXPECT_THAT(run.rejects, testing::HasSubstr("\n4,19,duplicate_key,"));
}

TEST(JsonLines, AByteOrderMarkIsNoPartOfTheFirstLine) {
  const std::string text = "{\"a\":1}\n{\"a\":2}\n";
  const HarnessRun run = RunChainOnText(Untouched(), "\xEF\xBB\xBF" + text);
  ASSERT_TRUE(run.status.ok()) << run.status;
  EXPECT_EQ(run.cleaned, text);
  EXPECT_EQ(run.result.rows_rejected, 0);
  std::string wide = "\xFF\xFE";
  for (const char c : text) wide += {c, '\0'};
  EXPECT_EQ(RunChainOnText(Untouched(), wide).cleaned, text);
}

TEST(JsonLines, WhatIsJsonButNotLinesOfItIsRefused) {
  for (const char* text : {"[{\"a\":1},{\"a\":2}]\n", "{\"a\n", "{}\n{}\n"}) {
    EXPECT_EQ(ReasonOf(RunChainOnText(Untouched(), text).status), "UNSUPPORTED_FORMAT") << text;
  }
}

TEST(JsonLines, ObjectsOverManyLinesAreRefusedWithAWayOut) {
  for (const char* text :
       {"[\n  {\n    \"a\": 1\n  },\n  {\n    \"a\": 2\n  }\n]\n",
        "{\n  \"a\": 1\n}\n{\n  \"a\": 2\n}\n", "[\n{\"a\":1},\n{\"a\":2}\n]\n"}) {
    const absl::Status status = RunChainOnText(Untouched(), text).status;
    EXPECT_EQ(ReasonOf(status), "UNSUPPORTED_FORMAT") << text;
    EXPECT_THAT(MessageOf(status), testing::HasSubstr("jq -c")) << text;
  }
}

TEST(JsonLines, ValuesOfAnySizeAreKeptAsTheyAreWritten) {
  const std::string text =
      "{\"n\":123456789012345678901234567890.5e-400,\"t\":\"\\ud83d\\ude00\",\"o\":{\"b\" : [ ]}}\n"
      "{\"n\":-0,\"t\":\"\\/\",\"o\":" +
      std::string(500, '[') + std::string(500, ']') + "}\n{\"n\":1E+2,\"t\":\"\",\"o\":[]}\n";
  const HarnessRun run = RunChainOnText(Untouched(), text);
  ASSERT_TRUE(run.status.ok()) << run.status;
  EXPECT_EQ(run.cleaned, text);
  EXPECT_EQ(run.result.rows_rejected, 0);
}

TEST(JsonLines, HalfOfASurrogatePairAndBottomlessNestingAreBadRows) {
  const std::string deep(100'000, '[');
  const HarnessRun run = RunChainOnText(
      Untouched(), "{\"a\":1}\n{\"a\":\"\\ud800\"}\n{\"a\":" + deep + std::string(100'000, ']') +
                       "}\n{\"a\":" + deep + "}\n{\"a\":\"\\udc00x\"}\n{\"a\":1,\"\\u0061\":2}\n");
  ASSERT_TRUE(run.status.ok()) << run.status;
  EXPECT_EQ(run.cleaned, "{\"a\":1}\n");
  EXPECT_EQ(run.result.rows_rejected, 5);
}

TEST(JsonLines, LongFilesAreReadInBatches) {
  std::string text;
  for (int i = 0; i < 40'000; ++i) {
    text +=
        "{\"n\":" + std::to_string(i) + ",\"s\":\"line \\t of " + std::string(30, 'x') + "\"}\n";
  }
  const HarnessRun run = RunChainOnText(Untouched(), text);
  ASSERT_TRUE(run.status.ok()) << run.status;
  EXPECT_EQ(run.result.rows_out, 40'000);
  EXPECT_EQ(run.cleaned, text);
}

// A line as it was written, value by value.
using Written = std::vector<std::pair<std::string, std::string>>;

std::string LineOf(const Written& values) {
  std::string line = "{";
  for (const auto& [key, token] : values) {
    if (line.size() > 1) line += " , ";
    line += '"' + key + "\": " + token;
  }
  return line + "}";
}

Written RandomLine(std::mt19937& random) {
  static constexpr const char* kTokens[] = {
      "1",       "1.50", "-2e3", "\"1\"", "\"red\"",  "\"N/A\"",   "null", "true", "\"\\u0041\\n\"",
      "[1, {}]", "\"\"", "7",    "\"?\"", "\"blue\"", "{\"x\": 1}"};
  static constexpr const char* kKeys[] = {"id", "a", "", "b", "c"};
  Written line;
  for (const size_t i : {0, 1, 2, 3, 4}) {
    if (random() % 5 == 0) continue;
    // A column of numbers, two of anything, two that are nearly a value.
    const size_t token = i == 0 ? random() % 3 : i < 3 ? random() % 15 : random() % 6 < 4 ? 4 : 5;
    line.emplace_back(kKeys[i], kTokens[token]);
  }
  if (random() % 3 == 0) std::reverse(line.begin(), line.end());
  return line;
}

// Rows and keys of the cells that the changes file names.
std::set<std::pair<size_t, std::string>> CellsOf(const std::string& changes) {
  std::set<std::pair<size_t, std::string>> cells;
  std::istringstream lines(changes);
  std::string line;
  for (std::getline(lines, line); std::getline(lines, line);) {
    const size_t comma = line.find(',');
    const std::string rest = line.substr(comma + 1);
    cells.emplace(std::stoul(line) - 1, rest.substr(0, rest.find(',')));
  }
  return cells;
}

// The value of a key as it stands in a line.
std::string TokenOf(const std::string& line, const std::string& key) {
  const size_t begin = line.find_first_not_of(' ', line.find('"' + key + "\":") + key.size() + 3);
  size_t size = 1;
  while (!nlohmann::json::accept(line.substr(begin, size)) ||
         std::string(" ,}").find(line[begin + size]) == std::string::npos) {
    if (begin + ++size > line.size()) return "not there";
  }
  return line.substr(begin, size);
}

TEST(JsonLines, WhatTheChangesFileDoesNotNameIsByteForByteWhatItWas) {
  size_t changed = 0;
  for (uint32_t seed = 0; seed < 300; ++seed) {
    std::mt19937 random(seed);
    std::vector<Written> lines(1 + random() % 40);
    std::string text;
    for (Written& line : lines) text += LineOf(line = RandomLine(random)) + "\n";
    ChainSpec spec;
    spec.stages = {CompleteOptions{.fill = FillMethod::kStatistic}};
    const HarnessRun run = RunChainOnText(spec, text);
    if (!run.status.ok()) continue;  // No line has a key.
    std::vector<std::string> keys;   // In the order in which they come first.
    for (const Written& written : lines) {
      for (const auto& [key, token] : written) {
        if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(key);
      }
    }
    const auto cells = CellsOf(run.changes);
    changed += cells.size();
    std::istringstream cleaned(run.cleaned);
    std::string line;
    for (size_t row = 0; row < lines.size(); ++row) {
      ASSERT_TRUE(std::getline(cleaned, line));
      ASSERT_TRUE(nlohmann::json::accept(line));
      Written expected = lines[row];
      for (auto& [key, token] : expected) {
        if (cells.contains({row, key})) token = TokenOf(line, key);
      }
      for (const std::string& key : keys) {
        const auto is = [&](const auto& value) { return value.first == key; };
        if (!cells.contains({row, key}) || std::any_of(expected.begin(), expected.end(), is)) {
          continue;
        }
        expected.emplace_back(key, TokenOf(line, key));
      }
      // Keys that were added stand behind the others, without blanks.
      std::string wanted =
          LineOf({expected.begin(), expected.begin() + static_cast<ptrdiff_t>(lines[row].size())});
      wanted.pop_back();
      for (size_t i = lines[row].size(); i < expected.size(); ++i) {
        wanted += (i == 0 ? "\"" : ",\"") + expected[i].first + "\":" + expected[i].second;
      }
      ASSERT_EQ(line, wanted + "}") << "seed " << seed << " row " << row + 1;
    }
  }
  EXPECT_GT(changed, 500U);
}

TEST(JsonNumber, IsAsJsonWritesIt) {
  for (const char* text : {"0", "-1", "1.5", "1e9", "-0.1E-3"}) EXPECT_TRUE(IsJsonNumber(text));
  for (const char* text : {"", "-", "01", "1.", ".5", "1e", "+1", "1x", "NaN"}) {
    EXPECT_FALSE(IsJsonNumber(text)) << text;
  }
}

TEST(OutputForms, FormulasAreGuardedAndNumbersAreNot) {
  ChainSpec spec = Untouched();
  spec.form.output.formula_guard = FormulaGuard::kOn;
  const HarnessRun run =
      RunChainOnText(spec, "a,=b\n=1+1,-5\n@x,+1.5\n-x,a=b\n\"\n=2\",\"\r=3\"\n");
  EXPECT_EQ(run.cleaned, "a,'=b\n'=1+1,-5\n'@x,+1.5\n'-x,a=b\n\"'\n=2\",\"'\r=3\"\n");
  EXPECT_THAT(run.result.notes,
              testing::Contains("6 cells of the cleaned file begin like formulas and got an "
                                "apostrophe before them (--formula-guard)."));
}

TEST(OutputForms, APackedOutputUnpacksToThePlainOne) {
  std::string text = "a,b\n";
  for (int i = 0; i < 50'000; ++i) text += std::to_string(i * 7919) + ",x\n";
  for (const Compression compression : {Compression::kGzip, Compression::kZstd}) {
    ChainSpec spec = Untouched();
    spec.form.output.compression = compression;
    const HarnessRun packed = RunChainOnText(spec, text);
    ASSERT_TRUE(packed.status.ok()) << packed.status;
    EXPECT_LT(packed.cleaned.size(), text.size() / 2);
    const HarnessRun again = RunChainOnText(Untouched(), packed.cleaned);
    EXPECT_EQ(again.cleaned, text);
  }
}

}  // namespace
}  // namespace dq
