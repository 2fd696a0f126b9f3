#include "worker/lease/lease_set.h"

#include <set>
#include <utility>

namespace dq {

bool LeaseSet::TakesSlot(Phase phase) { return StatusOf(phase) == LeaseStatus::kRunning; }

LeaseStatus LeaseSet::StatusOf(Phase phase) {
  switch (phase) {
    case Phase::kRunning:
    case Phase::kCancelling:
    case Phase::kPausing:
    case Phase::kReleasing:
    case Phase::kDiscarding:
      return LeaseStatus::kRunning;
    case Phase::kEnded:
      return LeaseStatus::kEnded;
    case Phase::kStopped:
      return LeaseStatus::kStopped;
    case Phase::kReleased:
      return LeaseStatus::kReleased;
  }
  return LeaseStatus::kRunning;
}

GrantAnswer LeaseSet::Grant(const LeaseKey& lease) {
  if (leases_.contains(lease)) return GrantAnswer::kAlreadyHeld;
  if (free_slots() <= 0) {
    Refuse(lease);
    return GrantAnswer::kNoSlot;
  }
  leases_.emplace(lease, Entry{});
  ++taken_;
  return GrantAnswer::kStart;
}

void LeaseSet::Refuse(const LeaseKey& lease) {
  leases_.try_emplace(lease, Entry{Phase::kReleased, "", ""});
}

void LeaseSet::SetProgress(const LeaseKey& lease, std::string payload) {
  const auto found = leases_.find(lease);
  if (found == leases_.end() || !TakesSlot(found->second.phase)) return;
  found->second.payload = std::move(payload);
}

void LeaseSet::SetCheckpoint(const LeaseKey& lease, std::string checkpoint) {
  const auto found = leases_.find(lease);
  if (found == leases_.end() || !TakesSlot(found->second.phase)) return;
  found->second.checkpoint = std::move(checkpoint);
}

EndAnswer LeaseSet::End(const LeaseKey& lease, std::optional<std::string> outcome) {
  const auto found = leases_.find(lease);
  if (found == leases_.end()) return EndAnswer::kDiscarded;
  Entry& entry = found->second;
  if (!TakesSlot(entry.phase)) return EndAnswer::kReported;
  --taken_;
  if (entry.phase == Phase::kDiscarding) {
    leases_.erase(found);
    return EndAnswer::kDiscarded;
  }
  if (entry.phase == Phase::kCancelling) {
    entry.End(Phase::kStopped);
    return EndAnswer::kDiscarded;
  }
  if (entry.phase == Phase::kPausing && !outcome.has_value()) {
    entry.End(Phase::kStopped);
    return EndAnswer::kReported;
  }
  if (outcome.has_value()) {
    entry.End(Phase::kEnded, *std::move(outcome));
  } else {
    entry.End(Phase::kReleased);
  }
  return EndAnswer::kReported;
}

LeaseSet::Entries::iterator LeaseSet::Drop(Entries::iterator entry, StopReason reason,
                                           std::vector<StopOrder>& orders) {
  if (!TakesSlot(entry->second.phase)) return leases_.erase(entry);
  if (entry->second.phase != Phase::kDiscarding) orders.push_back({entry->first, reason});
  entry->second.phase = Phase::kDiscarding;
  return std::next(entry);
}

std::vector<StopOrder> LeaseSet::Close(std::span<const LeaseKey> leases) {
  std::vector<StopOrder> orders;
  for (const LeaseKey& lease : leases) {
    const auto found = leases_.find(lease);
    if (found != leases_.end()) Drop(found, StopReason::kLost, orders);
  }
  return orders;
}

std::vector<StopOrder> LeaseSet::Cancel(const LeaseKey& lease) {
  const auto found = leases_.find(lease);
  if (found == leases_.end()) return {};
  Entry& entry = found->second;
  switch (entry.phase) {
    case Phase::kRunning:
    case Phase::kPausing:
    case Phase::kReleasing:
      entry.phase = Phase::kCancelling;
      return {{lease, StopReason::kCancelled}};
    case Phase::kEnded:
    case Phase::kReleased:
      entry.End(Phase::kStopped);
      return {};
    case Phase::kCancelling:
    case Phase::kDiscarding:
    case Phase::kStopped:
      return {};
  }
  return {};
}

std::vector<StopOrder> LeaseSet::Pause(const LeaseKey& lease) {
  const auto found = leases_.find(lease);
  if (found == leases_.end()) return {};
  Entry& entry = found->second;
  if (entry.phase == Phase::kReleased) entry.End(Phase::kStopped);
  if (entry.phase != Phase::kRunning && entry.phase != Phase::kReleasing) return {};
  entry.phase = Phase::kPausing;
  return {{lease, StopReason::kPaused}};
}

std::vector<StopOrder> LeaseSet::Lose(const LeaseKey& lease) { return Close({&lease, 1}); }

std::vector<StopOrder> LeaseSet::KeepOnly(std::span<const LeaseKey> kept) {
  const std::set<LeaseKey> keep(kept.begin(), kept.end());
  std::vector<StopOrder> orders;
  for (auto entry = leases_.begin(); entry != leases_.end();) {
    entry = keep.contains(entry->first) ? std::next(entry) : Drop(entry, StopReason::kLost, orders);
  }
  return orders;
}

std::vector<StopOrder> LeaseSet::FenceAll() {
  std::vector<StopOrder> orders;
  for (auto entry = leases_.begin(); entry != leases_.end();) {
    entry = TakesSlot(entry->second.phase) ? Drop(entry, StopReason::kFenced, orders)
                                           : std::next(entry);
  }
  return orders;
}

std::vector<StopOrder> LeaseSet::ReleaseAll() {
  std::vector<StopOrder> orders;
  for (auto& [lease, entry] : leases_) {
    if (entry.phase != Phase::kRunning) continue;
    entry.phase = Phase::kReleasing;
    orders.push_back({lease, StopReason::kReleased});
  }
  return orders;
}

bool LeaseSet::IsWanted(const LeaseKey& lease) const {
  const auto found = leases_.find(lease);
  return found != leases_.end() &&
         (found->second.phase == Phase::kRunning || found->second.phase == Phase::kPausing ||
          found->second.phase == Phase::kReleasing);
}

std::vector<LeaseView> LeaseSet::Report() const {
  std::vector<LeaseView> views;
  views.reserve(leases_.size());
  for (const auto& [lease, entry] : leases_) {
    if (entry.phase == Phase::kDiscarding) continue;
    views.push_back({&lease, StatusOf(entry.phase), &entry.payload, &entry.checkpoint});
  }
  return views;
}

std::vector<LeaseKey> LeaseSet::Held() const {
  std::vector<LeaseKey> held;
  for (const LeaseView& view : Report()) held.push_back(*view.lease);
  return held;
}

}  // namespace dq
