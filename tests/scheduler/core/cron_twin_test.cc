// Cron expressions against a scanner that knows no more than what the clock shows each minute:
// seeded expressions, zones and years.
// Replay one: DQ_CRON_SEED=<seed> scheduler_core_test --gtest_filter='CronTwin.*'
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "scheduler/core/cron.h"

namespace dq {
namespace {

constexpr uint64_t kSeeds = 40;
constexpr int kExpressionsPerSeed = 50;
constexpr int kDays = 370;

constexpr const char* kZones[] = {"UTC",
                                  "Europe/Berlin",
                                  "America/New_York",
                                  "Asia/Kolkata",
                                  "Australia/Sydney",
                                  "Australia/Lord_Howe",
                                  "Pacific/Apia",
                                  "Africa/Casablanca",
                                  "America/Sao_Paulo",
                                  "Asia/Tehran",
                                  "Asia/Gaza",
                                  "Africa/Cairo",
                                  "Antarctica/Troll",
                                  "America/Caracas",
                                  "Asia/Pyongyang",
                                  "Europe/Istanbul",
                                  "Atlantic/Azores",
                                  "Pacific/Chatham",
                                  "America/St_Johns",
                                  "Europe/Dublin"};

// A minute that the clock shows, and which minutes it has left out before it.
struct Shown {
  absl::Time time;
  absl::CivilMinute minute;
  bool again = false;
  std::vector<absl::CivilMinute> left_out;
};

std::vector<Shown> Watch(const absl::TimeZone& zone, int year) {
  const absl::Time begin = absl::FromCivil(absl::CivilDay(year, 1, 1), zone);
  std::vector<Shown> shown;
  absl::CivilMinute latest(absl::ToCivilMinute(begin, zone) - 1);
  for (int i = 0; i < kDays * 24 * 60; ++i) {
    const absl::Time time = begin + absl::Minutes(i);
    Shown one = {time, absl::ToCivilMinute(time, zone), false, {}};
    one.again = one.minute <= latest;
    const absl::CivilMinute before = i == 0 ? one.minute - 1 : shown.back().minute;
    for (absl::CivilMinute minute = before + 1; minute < one.minute; ++minute) {
      if (minute > latest) one.left_out.push_back(minute);
    }
    latest = std::max(latest, one.minute);
    shown.push_back(std::move(one));
  }
  return shown;
}

// A field as its text and, told apart from how the text is read, its values.
struct Field {
  std::string text;
  std::array<bool, 61> values = {};

  bool is_any() const { return text[0] == '*'; }
};

class Writer {
 public:
  explicit Writer(uint64_t seed) : random_(seed) {}

  int Pick(int min, int max) { return std::uniform_int_distribution(min, max)(random_); }

  // Writes a field of values from `min` to `max`: any of them, or some up to `picked_max`.
  Field Write(int min, int max, int any_percent, int picked_max) {
    Field field;
    if (Pick(1, 100) <= any_percent) {
      AddRange(field, "*", min, max, Pick(1, 3) == 1 ? Pick(1, max) : 1);
      return field;
    }
    for (int entries = Pick(1, 3); entries > 0; --entries) {
      const int first = Pick(min, picked_max);
      if (Pick(1, 2) == 1) {
        Add(field, std::to_string(first));
        field.values[static_cast<size_t>(first)] = true;
        continue;
      }
      const int last = Pick(first, picked_max);
      const std::string range = std::to_string(first) + "-" + std::to_string(last);
      AddRange(field, range, first, last, Pick(1, 2) == 1 ? Pick(1, max) : 1);
    }
    return field;
  }

 private:
  static void Add(Field& field, const std::string& entry) {
    field.text += (field.text.empty() ? "" : ",") + entry;
  }
  static void AddRange(Field& field, const std::string& range, int first, int last, int step) {
    Add(field, step == 1 ? range : range + "/" + std::to_string(step));
    for (int value = first; value <= last; ++value) {
      if ((value - first) % step == 0) field.values[static_cast<size_t>(value)] = true;
    }
  }

