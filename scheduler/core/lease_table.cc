#include "scheduler/core/lease_table.h"

#include <algorithm>

namespace dq {
namespace {

absl::Time DueOf(const Lease& lease) {
  return std::min({lease.expiry, lease.limits.execution_deadline, lease.progress_deadline});
}

LeaseEnd EndAt(const Lease& lease, absl::Time now) {
  if (lease.limits.execution_deadline <= now) return LeaseEnd::kTimedOut;
  // A worker that is not heard of cannot tell of progress.
  const bool stalled = lease.progress_deadline <= now && lease.expiry > now;
  return stalled ? LeaseEnd::kStalled : LeaseEnd::kExpired;
}

}  // namespace

void LeaseTable::Grant(JobKey job, WorkerId worker, absl::Time now, const AttemptLimits& limits) {
  const Lease lease = {worker, now + ttl_, limits, now + limits.no_progress_timeout};
  leases_[job] = lease;
  jobs_of_[worker].insert(job);
  timers_.Set(job, DueOf(lease));
}

void LeaseTable::Renew(JobKey job, absl::Time now) {
  const auto lease = leases_.find(job);
  if (lease != leases_.end()) lease->second.expiry = now + ttl_;
}

void LeaseTable::Progressed(JobKey job, absl::Time now) {
  const auto lease = leases_.find(job);
  if (lease == leases_.end()) return;
  lease->second.progress_deadline = now + lease->second.limits.no_progress_timeout;
}

void LeaseTable::Attach(JobKey job, WorkerId worker, absl::Time now) {
  const Lease before = leases_.at(job);
  Remove(job);
  Grant(job, worker, now, before.limits);
  leases_.at(job).progress_deadline = before.progress_deadline;
  timers_.Set(job, DueOf(leases_.at(job)));
}

void LeaseTable::RenewAll(absl::Time now) {
  for (auto& [job, lease] : leases_) {
    lease.expiry = now + ttl_;
    lease.progress_deadline = now + lease.limits.no_progress_timeout;
  }
}

void LeaseTable::Shorten(WorkerId worker, absl::Time now) {
  for (JobKey job : JobsOf(worker)) {
    Lease& lease = leases_.at(job);
    lease.expiry = std::min(lease.expiry, now + broken_stream_ttl_);
    timers_.Set(job, DueOf(lease));
  }
}

void LeaseTable::Remove(JobKey job) {
  const auto lease = leases_.find(job);
  if (lease == leases_.end()) return;
  const auto jobs = jobs_of_.find(lease->second.worker);
  jobs->second.erase(job);
  if (jobs->second.empty()) jobs_of_.erase(jobs);
  timers_.Clear(job);
  leases_.erase(lease);
}

const Lease* LeaseTable::Find(JobKey job) const {
  const auto lease = leases_.find(job);
  return lease == leases_.end() ? nullptr : &lease->second;
}

std::vector<JobKey> LeaseTable::JobsOf(WorkerId worker) const {
  const auto jobs = jobs_of_.find(worker);
  if (jobs == jobs_of_.end()) return {};
  std::vector<JobKey> sorted(jobs->second.begin(), jobs->second.end());
  std::ranges::sort(sorted);
  return sorted;
}

std::vector<JobKey> LeaseTable::Jobs() const {
  std::vector<JobKey> jobs;
  jobs.reserve(leases_.size());
  for (const auto& [job, lease] : leases_) jobs.push_back(job);
  return jobs;
}

int64_t LeaseTable::CountOf(WorkerId worker) const {
  const auto jobs = jobs_of_.find(worker);
  return jobs == jobs_of_.end() ? 0 : static_cast<int64_t>(jobs->second.size());
}

std::optional<EndedLease> LeaseTable::PopEnded(absl::Time now) {
  while (const std::optional<JobKey> job = timers_.PopDue(now)) {
    const Lease& lease = leases_.at(*job);
    if (const absl::Time due = DueOf(lease); due > now) {
      timers_.Set(*job, due);
      continue;
    }
    const EndedLease ended = {*job, lease.worker, EndAt(lease, now)};
    Remove(*job);
    return ended;
  }
  return std::nullopt;
}

}  // namespace dq
