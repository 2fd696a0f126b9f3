// The command line of `dq-worker run`: what it makes of flags, and what it says about wrong ones.
#include "worker/run_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/error.h"

namespace dq {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

absl::StatusOr<RunOptions> Parse(std::vector<std::string> flags) {
  for (const char* flag : {"--input=in.csv", "--output=out.csv", "--report=report.json"}) {
    flags.emplace_back(flag);
  }
  std::vector<char*> arguments;
  for (std::string& flag : flags) arguments.push_back(flag.data());
  return ParseRunOptions(arguments);
}

CompleteOptions CompleteOf(const RunOptions& options) {
  return std::get<CompleteOptions>(options.spec.stages.at(0));
}
DedupeOptions DedupeOf(const RunOptions& options) {
  return std::get<DedupeOptions>(options.spec.stages.back());
}

TEST(RunOptions, WithoutFlagsTheDefaultChainRuns) {
  const auto options = Parse({});
  ASSERT_TRUE(options.ok()) << options.status();
  ASSERT_EQ(options->spec.stages.size(), 2U);
  EXPECT_EQ(CompleteOf(*options).fill, FillMethod::kDependency);
  EXPECT_EQ(DedupeOf(*options).match, MatchKind::kNormalised);
  EXPECT_EQ(options->spec.memory_limit_bytes, kMemoryLimitBytesDefault);
  EXPECT_EQ(options->progress, ProgressStyle::kText);
}

TEST(RunOptions, EveryChoiceIsItsName) {
  const auto options = Parse({"--fill", "statistic", "--detect=vocabulary", "--match", "fuzzy",
                              "--on-bad-row", "pad", "--progress", "json"});
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_EQ(CompleteOf(*options).fill, FillMethod::kStatistic);
  EXPECT_EQ(CompleteOf(*options).detect, Detection::kVocabulary);
  EXPECT_EQ(DedupeOf(*options).match, MatchKind::kFuzzy);
  EXPECT_EQ(options->spec.form.on_bad_row, BadRowPolicy::kPad);
  EXPECT_EQ(options->progress, ProgressStyle::kJson);
}

TEST(RunOptions, TheIntermediateIsKeptForWhoNamesAFile) {
  const auto options = Parse({"--keep-intermediate", "filled.csv", "--profile", "profile.jsonl"});
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_TRUE(CompleteOf(*options).keep_intermediate);
  EXPECT_EQ(options->intermediate, "filled.csv");
  EXPECT_EQ(options->profile, "profile.jsonl");
  EXPECT_FALSE(CompleteOf(*Parse({})).keep_intermediate);
}

TEST(RunOptions, ConstantsAreGivenAColumnEach) {
  const auto options = Parse({"--fill", "statistic", "--statistic", "mode", "--fill-value",
                              "country=none, given", "--fill-value=n=a=b"});
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_EQ(CompleteOf(*options).statistic, Statistic::kMode);
  ASSERT_EQ(CompleteOf(*options).fill_values.size(), 2);
  EXPECT_EQ(CompleteOf(*options).fill_values[0].column, "country");
  EXPECT_EQ(CompleteOf(*options).fill_values[0].value, "none, given");
  EXPECT_EQ(CompleteOf(*options).fill_values[1].value, "a=b");
}

TEST(RunOptions, ListsAreCsvRecordsThatMayBeGivenAgain) {
  const auto options = Parse({"--dedupe-columns", R"(a,"b,c")", "--dedupe-columns", R"("d ""e""")",
                              "--missing", "-1", "--missing=-9,none"});
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_THAT(DedupeOf(*options).columns, ElementsAre("a", "b,c", R"(d "e")"));
  EXPECT_THAT(CompleteOf(*options).missing_tokens, ElementsAre("-1", "-9", "none"));
}

TEST(RunOptions, TheReferenceMayCallItsKeyColumnsOtherwise) {
  const auto same = Parse({"--reference", "r.csv", "--key", "id,area"});
  ASSERT_TRUE(same.ok()) << same.status();
  EXPECT_THAT(same->spec.reference_key_columns, ElementsAre("id", "area"));
  const auto other = Parse({"--reference", "r.csv", "--key", "id", "--reference-key", "code"});
  ASSERT_TRUE(other.ok()) << other.status();
  EXPECT_THAT(CompleteOf(*other).key_columns, ElementsAre("id"));
  EXPECT_THAT(other->spec.reference_key_columns, ElementsAre("code"));
}

TEST(RunOptions, SizesHaveUnits) {
  for (const char* size : {"2147483648", "2097152KiB", "2048MiB", "2GiB", "2G"}) {
    const auto options = Parse({"--memory-limit", size});
    ASSERT_TRUE(options.ok()) << options.status();
    EXPECT_EQ(options->spec.memory_limit_bytes, int64_t{1} << 31) << size;
  }
}

TEST(RunOptions, TheOutputsNameSaysHowItIsPackedUnlessAFlagDoes) {
  std::string flags[] = {"--input=i", "--report=r", "--output=o.csv.gz",
                         "--output-compression=none"};
  std::vector<char*> arguments;
  for (std::string& flag : flags) arguments.push_back(flag.data());
  EXPECT_EQ(ParseRunOptions(arguments)->spec.form.output.compression, Compression::kNone);
  arguments.pop_back();
  EXPECT_EQ(ParseRunOptions(arguments)->spec.form.output.compression, Compression::kGzip);
}

struct Wrong {
  std::vector<std::string> flags;
  const char* said;
};

TEST(RunOptions, AWrongFlagIsNamed) {
  const Wrong wrongs[] = {
      {{"--bogus", "1"}, "--bogus"},
      {{"--match", "fuzy"}, "--match: fuzy not in {exact,normalised,fuzzy}"},
      {{"--survivor", "newest:"}, "--survivor takes first, most_complete or newest:COL"},
      {{"--key", "id"}, "--key requires --reference"},
      {{"--reference", "r", "--key", "a", "--reference-key", "b,c"}, "as many columns as --key"},
      {{"--resume"}, "--resume requires --checkpoint-dir"},
      {{"--header", "--no-header"}, "--no-header"},
      {{"--threads", "0"}, "--threads"},
      {{"--memory-limit", "1KiB"}, "--memory-limit"},
      {{"--memory-limit", "much"}, "--memory-limit"},
      {{"--delimiter", "ab"}, "--delimiter"},
      {{"--checkpoint-interval", "30"}, "--checkpoint-interval takes a time such as 30s"},
      {{"--gate", "score>=x"}, "--gate takes a number from 0 to 100"},
      {{"--gate", "rows>1"}, "--gate knows"},
      {{"--missing", R"("a)"}, "--missing a list with a quote that is not closed"},
      {{"--chain", "complete,complete"}, "complete twice"},
      {{"--chain", "dedupe", "--fill", "none"}, "--fill is an option of the stage complete"},
      {{"--chain", "dedupe", "--reference", "r"}, "--reference is for the stage complete"},
      {{"--chain", "complete", "--merge"}, "--merge is an option of the stage dedupe"},
      {{"--match", "fuzzy", "--match-threshold", "1"}, "--match-threshold"},
      {{"--match", "fuzzy", "--match-threshold", "nan"}, "match_threshold"},
      {{"--min-confidence", "nan"}, "min_confidence"},
      {{"--gate", "score>=nan"}, "--gate takes a number"},
      {{"--match-threshold", "0.9"}, "match_threshold goes with match fuzzy"},
      {{"--duplicates", "drop"}, "--duplicates"},
      {{"--chain", "dedupe", "--profile", "p"}, "--profile is of the stage complete"},
      {{"--chain", "dedupe", "--keep-intermediate", "i"}, "--keep-intermediate is of the stage"},
      {{"--chain", "complete", "--keep-intermediate", "i"}, "keep_intermediate needs a stage"},
      {{"--statistic", "mean"}, "statistic goes with fill statistic"},
      {{"--fill-value", "country"}, "--fill-value takes COL=VALUE"},
      {{"--fill-value", "a=b", "--fill", "none"}, "fill_values do not go with fill none"},
      {{"--fill-value", "a=b", "--fill-value", "a=c"}, "names column \"a\" twice"},
      {{"--duplicates", "keep", "--merge"}, "merge does not go with duplicates keep"},
  };
  for (const Wrong& wrong : wrongs) {
    const auto options = Parse(wrong.flags);
    ASSERT_FALSE(options.ok()) << wrong.said;
    EXPECT_EQ(ReasonOf(options.status()), "BAD_FIELD") << options.status();
    EXPECT_THAT(MessageOf(options.status()), HasSubstr(wrong.said));
  }
  EXPECT_EQ(ReasonOf(Parse({"--chain", "polish"}).status()), "UNKNOWN_STAGE");
}

TEST(RunOptions, FilesAreNeeded) {
  const auto options = ParseRunOptions({});
  EXPECT_THAT(MessageOf(options.status()), HasSubstr("is required"));
  EXPECT_THAT(RunHelp(), HasSubstr("dq-worker run --input customers.csv"));
}

}  // namespace
}  // namespace dq