  std::mt19937_64 random_;
};

struct Expression {
  Field minute, hour, day, month, weekday;

  std::string Text() const {
    return absl::StrJoin({minute.text, hour.text, day.text, month.text, weekday.text}, " ");
  }
  bool Fits(absl::CivilMinute time) const {
    if (!minute.values[static_cast<size_t>(time.minute())]) return false;
    if (!hour.values[static_cast<size_t>(time.hour())]) return false;
    if (!month.values[static_cast<size_t>(time.month())]) return false;
    const bool fits_day = day.values[static_cast<size_t>(time.day())];
    const absl::Weekday of_week = absl::GetWeekday(time);
    const bool sunday = weekday.values[0] || weekday.values[7];
    const bool fits_weekday = of_week == absl::Weekday::sunday
                                  ? sunday
                                  : weekday.values[static_cast<size_t>(of_week) + 1];
    if (day.is_any() || weekday.is_any()) return fits_day && fits_weekday;
    return fits_day || fits_weekday;
  }
  bool FiresAt(const Shown& shown) const {
    if (minute.is_any() || hour.is_any()) return Fits(shown.minute);
    for (const absl::CivilMinute& one : shown.left_out) {
      if (Fits(one)) return true;
    }
    return !shown.again && Fits(shown.minute);
  }
};

Expression WriteExpression(Writer& writer) {
  // Around midnight and in the small hours the clocks are moved.
  const bool at_night = writer.Pick(1, 2) == 1;
  return {.minute = writer.Write(0, 59, 30, 59),
          .hour = writer.Write(0, 23, 30, at_night ? 3 : 23),
          .day = writer.Write(1, 31, 60, 31),
          .month = writer.Write(1, 12, 60, 12),
          .weekday = writer.Write(0, 7, 60, 7)};
}

void Compare(const Expression& expression, const std::vector<Shown>& shown,
             const absl::TimeZone& zone) {
  const auto cron = CronExpression::Parse(expression.Text());
  std::vector<absl::Time> expected;
  for (const Shown& one : shown) {
    if (expression.FiresAt(one)) expected.push_back(one.time);
  }
  // Without a firing in a year it may be one that never fires.
  if (!cron.ok() && expected.empty()) return;
  ASSERT_TRUE(cron.ok()) << expression.Text() << ": " << cron.status();
  absl::Time time = shown.front().time - absl::Nanoseconds(1);
  for (const absl::Time next : expected) {
    time = cron->NextAfter(time, zone);
    ASSERT_EQ(time, next) << expression.Text() << " in " << zone << ": "
                          << absl::FormatTime(time, zone) << " instead of "
                          << absl::FormatTime(next, zone);
  }
  ASSERT_GT(cron->NextAfter(time, zone), shown.back().time) << expression.Text() << zone;
}

void CompareWith(uint64_t seed) {
  SCOPED_TRACE("replay: DQ_CRON_SEED=" + std::to_string(seed) + " scheduler_core_test");
  Writer writer(seed);
  const auto zone = FindTimeZone(kZones[seed % std::size(kZones)]);
  ASSERT_TRUE(zone.ok()) << zone.status();
  const std::vector<Shown> shown = Watch(*zone, writer.Pick(2005, 2034));
  for (int i = 0; i < kExpressionsPerSeed && !testing::Test::HasFailure(); ++i) {
    Compare(WriteExpression(writer), shown, *zone);
  }
}

TEST(CronTwin, EveryExpressionFiresWhenTheClockSaysSo) {
  if (const char* const seed = std::getenv("DQ_CRON_SEED")) {
    return CompareWith(std::strtoull(seed, nullptr, 10));
  }
  for (uint64_t seed = 1; seed <= kSeeds && !HasFailure(); ++seed) CompareWith(seed);
}

}  // namespace
}  // namespace dq
