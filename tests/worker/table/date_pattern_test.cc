// Dates as they are written, and only days that exist.
#include "worker/table/values/date_pattern.h"

#include <gtest/gtest.h>

#include "worker/table/values/value_type.h"

namespace dq {
namespace {

TEST(MatchesDate, LeapDaysOfTwoDigitYearsAreThoseOfThisCentury) {
  for (const char* day : {"29/02/00", "29/02/04", "29/02/96", "28/02/99", "31/12/00"}) {
    EXPECT_TRUE(MatchesDate(day, "d/m/y")) << day;
  }
  for (const char* day : {"29/02/01", "29/02/99", "30/02/00", "31/04/00", "00/01/00"}) {
    EXPECT_FALSE(MatchesDate(day, "d/m/y")) << day;
  }
}

TEST(MatchesDate, LeapDaysOfWholeYearsAreTheCalendars) {
  EXPECT_TRUE(MatchesDate("2000-02-29", "Y-m-d"));
  EXPECT_FALSE(MatchesDate("1900-02-29", "Y-m-d"));
  EXPECT_FALSE(MatchesDate("0000-02-29", "Y-m-d"));
}

TEST(MomentByPattern, IsThatOfTheSameDateWrittenInDigits) {
  EXPECT_EQ(MomentByPattern("3/14/2024", "m/d/Y"), MomentOf("2024-03-14"));
  EXPECT_EQ(MomentByPattern("Mon, 7 Aug 2023", "a, d b Y"), MomentOf("2023-08-07"));
  EXPECT_EQ(MomentByPattern("20240314", "Ymd"), MomentOf("2024-03-14"));
  EXPECT_EQ(MomentByPattern("1/2/69", "d/m/y"), MomentOf("1969-02-01"));
  EXPECT_EQ(MomentByPattern("1/2/68", "d/m/y"), MomentOf("2068-02-01"));
  EXPECT_EQ(MomentByPattern("14.03.2024 15:04:05", "d.m.Y H:M:S"), MomentOf("2024-03-14 15:04:05"));
  EXPECT_EQ(MomentByPattern("2024-03-14 15:04:05 +02:00", "Y-m-d H:M:S z"),
            MomentOf("2024-03-14T15:04:05+02:00"));
  EXPECT_EQ(MomentByPattern("12:30 AM", "h:M p"), 30 * 60);
  EXPECT_EQ(MomentByPattern("12:30 PM", "h:M p"), (12 * 60 + 30) * 60);
  EXPECT_EQ(MomentByPattern("14/3/2024", "m/d/Y"), std::nullopt);
}

}  // namespace
}  // namespace dq
