// The text form of a chain between the worker and its child.
#include "worker/chain/chain_spec.h"

#include <gtest/gtest.h>

#include "common/base/error.h"

namespace dq {
namespace {

ChainSpec FullSpec() {
  ChainSpec spec;
  spec.stages = {CompleteOptions{.key_columns = {"id", "naïve \"key\""},
                                 .fill = FillMethod::kStatistic,
                                 .missing_tokens = {"9999"},
                                 .not_missing_tokens = {"none"},
                                 .min_confidence = 0.7,
                                 .detect = Detection::kVocabulary,
                                 .statistic = Statistic::kMean,
                                 .fill_values = {{"country", "none given"}},
                                 .keep_intermediate = true},
                 DedupeOptions{.columns = {"email"},
                               .match = MatchKind::kFuzzy,
                               .duplicates = DuplicateHandling::kKeep,
                               .match_threshold = 0.9}};
  spec.gate =
      ChainGate{.min_score = 90, .max_duplicate_ratio = 0.1, .fail_on_schema_mismatch = true};
  spec.reference_key_columns = {"id"};
  spec.memory_limit_bytes = int64_t{64} << 20;
  spec.threads = 2;
  spec.form.on_bad_row = BadRowPolicy::kPad;
  spec.form.input = {.format = TableFormat::kDelimited,
                     .encoding = TextEncoding::kLatin1,
                     .dialect = {.delimiter = '\t',
                                 .quote = '\0',
                                 .escape = '\\',
                                 .comment = '#',
                                 .skip_space = false,
                                 .line_end = LineEnd::kCr,
                                 .skip_lines = 2,
                                 .header = false}};
  spec.form.output = {OutputFormat::kJsonLines, Compression::kZstd, FormulaGuard::kOn};
  spec.display_name = "customers.csv";
  spec.input_sha256 = std::string(64, 'a');
  return spec;
}

TEST(ChainSpec, EveryFieldSurvivesTheWayThroughText) {
  const std::string text = EncodeChainSpec(FullSpec());
  const auto read = DecodeChainSpec(text);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(EncodeChainSpec(*read), text);
  const auto& complete = std::get<CompleteOptions>(read->stages[0]);
  EXPECT_EQ(complete.key_columns[1], "naïve \"key\"");
  EXPECT_EQ(complete.fill, FillMethod::kStatistic);
  EXPECT_EQ(complete.detect, Detection::kVocabulary);
  EXPECT_EQ(complete.statistic, Statistic::kMean);
  ASSERT_EQ(complete.fill_values.size(), 1);
  EXPECT_EQ(complete.fill_values[0].column, "country");
  EXPECT_EQ(complete.fill_values[0].value, "none given");
  EXPECT_TRUE(complete.keep_intermediate);
  const auto& dedupe = std::get<DedupeOptions>(read->stages[1]);
  EXPECT_EQ(dedupe.match, MatchKind::kFuzzy);
  EXPECT_EQ(dedupe.duplicates, DuplicateHandling::kKeep);
  EXPECT_EQ(dedupe.match_threshold, 0.9);
  EXPECT_EQ(read->gate->min_score, 90);
  EXPECT_EQ(read->form.on_bad_row, BadRowPolicy::kPad);
  EXPECT_EQ(read->threads, 2);
  EXPECT_EQ(read->form.input, FullSpec().form.input);
  EXPECT_EQ(read->form.output, FullSpec().form.output);
}

TEST(ChainSpec, FormsThatMakeNoSenseAreRefusedWithTheField) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"delimiter":"ab"})", "delimiter"},   {R"({"delimiter":"none"})", "delimiter"},
      {R"({"quote":"\u00e9"})", "quote"},       {R"({"encoding":"ebcdic"})", "encoding"},
      {R"({"skip_lines":"-1"})", "skip_lines"}, {R"({"header":"perhaps"})", "header"},
      {R"({"colour":"red"})", "colour"},        {R"({"delimiter":";","quote":";"})", "quote"}};
  for (const auto& [form, field] : cases) {
    const auto read =
        DecodeChainSpec(R"({"stages":[{"stage":"dedupe"}],"form":)" + std::string(form) + "}");
    EXPECT_EQ(ReasonOf(read.status()), "BAD_FIELD") << form;
    EXPECT_EQ(MetadataOf(read.status())["field"], field);
  }
}

TEST(ChainSpec, AbsentFieldsHaveTheirDefaults) {
  const auto read = DecodeChainSpec(R"({"stages":[{"stage":"complete"},{"stage":"dedupe"}]})");
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(std::get<CompleteOptions>(read->stages[0]).fill, FillMethod::kDependency);
  EXPECT_FALSE(read->gate.has_value());
  EXPECT_EQ(read->memory_limit_bytes, kMemoryLimitBytesDefault);
}

TEST(ChainSpec, AnUnknownStageIsNamed) {
  const auto read = DecodeChainSpec(R"({"stages":[{"stage":"polish"}]})");
  EXPECT_EQ(ReasonOf(read.status()), "UNKNOWN_STAGE");
  EXPECT_EQ(MetadataOf(read.status())["stage"], "polish");
  EXPECT_EQ(MetadataOf(read.status())["category"], "configuration");
}

TEST(ChainSpec, WrongTextsAreRefusedWithTheField) {
  const std::pair<const char*, const char*> cases[] = {
      {"{", "(root)"},
      {"[]", "(root)"},
      {"{}", "stages"},
      {R"({"stages":[]})", "stages"},
      {R"({"stages":[{"stage":"dedupe"}],"threads":0})", "threads"},
      {R"({"stages":[{"stage":"dedupe"}],"threads":"two"})", "threads"},
      {R"({"stages":[{"stage":"dedupe","match":"alike"}]})", "match"},
      {R"({"stages":[{"stage":"complete","min_confidence":2}]})", "min_confidence"},
      {R"({"stages":[{"stage":"complete","key_columns":[1]}]})", "key_columns"},
      {R"({"stages":[{"stage":"complete","statistic":"mean"}]})", "statistic"},
      {R"({"stages":[{"stage":"complete","fill":"statistic","statistic":"sum"}]})", "statistic"},
      {R"({"stages":[{"stage":"complete","fill_values":["a=b"]}]})", "fill_values"},
      {R"({"stages":[{"stage":"complete","fill":"none",
                      "fill_values":[{"column":"a","value":"b"}]}]})",
       "fill_values"},
      {R"({"stages":[{"stage":"complete","fill_values":[{"column":"a","value":" "}]}]})",
       "fill_values"},
      {R"({"stages":[{"stage":"complete","fill_values":[{"column":"a","value":"b\u0000"}]}]})",
       "fill_values"},
      {R"({"stages":[{"stage":"complete","fill_values":[{"column":"a","value":"b"},
                                                        {"column":"a","value":"c"}]}]})",
       "fill_values"},
      {R"({"stages":[{"stage":"dedupe"},{"stage":"complete","keep_intermediate":true}]})",
       "keep_intermediate"},
      {R"({"stages":[{"stage":"dedupe"}],"gate":{"min_score":101}})", "min_score"},
  };
  for (const auto& [text, field] : cases) {
    const auto read = DecodeChainSpec(text);
    EXPECT_EQ(ReasonOf(read.status()), "BAD_FIELD") << text;
    EXPECT_EQ(MetadataOf(read.status())["field"], field) << text;
  }
}

}  // namespace
}  // namespace dq
