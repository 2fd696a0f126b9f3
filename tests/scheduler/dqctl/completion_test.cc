// What shells are offered behind half-written command lines.
#include "scheduler/dqctl/completion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_split.h"
#include "scheduler/dqctl/options.h"

namespace dq::dqctl {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

using Words = std::vector<std::string>;

// The words that are offered, without their help.
Words Offered(const Words& words) {
  Words arguments = {std::string(kCompleteArgument)};
  arguments.insert(arguments.end(), words.begin(), words.end());
  const auto line = ParseCommandLine(arguments);
  EXPECT_TRUE(line.ok()) << line.status();
  EXPECT_FALSE(line->command.has_value());
  Words offered;
  for (const absl::string_view text : absl::StrSplit(line->help, '\n', absl::SkipEmpty())) {
    offered.emplace_back(text.substr(0, text.find('\t')));
  }
  return offered;
}

TEST(Completion, OffersTheCommandsThatBeginSo) {
  EXPECT_THAT(Offered({""}), Contains("clean"));
  EXPECT_THAT(Offered({}), Contains("clean"));
  EXPECT_THAT(Offered({"cl"}), ElementsAre("clean"));
  EXPECT_THAT(Offered({"job", "re"}), ElementsAre("resume", "retry"));
  EXPECT_THAT(Offered({"--project", "job", "job", "re"}), ElementsAre("resume", "retry"));
}

TEST(Completion, OffersTheFlagsOfTheCommandAndOfThoseItIsIn) {
  EXPECT_THAT(Offered({"job", "list", "--"}), Contains("--filter"));
  EXPECT_THAT(Offered({"job", "list", "--"}), Contains("--address"));
  EXPECT_THAT(Offered({"job", "list", "--he"}), ElementsAre("--help"));
  EXPECT_THAT(Offered({"job", "list", "--"}), Not(Contains("--merge")));
}

TEST(Completion, OffersTheValuesOfAFlag) {
  EXPECT_THAT(Offered({"clean", "in.csv", "--match", ""}),
              ElementsAre("exact", "normalised", "fuzzy"));
  EXPECT_THAT(Offered({"clean", "in.csv", "--match", "f"}), ElementsAre("fuzzy"));
  EXPECT_THAT(Offered({"clean", "in.csv", "--match=f"}), ElementsAre("--match=fuzzy"));
  EXPECT_THAT(Offered({"clean", "--match", "=", "f"}), ElementsAre("fuzzy"));
  EXPECT_THAT(Offered({"job", "list", "-o", "j"}), ElementsAre("json"));
  EXPECT_THAT(Offered({"completion", ""}), ElementsAre("bash", "zsh", "fish"));
}

TEST(Completion, OffersNothingWhereAnythingMayStand) {
  EXPECT_THAT(Offered({"clean", ""}), IsEmpty());
  EXPECT_THAT(Offered({"clean", "--report", ""}), IsEmpty());
  EXPECT_THAT(Offered({"job", "get", "j"}), IsEmpty());
  EXPECT_THAT(Offered({"completion", "bash", ""}), IsEmpty());
  EXPECT_THAT(Offered({"nothing", "--unknown=", "x"}), IsEmpty());
}

TEST(Completion, SaysWhatAnOfferIs) {
  EXPECT_THAT(ParseCommandLine({std::string(kCompleteArgument), "cl"})->help,
              StartsWith("clean\tClean a file"));
}

}  // namespace
}  // namespace dq::dqctl
