#include "scheduler/api/filter_parser.h"

#include <gtest/gtest.h>

#include "common/base/error.h"

namespace dq {
namespace {

using Field = JobFilterTerm::Field;
using Op = JobFilterTerm::Op;

std::vector<JobFilterTerm> Parse(std::string_view filter) {
  auto terms = ParseFilter(filter);
  EXPECT_TRUE(terms.ok()) << terms.status();
  return terms.ok() ? *std::move(terms) : std::vector<JobFilterTerm>();
}

std::string PositionOfError(std::string_view filter) {
  const auto terms = ParseFilter(filter);
  EXPECT_EQ(ReasonOf(terms.status()), "FILTER_SYNTAX") << filter;
  return terms.ok() ? "none" : MetadataOf(terms.status())["position"];
}

TEST(FilterParser, EmptyFilterHasNoTerms) {
  EXPECT_TRUE(Parse("").empty());
  EXPECT_TRUE(Parse("  \n").empty());
}

TEST(FilterParser, TermsAreJoinedByAnd) {
  const auto terms = Parse("state = \"FAILED\" AND queue!=night AND labels.team = \"a b\"");
  ASSERT_EQ(terms.size(), 3U);
  EXPECT_EQ(terms[0].field, Field::kState);
  EXPECT_EQ(terms[0].op, Op::kEqual);
  EXPECT_EQ(terms[0].text, "FAILED");
  EXPECT_EQ(terms[1].field, Field::kQueue);
  EXPECT_EQ(terms[1].op, Op::kNotEqual);
  EXPECT_EQ(terms[1].text, "night");
  EXPECT_EQ(terms[2].field, Field::kLabel);
  EXPECT_EQ(terms[2].label, "team");
  EXPECT_EQ(terms[2].text, "a b");
}

TEST(FilterParser, NumbersAndTimesAreOrdered) {
  const auto terms = Parse(
      "quality_score >= 90.5 AND create_time<\"2026-11-22T03:00:00Z\" AND end_time <= "
      "2026-11-22T03:00:00+01:00");
  ASSERT_EQ(terms.size(), 3U);
  EXPECT_EQ(terms[0].op, Op::kGreaterEqual);
  EXPECT_EQ(terms[0].number, 90.5);
  EXPECT_EQ(terms[1].op, Op::kLess);
  EXPECT_EQ(terms[1].time, absl::FromUnixSeconds(1'795'316'400));
  EXPECT_EQ(terms[2].op, Op::kLessEqual);
  EXPECT_EQ(terms[2].time, absl::FromUnixSeconds(1'795'316'400 - 3600));
}

TEST(FilterParser, QuotesAndBackslashesAreEscaped) {
  EXPECT_EQ(Parse(R"(created_by = "a\"b\\c")").at(0).text, "a\"b\\c");
}

TEST(FilterParser, WorkersMayBeWrittenAsResourceNames) {
  EXPECT_EQ(Parse("worker = workers/w-1").at(0).text, "w-1");
  EXPECT_EQ(Parse("worker = \"w-1\"").at(0).text, "w-1");
}

TEST(FilterParser, ErrorsNameTheByte) {
  EXPECT_EQ(PositionOfError("colour = red"), "0");
  EXPECT_EQ(PositionOfError("labels. = x"), "0");
  EXPECT_EQ(PositionOfError("state"), "5");
  EXPECT_EQ(PositionOfError("state < QUEUED"), "6");
  EXPECT_EQ(PositionOfError("state = BORED"), "8");
  EXPECT_EQ(PositionOfError("state ="), "7");
  EXPECT_EQ(PositionOfError("queue = \"open"), "8");
  EXPECT_EQ(PositionOfError("queue = \"open\\"), "8");
  EXPECT_EQ(PositionOfError("queue = a queue = b"), "10");
  EXPECT_EQ(PositionOfError("queue = a OR queue = b"), "10");
  EXPECT_EQ(PositionOfError("queue = a AND"), "13");
  EXPECT_EQ(PositionOfError("verdict = GOOD"), "10");
  EXPECT_EQ(PositionOfError("quality_score > many"), "16");
  EXPECT_EQ(PositionOfError("quality_score > nan"), "16");
  EXPECT_EQ(PositionOfError("create_time > yesterday"), "14");
}

TEST(FilterParser, SizeIsLimited) {
  std::string many = "queue = a";
  for (size_t i = 0; i < kFilterTermsMax; ++i) many += " AND queue = a";
  EXPECT_EQ(ReasonOf(ParseFilter(many).status()), "FILTER_SYNTAX");
  EXPECT_EQ(PositionOfError(std::string(kFilterBytesMax + 1, ' ')), "4096");
}

}  // namespace
}  // namespace dq
