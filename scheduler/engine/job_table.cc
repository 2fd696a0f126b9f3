#include "scheduler/engine/job_table.h"

#include <algorithm>
#include <utility>

namespace dq {

LiveJob& JobTable::Add(JobRecord record, DemandId demand, const JobPlace& place) {
  auto job = std::make_unique<LiveJob>();
  job->record = std::move(record);
  job->demand = demand;
  job->place = place;
  job->row_attempt = job->record.status.attempt;
  job->row_token = job->record.status.lease_token;
  job->checkpoint_recorded = job->record.checkpoint != nullptr;
  LiveJob& added = *job;
  by_key_[added.record.key] = std::move(job);
  by_name_.insert(&added);
  return added;
}

LiveJob* JobTable::Find(JobKey key) {
  const auto found = by_key_.find(key);
  return found == by_key_.end() ? nullptr : found->second.get();
}

const LiveJob* JobTable::Find(JobKey key) const {
  const auto found = by_key_.find(key);
  return found == by_key_.end() ? nullptr : found->second.get();
}

LiveJob* JobTable::Find(const JobName& name) {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : *found;
}

std::unique_ptr<LiveJob> JobTable::Take(JobKey key) {
  const auto found = by_key_.find(key);
  std::unique_ptr<LiveJob> job = std::move(found->second);
  by_name_.erase(job.get());
  by_key_.erase(found);
  return job;
}

void JobTable::Clear() {
  by_name_.clear();
  by_key_.clear();
}

std::vector<LiveJob*> JobTable::OfProject(const std::string& project) {
  std::vector<LiveJob*> jobs;
  for (const auto& [key, job] : by_key_) {
    if (job->record.name.project == project) jobs.push_back(job.get());
  }
  std::ranges::sort(jobs, {}, [](const LiveJob* job) { return job->record.key; });
  return jobs;
}

ReadyJob AsReady(const LiveJob& job) {
  return {job.record.key, job.record.rules.priority, job.demand, job.place};
}

LeaseId LeaseOf(const LiveJob& job) {
  return {job.record.name, job.record.status.attempt, job.record.status.lease_token};
}

bool Holds(const LiveJob& job, const LeaseId& lease) {
  const JobStatus& status = job.record.status;
  return IsLeased(status.state) && status.attempt == lease.attempt &&
         status.lease_token == lease.token;
}

}  // namespace dq
