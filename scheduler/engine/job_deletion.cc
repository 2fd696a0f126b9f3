#include "scheduler/engine/job_deletion.h"

#include <algorithm>
#include <utility>

#include "common/base/error.h"
#include "common/base/status_macros.h"
#include "scheduler/core/state_table.h"

namespace dq {
namespace {

constexpr int kOperationsReadMax = 1000;
constexpr int kTriesMax = 3;

// Repeats a deletion of which the answer is lost: the same order again tells what it did.
template <typename Delete>
auto UntilTold(const Delete& once) {
  auto told = once();
  for (int tries = 1; absl::IsUnavailable(told.status()) && tries < kTriesMax; ++tries) {
    told = once();
  }
  return told;
}

absl::Status IllegalTransition(const std::string& what) {
  return MakeError(absl::StatusCode::kFailedPrecondition, "ILLEGAL_TRANSITION",
                   what + " and cannot be deleted; cancel it first");
}

absl::Status InUse(const std::string& why) {
  return MakeError(absl::StatusCode::kFailedPrecondition, "IN_USE", why);
}

absl::Status EtagMismatch(const std::string& what) {
  return MakeError(absl::StatusCode::kAborted, "ETAG_MISMATCH",
                   "the " + what + " has changed since you saw it; look at it again");
}

absl::Status ErrorOf(const JobName& name, const JobDeletion& deletion) {
  switch (deletion.outcome) {
    case DeletionOutcome::kDeleted:
    case DeletionOutcome::kGone:
      return absl::OkStatus();
    case DeletionOutcome::kUnknown:
      return MakeError(absl::StatusCode::kNotFound, "JOB_NOT_FOUND",
                       "there is no job " + name.id + "; ListJobs names those there are");
    case DeletionOutcome::kChanged:
      return EtagMismatch("job");
    case DeletionOutcome::kNotEnded:
      return IllegalTransition("the job is " + std::string(StateName(deletion.state)));
    case DeletionOutcome::kOperation:
      return InUse("the job is an operation of a batch; delete the batch");
    case DeletionOutcome::kNeeded:
      return InUse("a job that has not ended depends on it; wait for that one or cancel it");
  }
  return absl::OkStatus();
}

absl::Status ErrorOfBatch(const ExpiredBatch& batch, const BatchDeletion& deletion) {
  const std::string job = deletion.job.id.empty() ? "" : " (job " + deletion.job.id + ")";
  switch (deletion.outcome) {
    case DeletionOutcome::kDeleted:
    case DeletionOutcome::kGone:
      return absl::OkStatus();
    case DeletionOutcome::kUnknown:
      return MakeError(absl::StatusCode::kNotFound, "BATCH_NOT_FOUND",
                       "there is no batch " + batch.id + "; ListBatches names those there are");
    case DeletionOutcome::kChanged:
      return EtagMismatch("batch");
    case DeletionOutcome::kNotEnded:
      return IllegalTransition("the batch" + job + " has not ended");
    case DeletionOutcome::kOperation:
    case DeletionOutcome::kNeeded:
      return InUse("a job that has not ended depends on an operation" + job);
  }
  return absl::OkStatus();
}

}  // namespace

DeletionAnswers DeleteReserved(Scheduler& scheduler, DeletionStore& store,
                               const DeletionReservation& reservation,
                               const std::vector<JobToDelete>& jobs, const DeletionWish& wish) {
  DeletionAnswers answers;
  answers.outcomes = reservation.refusals;
  std::vector<JobToDelete> reserved;
  std::vector<size_t> places;
  for (size_t i = 0; i < jobs.size(); ++i) {
    if (!reservation.refusals[i].ok()) continue;
    reserved.push_back(jobs[i]);
    places.push_back(i);
  }
  const DeletionOrder order = {wish.word, reservation.epoch, wish.with_input,
                               reservation.keys_below};
  const auto deletions = UntilTold([&] { return store.DeleteJobs(reserved, order); });
  std::vector<DeletedJob> deleted;
  for (size_t i = 0; i < reserved.size(); ++i) {
    absl::Status& outcome = answers.outcomes[places[i]];
    outcome =
        deletions.ok() ? ErrorOf(reserved[i].name, deletions->outcomes[i]) : deletions.status();
    if (!deletions.ok() || deletions->outcomes[i].outcome != DeletionOutcome::kDeleted) continue;
    deleted.push_back({reserved[i].name, deletions->outcomes[i].state});
  }
  scheduler.EndDeletion(reservation, std::move(deleted));
  if (deletions.ok()) answers.kept_files = deletions->kept_files;
  return answers;
}

std::optional<std::vector<absl::Status>> DeleteJobs(
    Scheduler& scheduler, DeletionStore& store, const std::vector<JobName>& names,
    const DeletionWish& wish, const std::shared_ptr<Abandonment>& abandonment) {
  Answers<absl::StatusOr<DeletionReservation>> reserving(1, abandonment);
  scheduler.ReserveDeletion(names, reserving.Take(0));
  const auto reserved = reserving.Wait();
  if (!reserved) return std::nullopt;
  const absl::StatusOr<DeletionReservation>& reservation = reserved->front();
  if (!reservation.ok()) return std::vector(names.size(), reservation.status());
  std::vector<JobToDelete> jobs;
  for (const JobName& name : names) jobs.push_back({name});
  return DeleteReserved(scheduler, store, *reservation, jobs, wish).outcomes;
}

absl::StatusOr<std::vector<JobName>> OperationNames(BatchStore& batches, BatchKey key) {
  const std::vector<JobState> states(kJobStates.begin(), kJobStates.end());
  std::vector<JobName> names;
  int32_t after = 0;
  while (true) {
    DQ_ASSIGN_OR_RETURN(const std::vector<OperationJob> jobs,
                        batches.ListOperationJobs(key, after, states, kOperationsReadMax));
    for (const OperationJob& job : jobs) names.push_back(job.name);
    if (std::ssize(jobs) < kOperationsReadMax) return names;
    after = jobs.back().index;
  }
}

absl::StatusOr<std::vector<std::string>> DeleteReservedBatch(Scheduler& scheduler,
                                                             DeletionStore& store,
                                                             const DeletionReservation& reservation,
                                                             const ExpiredBatch& batch,
                                                             const DeletionWish& wish) {
  const auto refused = std::ranges::find_if_not(reservation.refusals, &absl::Status::ok);
  if (refused != reservation.refusals.end()) {
    scheduler.EndDeletion(reservation, {});
    return *refused;
  }
  const DeletionOrder order = {wish.word, reservation.epoch, wish.with_input,
                               reservation.keys_below};
  const auto deletion =
      UntilTold([&] { return store.DeleteBatch(batch.project, batch.id, batch.version, order); });
  scheduler.EndDeletion(reservation, deletion.ok() ? deletion->deleted : std::vector<DeletedJob>());
  DQ_RETURN_IF_ERROR(deletion.status());
  DQ_RETURN_IF_ERROR(ErrorOfBatch(batch, *deletion));
  return deletion->kept_files;
}

}  // namespace dq
