// Dates as they are written, and only days that exist.
#include "worker/stages/complete/profile/date_pattern.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace dq
