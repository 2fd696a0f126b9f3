#include "tests/scheduler/simulation/lease_signs.h"

#include <algorithm>
#include <iterator>

namespace dq::sim {

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
