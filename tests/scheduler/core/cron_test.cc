// Cron expressions: what is read, and when they fire, also where the clock is moved.
#include "scheduler/core/cron.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/base/error.h"

namespace dq {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

absl::TimeZone Zone(const std::string& name) {
  const auto zone = FindTimeZone(name);
  EXPECT_TRUE(zone.ok()) << zone.status();
  return zone.value_or(absl::UTCTimeZone());
}

// The next firings after a time "2026-03-29 01:00" of the zone, as times with their offsets.
std::vector<std::string> Firings(const std::string& cron, const std::string& zone_name,
                                 const std::string& after, int count) {
  const absl::TimeZone zone = Zone(zone_name);
  const auto expression = CronExpression::Parse(cron);
  EXPECT_TRUE(expression.ok()) << expression.status();
  absl::Time time;
  std::string error;
  EXPECT_TRUE(absl::ParseTime("%Y-%m-%d %H:%M", after, zone, &time, &error)) << error;
  std::vector<std::string> found;
  for (int i = 0; i < count && expression.ok(); ++i) {
    time = expression->NextAfter(time, zone);
    found.push_back(absl::FormatTime("%m-%d %H:%M %Ez", time, zone));
  }
  return found;
}

std::vector<std::string> InUtc(const std::string& cron, const std::string& after, int count = 3) {
  std::vector<std::string> found = Firings(cron, "UTC", after, count);
  for (std::string& text : found) text.resize(text.find(" +"));
  return found;
}

std::string Refusal(const std::string& cron) {
  const auto expression = CronExpression::Parse(cron);
  EXPECT_EQ(ReasonOf(expression.status()), "BAD_CRON") << cron;
  return MessageOf(expression.status());
}

TEST(Cron, ListsRangesStepsAndNames) {
  EXPECT_THAT(InUtc("*/20 * * * *", "2026-01-01 00:30"),
              ElementsAre("01-01 00:40", "01-01 01:00", "01-01 01:20"));
  EXPECT_THAT(
      InUtc("5,10-12 3 * * *", "2026-01-01 00:30", 5),
      ElementsAre("01-01 03:05", "01-01 03:10", "01-01 03:11", "01-01 03:12", "01-02 03:05"));
  EXPECT_THAT(InUtc("0 8-18/5 * * *", "2026-01-01 00:30"),
              ElementsAre("01-01 08:00", "01-01 13:00", "01-01 18:00"));
  EXPECT_THAT(InUtc("0 0 1 FEB,apr *", "2026-01-01 00:30"),
              ElementsAre("02-01 00:00", "04-01 00:00", "02-01 00:00"));
  EXPECT_THAT(InUtc("0 0 * * Mon-wed", "2026-01-01 00:30"),
              ElementsAre("01-05 00:00", "01-06 00:00", "01-07 00:00"));
  EXPECT_THAT(InUtc("\t0  0 * *\t* ", "2026-01-01 00:00", 1), ElementsAre("01-02 00:00"));
}

TEST(Cron, SundayIsZeroAndSeven) {
  for (const char* cron : {"0 0 * * 0", "0 0 * * 7", "0 0 * * sun"}) {
    EXPECT_THAT(InUtc(cron, "2026-01-01 00:00", 2), ElementsAre("01-04 00:00", "01-11 00:00"));
  }
  EXPECT_THAT(InUtc("0 0 * * 6-7", "2026-01-01 00:00", 2),
              ElementsAre("01-03 00:00", "01-04 00:00"));
}

TEST(Cron, EitherDayFitsUnlessOneIsAny) {
  EXPECT_THAT(InUtc("0 0 13 * fri", "2026-01-01 00:00", 4),
              ElementsAre("01-02 00:00", "01-09 00:00", "01-13 00:00", "01-16 00:00"));
  EXPECT_THAT(InUtc("0 0 13 * *", "2026-01-01 00:00", 2),
              ElementsAre("01-13 00:00", "02-13 00:00"));
  EXPECT_THAT(InUtc("0 0 * * fri", "2026-01-01 00:00", 2),
              ElementsAre("01-02 00:00", "01-09 00:00"));
  EXPECT_THAT(InUtc("0 0 */2 * fri", "2026-01-01 00:00", 2),
              ElementsAre("01-09 00:00", "01-23 00:00"));
}

TEST(Cron, MacrosAreWhatTheyStandFor) {
  EXPECT_THAT(InUtc("@hourly", "2026-01-31 22:30", 2), ElementsAre("01-31 23:00", "02-01 00:00"));
  EXPECT_THAT(InUtc("@daily", "2026-01-31 22:30", 1), ElementsAre("02-01 00:00"));
  EXPECT_THAT(InUtc("@midnight", "2026-01-31 22:30", 1), ElementsAre("02-01 00:00"));
  EXPECT_THAT(InUtc("@weekly", "2026-01-01 22:30", 1), ElementsAre("01-04 00:00"));
  EXPECT_THAT(InUtc("@monthly", "2026-01-01 22:30", 1), ElementsAre("02-01 00:00"));
  EXPECT_THAT(InUtc("@yearly", "2026-01-01 22:30", 1), ElementsAre("01-01 00:00"));
  EXPECT_THAT(InUtc("@annually", "2026-01-01 22:30", 1), ElementsAre("01-01 00:00"));
  EXPECT_THAT(Refusal("@reboot"), HasSubstr("none of @yearly"));
}

TEST(Cron, ATimeIsAfterTheOneBeforeAlsoWithinAMinute) {
  const auto cron = CronExpression::Parse("* * * * *");
  ASSERT_TRUE(cron.ok());
  const absl::Time minute = absl::FromUnixSeconds(60 * 1000);
  const absl::TimeZone utc = absl::UTCTimeZone();
  EXPECT_EQ(cron->NextAfter(minute, utc), minute + absl::Minutes(1));
  EXPECT_EQ(cron->NextAfter(minute - absl::Nanoseconds(1), utc), minute);
  EXPECT_EQ(cron->NextAfter(minute + absl::Milliseconds(1500), utc), minute + absl::Minutes(1));
}

TEST(Cron, LeapDaysComeAlsoAfterEightYears) {
  const auto cron = CronExpression::Parse("0 12 29 2 *");
  ASSERT_TRUE(cron.ok());
  const absl::TimeZone zone = Zone("Europe/Berlin");
  const absl::Time before = absl::FromCivil(absl::CivilDay(2096, 3, 1), zone);
  EXPECT_EQ(absl::ToCivilDay(cron->NextAfter(before, zone), zone), absl::CivilDay(2104, 2, 29));
  const auto sunday = CronExpression::Parse("0 12 29 2 */7");
  ASSERT_TRUE(sunday.ok());
  EXPECT_EQ(absl::ToCivilDay(sunday->NextAfter(before, zone), zone), absl::CivilDay(2128, 2, 29));
}

TEST(Cron, WhatIsWrongIsNamed) {
  EXPECT_THAT(Refusal(""), HasSubstr("five fields are needed"));
  EXPECT_THAT(Refusal("* * * *"), HasSubstr("here are 4"));
  EXPECT_THAT(Refusal("0 0 * * * *"), HasSubstr("here are 6"));
  EXPECT_THAT(Refusal("60 * * * *"), HasSubstr("minute '60': it goes from 0 to 59"));
  EXPECT_THAT(Refusal("* 24 * * *"), HasSubstr("hour '24'"));
  EXPECT_THAT(Refusal("* * 0 * *"), HasSubstr("day of month '0': it goes from 1 to 31"));
  EXPECT_THAT(Refusal("* * * 13 *"), HasSubstr("month '13'"));
  EXPECT_THAT(Refusal("* * * * 8"), HasSubstr("day of week '8'"));
  EXPECT_THAT(Refusal("10-5 * * * *"), HasSubstr("ends before it begins"));
  EXPECT_THAT(Refusal("5/10 * * * *"), HasSubstr("a step needs * or a range"));
  EXPECT_THAT(Refusal("*/0 * * * *"), HasSubstr("a step is a number from 1 to 59"));
  EXPECT_THAT(Refusal("*/60 * * * *"), HasSubstr("a step is a number from 1 to 59"));
  EXPECT_THAT(Refusal("1,,2 * * * *"), HasSubstr("minute ''"));
  EXPECT_THAT(Refusal("1-2-3 * * * *"), HasSubstr("minute '2-3'"));
  EXPECT_THAT(Refusal("99999999999999999999 * * * *"), HasSubstr("neither * nor a number"));
  EXPECT_THAT(Refusal("-1 * * * *"), HasSubstr("minute ''"));
  EXPECT_THAT(Refusal("* * L * ?"), HasSubstr("day of month 'L'"));
  EXPECT_THAT(Refusal("jan * * * *"), HasSubstr("minute 'jan'"));
  EXPECT_THAT(Refusal("* * * january *"), HasSubstr("month 'january'"));
  EXPECT_THAT(Refusal(std::string(201, ' ') + "* * * * *"), HasSubstr("at most 200"));
}

TEST(Cron, WhatNeverFiresIsRefused) {
  EXPECT_THAT(Refusal("0 0 30 2 *"), HasSubstr("it never fires"));
  EXPECT_THAT(Refusal("0 0 31 2,4,6,9,11 */2"), HasSubstr("it never fires"));
  EXPECT_THAT(InUtc("0 0 30 2 mon", "2026-01-01 00:00", 1), ElementsAre("02-02 00:00"));
}

TEST(Cron, AFixedTimeThatTheClockLeavesOutFiresOnceAfterTheGap) {
  EXPECT_THAT(Firings("30 2 * * *", "Europe/Berlin", "2026-03-28 01:00", 3),
              ElementsAre("03-28 02:30 +01:00", "03-29 03:00 +02:00", "03-30 02:30 +02:00"));
  EXPECT_THAT(Firings("0,30 2,3 * * *", "Europe/Berlin", "2026-03-28 23:00", 3),
              ElementsAre("03-29 03:00 +02:00", "03-29 03:30 +02:00", "03-30 02:00 +02:00"));
  EXPECT_THAT(Firings("15 2 1 * *", "Europe/Berlin", "2026-03-28 23:00", 1),
              ElementsAre("04-01 02:15 +02:00"));
}

TEST(Cron, AFixedTimeThatTheClockShowsTwiceFiresOnce) {
  EXPECT_THAT(Firings("30 2 * * *", "Europe/Berlin", "2026-10-24 03:00", 2),
              ElementsAre("10-25 02:30 +02:00", "10-26 02:30 +01:00"));
  EXPECT_THAT(Firings("30 1 * * *", "America/New_York", "2026-10-31 03:00", 2),
              ElementsAre("11-01 01:30 -04:00", "11-02 01:30 -05:00"));
}

TEST(Cron, WithAnyHourOrMinuteItFiresAsTheClockShows) {
  EXPECT_THAT(Firings("30 * * * *", "Europe/Berlin", "2026-03-29 01:00", 2),
              ElementsAre("03-29 01:30 +01:00", "03-29 03:30 +02:00"));
  EXPECT_THAT(Firings("*/30 2 * * *", "Europe/Berlin", "2026-03-29 01:00", 1),
              ElementsAre("03-30 02:00 +02:00"));
  EXPECT_THAT(Firings("30 * * * *", "Europe/Berlin", "2026-10-25 01:00", 4),
              ElementsAre("10-25 01:30 +02:00", "10-25 02:30 +02:00", "10-25 02:30 +01:00",
                          "10-25 03:30 +01:00"));
  EXPECT_THAT(Firings("*/30 2 * * *", "Europe/Berlin", "2026-10-25 01:00", 4),
              ElementsAre("10-25 02:00 +02:00", "10-25 02:30 +02:00", "10-25 02:00 +01:00",
                          "10-25 02:30 +01:00"));
}

TEST(Cron, AWholeDayMayBeLeftOutAndAnHourHalved) {
  EXPECT_THAT(Firings("0 12 * * *", "Pacific/Apia", "2011-12-29 00:00", 3),
              ElementsAre("12-29 12:00 -10:00", "12-31 00:00 +14:00", "12-31 12:00 +14:00"));
  EXPECT_THAT(Firings("15 2 * * *", "Australia/Lord_Howe", "2026-10-03 12:00", 2),
              ElementsAre("10-04 02:30 +11:00", "10-05 02:15 +11:00"));
  EXPECT_THAT(Firings("45 1 * * *", "Australia/Lord_Howe", "2026-04-04 12:00", 2),
              ElementsAre("04-05 01:45 +11:00", "04-06 01:45 +10:30"));
}

TEST(TimeZone, OnlyNamesOfZonesAreTaken) {
  for (const char* name : {"UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+5"}) {
    EXPECT_TRUE(FindTimeZone(name).ok()) << name;
  }
  for (const char* name :
       {"", "Mars/Olympus", "localtime", "/etc/localtime", "../etc/localtime", ":UTC", "CEST",
        "right/UTC", "Europe", "Europe/Berlin\n", "libc:localtime"}) {
    EXPECT_EQ(ReasonOf(FindTimeZone(name).status()), "BAD_TIME_ZONE") << name;
  }
  EXPECT_EQ(ReasonOf(FindTimeZone(std::string(65, 'A')).status()), "BAD_TIME_ZONE");
}

TEST(Timetable, NamesWhatIsWrong) {
  EXPECT_EQ(ReasonOf(Timetable::Parse("* * * *", "UTC").status()), "BAD_CRON");
  EXPECT_EQ(ReasonOf(Timetable::Parse("@daily", "Nowhere").status()), "BAD_TIME_ZONE");
  const auto table = Timetable::Parse("@daily", "Asia/Kolkata");
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_EQ(table->NextAfter(absl::FromUnixSeconds(0)), absl::FromUnixSeconds(18 * 3600 + 1800));
}

}  // namespace
}  // namespace dq
