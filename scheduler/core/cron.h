// When a cron expression fires: the five fields of Vixie cron, read in a time zone. The times are
// those of the clock on the wall there, so summer time shifts them. Pure but for the zone files of
// the system, which are read once; thread-safe.
//
// Where the clock is moved it is as with Debian's cron (crontab(5), cron(8)). A time that is named
// by hour and minute and that the clock leaves out fires at the moment after the gap; one that the
// clock shows twice fires the first time. With `*` in front of hour or minute (`*`, `*/15`) it
// fires whenever the clock shows it: not in a gap, and both times.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"

namespace dq {

class CronExpression {
 public:
  // Reads "minute hour day-of-month month day-of-week", or one of @yearly @annually @monthly
  // @weekly @daily @midnight @hourly. A field is a list of `*`, numbers and ranges `a-b`; `*/n` and
  // `a-b/n` take every n-th of them. Months and days may be named by three letters; Sunday is 0 and
  // 7. When neither day field begins with `*`, a day that fits either of them fits.
  // INVALID_ARGUMENT (BAD_CRON) names the field, or says that it never fires (30 February).
  static absl::StatusOr<CronExpression> Parse(std::string_view text);

  // Returns the first time after `after` at which it fires; InfiniteFuture when that is more than
  // 50 years ahead.
  absl::Time NextAfter(absl::Time after, const absl::TimeZone& zone) const;

 private:
  // The values of a field, a bit each.
  using Values = uint64_t;

  bool FitsDay(absl::CivilDay day) const;
  bool CanFire() const;
  // Returns the first time of `day` from `hour`:`minute` on.
  std::optional<absl::CivilMinute> FirstOfDay(absl::CivilDay day, int hour, int minute) const;
  // Returns the first time in [from, end).
  std::optional<absl::CivilMinute> FirstIn(absl::CivilMinute from, absl::CivilMinute end) const;

  Values minutes_ = 0;
  Values hours_ = 0;
  Values days_ = 0;
  Values months_ = 0;
  Values weekdays_ = 0;
  bool by_either_day_ = false;    // Neither day field begins with `*`.
  bool by_clock_of_day_ = false;  // Hour or minute begins with `*`.
};

// An expression in its zone.
class Timetable {
 public:
  // INVALID_ARGUMENT as of CronExpression::Parse() and FindTimeZone().
  static absl::StatusOr<Timetable> Parse(std::string_view cron, const std::string& zone);

  absl::Time NextAfter(absl::Time after) const { return cron_.NextAfter(after, zone_); }

 private:
  Timetable(const CronExpression& cron, absl::TimeZone zone) : cron_(cron), zone_(zone) {}

  CronExpression cron_;
  absl::TimeZone zone_;
};

// Returns the zone of an IANA name, for example "Europe/Berlin" or "UTC". INVALID_ARGUMENT
// (BAD_TIME_ZONE) when this machine knows none of that name.
absl::StatusOr<absl::TimeZone> FindTimeZone(const std::string& name);

}  // namespace dq
