#include "tests/scheduler/simulation/lease_signs.h"

#include <algorithm>
#include <iterator>

namespace dq::sim {
namespace {

// A leader takes a lease at most so long after its end.
constexpr absl::Duration kReapDelayMax = absl::Seconds(2);

}  // namespace

absl::Time LeaseSigns::LastSign(const TakenLease& taken) const {
  absl::Time last = taken.granted;
  if (const auto takeover = takeovers_.find(taken.epoch); takeover != takeovers_.end()) {
    last = std::max(last, takeover->second);
  }
  const auto heard = heard_.find({taken.epoch, taken.lease});
  if (heard == heard_.end()) return last;
  // What waits while a process stands still is taken in at one moment, in any order.
  const auto after = heard->second.lower_bound(taken.taken);
  return after == heard->second.begin() ? last : std::max(last, *std::prev(after));
}

absl::Time LeaseSigns::MayEndAfter(const TakenLease& taken) const {
  const absl::Time last = LastSign(taken);
  const absl::Time end = last + bounds_.ttl;
  const auto ends = ends_.find({taken.epoch, taken.worker});
  if (ends == ends_.end()) return end;
  const auto first = ends->second.lower_bound(last);
  return first == ends->second.end() ? end : std::min(end, *first + bounds_.broken_stream_ttl);
}

absl::Time LeaseSigns::MustEndBy(const TakenLease& taken) const {
  // After a standstill every lease has one more life.
  const absl::Time went_on = StandstillBefore(taken.epoch, taken.taken);
  return std::max(MayEndAfter(taken), went_on + bounds_.ttl) + kReapDelayMax;
}

absl::Time LeaseSigns::StandstillBefore(int64_t epoch, absl::Time time) const {
  const auto stood = standstills_.find(epoch);
  if (stood == standstills_.end()) return absl::InfinitePast();
  const auto after = stood->second.upper_bound(time);
  return after == stood->second.begin() ? absl::InfinitePast() : *std::prev(after);
}

std::vector<absl::Time> LeaseSigns::TrueTimes(int64_t epoch, absl::Time wall,
                                              absl::Time now) const {
  const auto& clock = clocks_.at(epoch);
  std::vector<absl::Time> times;
  for (auto set = clock.begin(); set != clock.end(); ++set) {
    const absl::Time time = wall - set->second;
    const auto next = std::next(set);
    const bool is_after = set == clock.begin() || time >= set->first;
    const bool is_before = time <= (next == clock.end() ? now : next->first);
    if (is_after && is_before) times.push_back(time);
  }
  return times;
}

bool LeaseSigns::IsSilence(const TakenLease& taken) const {
  const absl::Time last = LastSign(taken);
  const auto heard = heard_.find({taken.epoch, taken.lease});
  if (heard == heard_.end() || !heard->second.contains(last)) return false;
  for (const auto& [place, times] : heard_) {
    if (place.second == taken.lease && times.upper_bound(last) != times.end()) return false;
  }
  return MayEndAfter(taken) == last + bounds_.ttl;
}

}  // namespace dq::sim
