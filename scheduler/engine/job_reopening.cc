#include "scheduler/engine/job_reopening.h"

#include <map>
#include <utility>

namespace dq {

std::optional<std::vector<absl::Status>> ReopenJobs(
    JobControl& scheduler, const std::vector<JobName>& names, const ReadJobsByName& read,
    const ReopenWord& word, const std::shared_ptr<Abandonment>& abandonment) {
  Answers<absl::StatusOr<int64_t>> reserving(names.size(), abandonment);
  for (size_t i = 0; i < names.size(); ++i) scheduler.ReserveReopen(names[i], reserving.Take(i));
  const auto reserved = reserving.Wait();
  if (!reserved) return std::nullopt;
  // After the reservation: from here on nobody else changes what is read.
  absl::StatusOr<std::vector<JobRecord>> found = read(names);
  std::map<JobName, absl::StatusOr<JobRecord>> records;
  for (const JobName& name : names) {
    records.emplace(name, found.ok() ? absl::NotFoundError("the job is gone") : found.status());
  }
  if (found.ok()) {
    for (JobRecord& record : *found) records.at(record.name) = std::move(record);
  }
  Answers<absl::StatusOr<JobView>> reopening(names.size(), abandonment);
  for (size_t i = 0; i < names.size(); ++i) {
    const auto& reservation = (*reserved)[i];
    if (!reservation.ok()) {
      reopening.Take(i)(reservation.status());
      continue;
    }
    scheduler.Reopen(*reservation, names[i], std::move(records.at(names[i])),
                     RetryFrom::kCheckpoint, word.reason, word.actor, reopening.Take(i));
  }
  const auto reopened = reopening.Wait();
  if (!reopened) return std::nullopt;
  std::vector<absl::Status> outcomes;
  for (const auto& answer : *reopened) outcomes.push_back(answer.status());
  return outcomes;
}

}  // namespace dq
