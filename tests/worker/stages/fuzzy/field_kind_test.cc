// Kinds of fields are found from values alone, and values of a kind are written in one way.
#include "worker/stages/dedupe/fuzzy/field_kind.h"

#include <gtest/gtest.h>

#include <cmath>

#include "worker/stages/dedupe/fuzzy/source_split.h"

namespace dq {
namespace {

TEST(CanonicalValue, PhonesAndCodesLoseTheirMarks) {
  EXPECT_EQ(CanonicalValue(FieldKind::kPhone, "310/246-1501", false), "3102461501");
  EXPECT_EQ(CanonicalValue(FieldKind::kPhone, "(310) 246 1501", false), "3102461501");
  EXPECT_EQ(CanonicalValue(FieldKind::kCode, "ab-12 3", false), "ab123");
}

TEST(CanonicalValue, DatesBecomeYearMonthDay) {
  EXPECT_EQ(CanonicalValue(FieldKind::kDate, "1971-06-24", false), "19710624");
  EXPECT_EQ(CanonicalValue(FieldKind::kDate, "24/06/1971", true), "19710624");
  EXPECT_EQ(CanonicalValue(FieldKind::kDate, "06/24/1971", false), "19710624");
  EXPECT_EQ(CanonicalValue(FieldKind::kDate, "1971-06-24 10:20:30", false), "19710624");
}

TEST(CanonicalValue, WordsForNothingAreNothing) {
  for (const char* word : {"n/a", "null", "-", "?", "unknown"}) {
    EXPECT_EQ(CanonicalValue(FieldKind::kName, word, false), "") << word;
  }
  EXPECT_EQ(CanonicalValue(FieldKind::kName, "anna", false), "anna");
}

TEST(QuantityOf, ReadsAmounts) {
  EXPECT_EQ(QuantityOf("$3,999.00"), 3999);
  EXPECT_EQ(QuantityOf("-12 eur"), -12);
  EXPECT_TRUE(std::isnan(QuantityOf("free")));
}

TEST(WritingOf, ValuesWrittenAlikeAreEqual) {
  EXPECT_EQ(WritingOf("310/246-1501"), WritingOf("415/99-7"));
  EXPECT_NE(WritingOf("310/246-1501"), WritingOf("310-246-1501"));
  EXPECT_NE(WritingOf("552"), WritingOf("10011646"));
}

}  // namespace
}  // namespace dq
