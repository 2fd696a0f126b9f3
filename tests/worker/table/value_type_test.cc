// What a text is.
#include "worker/table/values/value_type.h"

#include <gtest/gtest.h>

namespace dq {
namespace {

TEST(TypeOf, TellsTypesApart) {
  const std::pair<const char*, ValueType> cases[] = {
      {"0", ValueType::kInteger},
      {"-12", ValueType::kInteger},
      {"+7", ValueType::kInteger},
      {"007", ValueType::kText},
      {"1234567890123456789", ValueType::kText},
      {"1.50", ValueType::kDecimal},
      {"-0.5", ValueType::kDecimal},
      {"1.", ValueType::kText},
      {".5", ValueType::kText},
      {"1,5", ValueType::kText},
      {"1e5", ValueType::kText},
      {"2024-02-29", ValueType::kDate},
      {"2023-02-29", ValueType::kText},
      {"2024/12/31", ValueType::kDate},
      {"2024-12/31", ValueType::kText},
      {"31.12.2024", ValueType::kDate},
      {"31.13.2024", ValueType::kText},
      {"01.02.2024", ValueType::kDate},
      {"2024-01-01T10:30:00Z", ValueType::kDate},
      {"2024-01-01 10:30", ValueType::kDate},
      {"2024-01-01T10:30:00.123+02:00", ValueType::kDate},
      {"2024-01-01T25:00", ValueType::kText},
      {"2024-01-01x", ValueType::kText},
      {"true", ValueType::kBoolean},
      {"No", ValueType::kBoolean},
      {"nope", ValueType::kText},
      {"-", ValueType::kText},
      {"+49 30 123", ValueType::kText},
      {"Berlin", ValueType::kText},
      {"12:30", ValueType::kText},
  };
  for (const auto& [text, type] : cases) EXPECT_EQ(TypeOf(text), type) << text;
}

TEST(TrimSpace, TakesWhiteSpaceFromBothEnds) {
  EXPECT_EQ(TrimSpace(" \t a b\r\n"), "a b");
  EXPECT_EQ(TrimSpace("\xC2\xA0x\xC2\xA0 "), "x");
  EXPECT_EQ(TrimSpace(" \xC2\xA0 "), "");
}

TEST(MomentOf, ComparesDaysTimesAndZones) {
  const char* const ordered[] = {"1969-12-31",          "01.01.1970",
                                 "2020-01-05",          "2020/01/05 00:01",
                                 "2020-01-05T10:00:59", "2020-01-05T10:00:59.5Z",
                                 "2020-01-05T10:01",    "2020-02-01 01:30+02:00",
                                 "2020-01-31T23:45Z",   "2020-01-31T23:30-01:00"};
  for (size_t i = 1; i < std::size(ordered); ++i) {
    ASSERT_EQ(TypeOf(ordered[i]), ValueType::kDate) << ordered[i];
    EXPECT_LT(MomentOf(ordered[i - 1]), MomentOf(ordered[i])) << ordered[i];
  }
  EXPECT_EQ(MomentOf("1970-01-02T01:00:00.25+01:00"), 86400.25);
}

TEST(TypeCounter, NeedsNinetyFivePerCent) {
  TypeCounter counter;
  counter.Add(ValueType::kInteger, 19);
  counter.Add(ValueType::kText, 1);
  EXPECT_EQ(counter.Decide(), ValueType::kInteger);
  counter.Add(ValueType::kText, 1);
  EXPECT_EQ(counter.Decide(), ValueType::kText);
}

TEST(TypeCounter, DecimalCommasMakeThousandsOfPoints) {
  for (const char* text : {"12,5", "-0,75", "1.234,567", "1.234.567", "1234,567", "+1.000,5"}) {
    EXPECT_TRUE(IsCommaDecimal(text)) << text;
  }
  for (const char* text :
       {"1,234", "1,234,567", "1.23,4", "12,", ",5", "a,5", "1.2345,6", "1,5kg"}) {
    EXPECT_FALSE(IsCommaDecimal(text)) << text;
  }
  for (const char* text : {"1.000", "-12.345", "+123.456"}) EXPECT_TRUE(IsThousands(text)) << text;
  for (const char* text : {"0.123", "1.5", "1234.567", "1.0000"}) {
    EXPECT_FALSE(IsThousands(text)) << text;
  }
  TypeCounter counter;
  for (int i = 0; i < 40; ++i) counter.AddValue("1.000", ValueType::kDecimal);
  EXPECT_EQ(counter.Decide(), ValueType::kDecimal) << "nothing says what a point means";
  counter.AddValue("12,5", ValueType::kText);
  EXPECT_EQ(counter.Decide(), ValueType::kText);
  counter.AddValue("1.5", ValueType::kDecimal);
  EXPECT_EQ(counter.Decide(), ValueType::kDecimal) << "both occur: 12,5 is a mistake";
}

TEST(TypeCounter, IntegersAreDecimalsToo) {
  TypeCounter counter;
  counter.Add(ValueType::kInteger, 5);
  counter.Add(ValueType::kDecimal, 5);
  EXPECT_EQ(counter.Decide(), ValueType::kDecimal);
  EXPECT_EQ(counter.Conforming(ValueType::kDecimal), 10);
}

}  // namespace
}  // namespace dq
