// Reading and writing JSON Lines.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/error.h"
#include "nlohmann/json.hpp"
#include "tests/support/chain_harness.h"
#include "tests/support/memory_file.h"
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

TEST(JsonNumber, IsAsJsonWritesIt) {
  for (const char* text : {"0", "-1", "1.5", "1e9", "-0.1E-3"}) EXPECT_TRUE(IsJsonNumber(text));
  for (const char* text : {"", "-", "01", "1.", ".5", "1e", "+1", "1x", "NaN"}) {
    EXPECT_FALSE(IsJsonNumber(text)) << text;
  }
}

TEST(OutputForms, FormulasAreGuardedAndNumbersAreNot) {
  ChainSpec spec = Untouched();
  spec.form.output.formula_guard = FormulaGuard::kOn;
  const HarnessRun run = RunChainOnText(spec, "a,b\n=1+1,-5\n@x,+1.5\n-x,a=b\n");
  EXPECT_EQ(run.cleaned, "a,b\n'=1+1,-5\n'@x,+1.5\n'-x,a=b\n");
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
