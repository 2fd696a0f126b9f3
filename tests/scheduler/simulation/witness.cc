#include "tests/scheduler/simulation/witness.h"

#include <algorithm>

#include "tests/scheduler/simulation/lease_text.h"

namespace dq::sim {

void Witness::Found(const std::string& finding) { findings_.push_back(finding); }

void Witness::Acknowledged(const std::string& request, const SubmitResult& result) {
  const JobRecord& job = result.job.record;
  time_.Trace([&] { return request + " acknowledged as " + job.name.id; });
  Told(result.job);
  const auto [entry, is_new] = uid_of_request_.try_emplace(request, job.uid);
  // With its job a request is forgotten: repeated late it makes another one.
  const bool is_other = !is_new && entry->second != job.uid;
  if (is_other && !history_.WasDeletedWithUid(entry->second) &&
      !history_.WasDeletedWithUid(job.uid)) {
    Found(request + ": I2 was acknowledged as two jobs");
  }
  if (is_other && history_.WasDeletedWithUid(job.uid)) return;
  entry->second = job.uid;
  job_of_request_[request] = job.name.id;
}

void Witness::Refused(const std::string& request) {
  time_.Trace([&] { return request + " refused"; });
  refused_.push_back(request);
}

void Witness::Cancelled(const JobView& view) {
  const std::string& id = view.record.name.id;
  time_.Trace([&] { return id + " cancel acknowledged"; });
  Told(view);
  const JobState state = view.record.status.state;
  const bool holds = state == JobState::kCancelling || state == JobState::kCancelled;
  if (!holds) Found(id + ": I14 a cancel was acknowledged in another state");
  history_.CancelAcknowledged(view.record, view.record.status.version);
}

void Witness::Told(const JobView& view) {
  const JobStatus& told = view.record.status;
  const SeenJob* const deleted = history_.FindDeleted(view.record.key);
  const SeenJob* const job = deleted != nullptr ? deleted : history_.Find(view.record.name.id);
  const bool is_durable = job != nullptr && told.version <= std::ssize(job->events) &&
                          job->events[static_cast<size_t>(told.version) - 1].to == told.state;
  if (!is_durable) Found(view.record.name.id + ": I13 was told of before it was durable");
}

void Witness::DeletionTold(const JobName& name) {
  if (!history_.WasDeleted(name))
    Found(name.id + ": I13 its deletion was told before it was durable");
}

void Witness::Welcomed(int64_t epoch, const WorkerWelcome& welcome) {
  for (const LeaseId& lease : welcome.lost) {
    CheckGone(epoch, lease, "I13 a live lease was called lost");
  }
}

void Witness::Turned(int64_t epoch, const WorkerTurn& turn) {
  for (const WorkerGrant& grant : turn.grants) CheckGrant(grant);
  for (const LeaseId& lease : turn.closed) {
    CheckGone(epoch, lease, "I13 a lease was closed before its end was durable");
  }
  for (const WorkerRevocation& revocation : turn.revoked) CheckRevocation(epoch, revocation);
}

void Witness::CheckGrant(const WorkerGrant& grant) {
  const LeaseId& lease = grant.lease;
  time_.Trace([&] { return "grant told: " + TextOf(lease); });
  const SeenJob* const job = history_.Find(lease.job.id);
  const auto index = static_cast<size_t>(lease.attempt) - 1;
  const bool is_durable =
      job != nullptr && index < job->leases.size() && job->leases[index] == lease;
  if (!is_durable) Found(TextOf(lease) + ": I13 was granted before it was durable");
  // Until its worker has spoken nobody can record another one.
  const JobCheckpoint* const recorded = job == nullptr ? nullptr : job->row.checkpoint.get();
  const JobCheckpoint* const granted = grant.checkpoint.get();
  const bool is_newest = (recorded == nullptr && granted == nullptr) ||
                         (recorded != nullptr && granted != nullptr && *recorded == *granted);
  const bool is_current = is_durable && history_.IsLive(lease);
  if (is_current && !is_newest)
    Found(TextOf(lease) + ": I9 the grant has not the newest checkpoint");
  if (signs_.WasTold(lease)) Found(TextOf(lease) + ": I8 was granted twice");
  signs_.Told(lease);
}

// A leader of the past knows only its own past, and does not know yet that it is one.
void Witness::CheckGone(int64_t epoch, const LeaseId& lease, const char* invariant) {
  if (epoch != history_.newest_epoch()) return;
  if (history_.IsLive(lease)) Found(TextOf(lease) + ": " + invariant);
}

void Witness::CheckRevocation(int64_t epoch, const WorkerRevocation& revocation) {
  const LeaseId& lease = revocation.lease;
  const bool is_asked =
      revocation.reason == RevokeReason::kCancel || revocation.reason == RevokeReason::kPause;
  if (!is_asked) return CheckGone(epoch, lease, "I13 was revoked before its end was durable");
  const SeenJob* const job = history_.Find(lease.job.id);
  const auto is_request = [&](const JobEventRecord& event) {
    return event.attempt == lease.attempt &&
           (event.event == JobEvent::kRequestCancel || event.event == JobEvent::kRequestPause);
  };
  const bool was_asked = job != nullptr && std::ranges::any_of(job->events, is_request);
  if (!was_asked) Found(TextOf(lease) + ": I13 was stopped before the request was durable");
}

void Witness::CheckAcknowledged(bool ended) {
  for (const auto& [id, job] : history_.jobs()) {
    const bool was_refused = std::ranges::count(refused_, job.row.request_id) > 0;
    if (was_refused) Found(id + ": I1 was refused and is there");
  }
  for (const auto& [request, id] : job_of_request_) {
    const SeenJob* const job = history_.Find(id);
    if (job == nullptr || job->row.request_id != request) {
      if (history_.WasDeletedWithUid(uid_of_request_.at(request))) continue;
      Found(request + ": I1 was acknowledged and is not there");
    } else if (ended && !IsTerminal(job->row.status.state)) {
      Found(id + ": I1 never ended");
    }
  }
}

}  // namespace dq::sim
