// Ended jobs whose records are deleted: the cell does not know them any more, and only has to keep
// them from coming back meanwhile.
#include <algorithm>
#include <utility>

#include "common/base/error.h"
#include "scheduler/core/state_table.h"
#include "scheduler/engine/cell.h"

namespace dq {

absl::Status Cell::ReserveToDelete(const JobName& name) {
  const LiveJob* const job = jobs_.Find(name);
  if (job != nullptr && !IsTerminal(job->record.status.state)) {
    const std::string state(StateName(job->record.status.state));
    return MakeError(absl::StatusCode::kFailedPrecondition, "ILLEGAL_TRANSITION",
                     "the job is " + state + " and cannot be deleted; cancel it first",
                     {{"job", name.id}, {"state", state}});
  }
  if (!reopening_.contains(name) && deleting_.insert(name).second) return absl::OkStatus();
  return MakeError(absl::StatusCode::kUnavailable, "JOB_NOT_LOADED",
                   "the job is being retried or deleted by another call; try again",
                   {{"job", name.id}});
}

void Cell::ReserveDeletion(const Instant& now, const std::vector<JobName>& names,
                           DeletionReserved done) {
  now_ = now;
  if (absl::Status refusal = CheckAccepting(); !refusal.ok()) return done(refusal);
  DeletionReservation reservation;
  reservation.epoch = epoch_;
  reservation.keys_below = next_key_;
  for (const JobName& name : names) {
    reservation.refusals.push_back(ReserveToDelete(name));
    if (reservation.refusals.back().ok()) reservation.names.push_back(name);
  }
  // The ends of those jobs, and new jobs that depend on them, may be on their way to the record.
  PendingBatch* const newest = writes_.Newest();
  if (newest == nullptr) return done(std::move(reservation));
  newest->reads.push_back([this, reservation = std::move(reservation),
                           done = std::move(done)](const absl::Status& status) {
    if (status.ok()) return done(reservation);
    EndReservation(reservation);
    done(status);
  });
}

void Cell::EndReservation(const DeletionReservation& reservation) {
  if (epoch_ != reservation.epoch) return;
  for (const JobName& name : reservation.names) deleting_.erase(name);
}

void Cell::EndDeletion(const Instant& now, const DeletionReservation& reservation,
                       const std::vector<DeletedJob>& deleted) {
  now_ = now;
  EndReservation(reservation);
  // Another leader has counted without them.
  if (epoch_ != reservation.epoch) return;
  for (const DeletedJob& job : deleted) {
    --counts_[job.state];
    std::shared_ptr<JobView> view;
    if (watches_.IsRecording()) {
      view = std::make_shared<JobView>();
      view->record.name = job.name;
    }
    watches_.Publish(std::move(view), ChangeKind::kDeletion);
  }
  if (!deleted.empty()) ReportGauges();
}

bool Cell::LosesDependency(const JobRecord& record) const {
  if (deleting_.empty()) return false;
  return std::ranges::any_of(record.dependencies, [&](const JobDependency& dependency) {
    return deleting_.contains(JobName{record.name.project, dependency.id});
  });
}

}  // namespace dq
