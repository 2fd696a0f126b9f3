#include "tests/scheduler/simulation/history.h"

#include <algorithm>
#include <array>
#include <optional>

#include "scheduler/core/state_table.h"
#include "tests/scheduler/simulation/checkpoint_text.h"

namespace dq::sim {
namespace {

struct Row {
  JobState from;
  std::vector<std::pair<JobEvent, JobState>> next;
};

// Where an event leads, as the product's owner has it; nothing when it is illegal.
std::optional<JobState> Legal(JobState from, JobEvent event) {
  using enum JobState;
  static const std::array<Row, 9> kTable = {{
      {kPending,
       {{JobEvent::kReady, kQueued},
        {JobEvent::kPause, kPaused},
        {JobEvent::kCancel, kCancelled},
        {JobEvent::kSkip, kSkipped}}},
      {kQueued,
       {{JobEvent::kClaim, kProcessing},
        {JobEvent::kPause, kPaused},
        {JobEvent::kCancel, kCancelled},
        {JobEvent::kSkip, kSkipped},
        {JobEvent::kExpire, kFailed}}},
      {kProcessing,
       {{JobEvent::kComplete, kCompleted},
        {JobEvent::kRetry, kPending},
        {JobEvent::kGiveUp, kFailed},
        {JobEvent::kRelease, kQueued},
        {JobEvent::kRequestPause, kPausing},
        {JobEvent::kRequestCancel, kCancelling}}},
      {kPausing,
       {{JobEvent::kConfirmPause, kPaused},
        {JobEvent::kLose, kPaused},
        {JobEvent::kRelease, kPaused},
        {JobEvent::kComplete, kCompleted},
        {JobEvent::kGiveUp, kFailed},
        {JobEvent::kRequestCancel, kCancelling}}},
      {kCancelling,
       {{JobEvent::kConfirmCancel, kCancelled},
        {JobEvent::kLose, kCancelled},
        {JobEvent::kRelease, kCancelled},
        {JobEvent::kGiveUp, kCancelled}}},
      {kPaused,
       {{JobEvent::kResume, kPending},
        {JobEvent::kCancel, kCancelled},
        {JobEvent::kSkip, kSkipped}}},
      {kFailed, {{JobEvent::kReopen, kQueued}}},
      {kCancelled, {{JobEvent::kReopen, kQueued}}},
      {kSkipped, {{JobEvent::kReopen, kQueued}}},
  }};
  for (const Row& row : kTable) {
    if (row.from != from) continue;
    for (const auto& [name, to] : row.next) {
      if (name == event) return to;
    }
  }
  return std::nullopt;
}

// The leader has been told of a commit, and has granted what could be granted.
constexpr absl::Duration kToldWithin = absl::Seconds(1);

bool IsCharged(JobEvent event) {
  return event == JobEvent::kRetry || event == JobEvent::kGiveUp || event == JobEvent::kLose;
}

bool IsLoss(const JobEventRecord& event) {
  return event.reason == "WORKER_LOST" || event.reason == "POISON";
}

// Whether the job has ended for good, or began anew from the start.
bool NeedsNone(const SeenJob& job) {
  const JobState state = job.row.status.state;
  if (IsTerminal(state) && state != JobState::kFailed) return true;
  return std::ranges::any_of(job.events,
                             [](const auto& event) { return event.reason == "FROM_START"; });
}

}  // namespace

void History::Expect(bool holds, const SeenJob& job, const char* invariant) {
  if (!holds) findings_.push_back(job.row.name.id + ": " + invariant);
}

void History::Elected(int64_t epoch) { newest_epoch_ = std::max(newest_epoch_, epoch); }

void History::Committed(const WriteBatch& batch, const absl::StatusOr<BatchResult>& result) {
  time_.Trace([&] {
    return "commit " + std::to_string(batch.epoch) + "/" + std::to_string(batch.sequence) + ": " +
           std::to_string(batch.inserts.size()) + " inserts, " +
           std::to_string(batch.updates.size()) + " updates → " + result.status().ToString();
  });
  if (!result.ok()) return;
  if (batch.epoch < newest_epoch_) {
    findings_.push_back("I10 a leader of the past recorded something");
  }
  for (const JobInsert& insert : batch.inserts) Follow(insert.record.name, batch.epoch);
  for (const CheckpointSave& save : batch.checkpoints) FollowCheckpoint(save.key, batch.epoch);
  for (const JobUpdate& update : batch.updates) Follow(update.name, batch.epoch);
  CheckLimits();
  for (const SeenGrant& grant : std::exchange(granted_, {})) CheckOrder(grant);
}

void History::FollowCheckpoint(JobKey key, int64_t epoch) {
  const auto found =
      std::ranges::find_if(jobs_, [key](const auto& entry) { return entry.second.row.key == key; });
  if (found != jobs_.end()) Follow(JobName(found->second.row.name), epoch);
}

void History::Follow(const JobName& name, int64_t epoch) {
  const absl::StatusOr<JobRecord> row = store_.GetJob(name);
  if (!row.ok()) return;  // An insert that met an earlier request.
  const auto [entry, is_new] = jobs_.try_emplace(name.id);
  SeenJob& job = entry->second;
  const std::shared_ptr<const JobCheckpoint> checkpoint_before = job.row.checkpoint;
  job.row = *row;
  job.changed = time_.Now();
  if (is_new) {
    Expect(requests_.insert(row->request_id).second, job, "I2 two jobs have one request id");
  }
  const auto events = *store_.ListJobEvents(name, static_cast<int64_t>(job.events.size()), 1000);
  for (const JobEventRecord& event : events) {
    time_.Trace([&] { return name.id + " " + Describe(event); });
    CheckEvent(job, event, epoch);
    job.events.push_back(event);
    if (heard_) heard_(job, event);
  }
  if (IsLeased(row->status.state) && !job.leases.empty()) {
    LeaseId& lease = job.leases.back();
    const bool is_first = lease.token.empty();
    lease.token = row->status.lease_token;
    const bool is_unique = !is_first || tokens_.insert(lease.token).second;
    Expect(is_unique, job, "I8 a token was given twice");
  }
  CheckRow(job);
  CheckCheckpoint(job, checkpoint_before.get());
}

void History::CheckCheckpoint(const SeenJob& job, const JobCheckpoint* before) {
  const JobCheckpoint* const now = job.row.checkpoint.get();
  if (now == nullptr) {
    Expect(before == nullptr || NeedsNone(job), job, "I9 a recorded checkpoint was forgotten");
    return;
  }
  const bool has_owner = now->attempt >= 1 && now->attempt <= std::ssize(job.leases);
  Expect(has_owner, job, "I9 a checkpoint is of no attempt");
  if (!has_owner) return;
  const LeaseId& owner = job.leases[static_cast<size_t>(now->attempt) - 1];
  Expect(OwnerOf(now->place) == TextOf(owner), job,
         "I9 a checkpoint of another lease was recorded");
  Expect(PayloadOf(now->place) == job.row.payload.grant, job,
         "I15 a checkpoint of something else was recorded");
  if (before == nullptr || *before == *now) return;
  const bool is_newer = now->attempt > before->attempt ||
                        (now->attempt == before->attempt && now->sequence > before->sequence);
  Expect(is_newer, job, "I9 an older checkpoint was recorded");
}

void History::CheckEvent(SeenJob& job, const JobEventRecord& event, int64_t epoch) {
  const auto number = static_cast<int64_t>(job.events.size()) + 1;
  Expect(event.sequence == number, job, "I7 the sequence has a gap");
  Expect(!event.actor.empty(), job, "I17 an event has no actor");
  if (number == 1) {
    const bool is_creation = event.event == JobEvent::kCreate && !event.from;
    Expect(is_creation && event.actor == job.row.created_by, job,
           "I17 the history begins with the creation by its user");
  } else {
    const JobState before = job.events.back().to;
    Expect(event.from == before, job, "I7 an event begins where the last one ended");
    Expect(Legal(before, event.event) == event.to, job, "I7 a transition is not in the table");
  }
  if (event.event == JobEvent::kClaim) CheckGrant(job, event, epoch);
  if (event.event == JobEvent::kSkip) CheckSkip(job, event);
  Expect(event.attempt == std::ssize(job.leases), job, "I5 attempts count grants, one by one");
  const bool ends = event.from && IsLeased(*event.from) && !IsLeased(event.to);
  if (ends && !job.leases.empty()) CheckEnd(job, event, epoch);
}

void History::CheckGrant(SeenJob& job, const JobEventRecord& event, int64_t epoch) {
  Expect(!event.worker.empty(), job, "I8 a grant names no worker");
  for (const JobDependency& dependency : job.row.dependencies) {
    Expect(dependency.state == JobState::kCompleted, job,
           "I19 a job started before one on which it depends was COMPLETED");
  }
  const auto lets_go = [](const JobEventRecord& earlier) {
    return earlier.event == JobEvent::kResume || earlier.event == JobEvent::kReopen;
  };
  Expect(!IsHeld(job.row) || std::ranges::any_of(job.events, lets_go), job,
         "I20 a job that was only to be skipped started");
  job.leases.push_back({job.row.name, static_cast<int32_t>(std::ssize(job.leases)) + 1, ""});
  job.granting_epochs.push_back(epoch);
  granted_.push_back({job.row.name.id, epoch, event.time});
}

void History::CheckSkip(const SeenJob& job, const JobEventRecord& skip) {
  if (skip.actor != "scheduler") return;       // A client's wish.
  if (skip.reason == "BATCH_STOPPED") return;  // For the judge of batches.
  const bool had_reason = std::ranges::any_of(job.row.dependencies, [this](const auto& dependency) {
    const auto other = jobs_.find(dependency.id);
    return other != jobs_.end() && std::ranges::any_of(other->second.events, [](const auto& event) {
             return IsTerminal(event.to) && event.to != JobState::kCompleted;
           });
  });
  Expect(had_reason, job, "I19 a job was skipped although nothing on which it depends had failed");
}

// A job without a concurrency key waits for nothing but its turn: nobody behind it goes first. What
// counts is what the leader knew when it decided, perhaps long before it was recorded.
void History::CheckOrder(const SeenGrant& grant) {
  const absl::Time decided = signs_.TrueTimes(grant.epoch, grant.wall, time_.Now()).front();
  if (decided < in_order_) return;
  const absl::Time told = decided - kToldWithin;
  if (signs_.StandstillBefore(grant.epoch, decided) > told) return;
  const SeenJob& granted = jobs_.at(grant.job);
  const auto rank = [](const JobRecord& job) { return std::pair(-job.rules.priority, job.key); };
  for (const auto& [id, job] : jobs_) {
    const bool waited = job.row.status.state == JobState::kQueued &&
                        job.row.rules.concurrency_key.empty() && job.changed < told;
    if (!waited || rank(job.row) > rank(granted.row)) continue;
    Expect(false, job, "I11 somebody behind it was given a slot");
  }
}

void History::CheckEnd(const SeenJob& job, const JobEventRecord& event, int64_t epoch) {
  const LeaseId& lease = job.leases.back();
  // An attempt whose token no row ever showed was never told of.
  const bool is_inherited = job.granting_epochs.back() != epoch;
  if (IsCharged(event.event)) {
    Expect(is_inherited || signs_.WasTold(lease), job,
           "I6 an attempt was charged that no worker was told of");
    Expect(!event.reason.empty(), job, "I6 a charge has no reason");
  }
  if (event.event == JobEvent::kRelease && event.actor == "scheduler") {
    Expect(!signs_.IsReported(epoch, event.worker, lease), job,
           "I6 a lease was taken back as untold although its worker reports it");
  }
  if (IsLoss(event)) CheckLoss(job, event, epoch);
  if (event.event == JobEvent::kComplete) {
    Expect(job.row.result && job.row.result->manifest_uri == TextOf(lease), job,
           "I4 I9 the accepted result is not the newest grant's");
  }
  if (event.reason == kFailureReason) {
    Expect(event.message == TextOf(lease), job, "I9 a failure of another grant was accepted");
  }
}

void History::CheckLoss(const SeenJob& job, const JobEventRecord& event, int64_t epoch) {
  const auto grant = std::find_if(job.events.rbegin(), job.events.rend(), [](const auto& earlier) {
    return earlier.event == JobEvent::kClaim;
  });
  last_loss_ = time_.Now();
  // A clock that was set back leaves it open when something happened: one of the times must do.
  const auto granted = signs_.TrueTimes(job.granting_epochs.back(), grant->time, time_.Now());
  bool is_due = false;
  bool is_in_time = false;
  TakenLease taken = {epoch, job.leases.back(), event.worker, granted.front(), {}};
  for (const absl::Time time : signs_.TrueTimes(epoch, event.time, time_.Now())) {
    taken.taken = time;
    is_due |= time >= signs_.MayEndAfter(taken);
    TakenLease latest = taken;
    latest.granted = granted.back();
    is_in_time |= time <= signs_.MustEndBy(latest);
  }
  Expect(is_due, job, "I10 a lease was reaped before its time");
  Expect(is_in_time, job, "I10 a lease was reaped too late");
  Expect(!signs_.IsSilence(taken) || !runs_(taken.lease), job,
         "I8 a worker runs on what was taken from it for its silence");
}

void History::CheckRow(const SeenJob& job) {
  const JobStatus& row = job.row.status;
  Expect(!job.events.empty(), job, "I7 a row has no history");
  if (job.events.empty()) return;
  Expect(job.events.back().to == row.state, job, "I7 the row has not the last event's state");
  Expect(job.events.back().sequence == row.version, job, "I7 the row has not the last version");
  Expect(row.attempt == std::ssize(job.leases), job, "I5 the row does not count every grant");
  Expect(IsLeased(row.state) != row.lease_token.empty(), job,
         "I8 I11 a token is held exactly while a lease is");
  Expect(row.state != JobState::kCompleted || job.row.result, job,
         "I3 a completed job has no result");
  CheckCharges(job);
}

void History::CheckCharges(const SeenJob& job) {
  const JobStatus& row = job.row.status;
  int charges = 0;
  int losses = 0;
  for (const JobEventRecord& event : job.events) {
    if (event.event == JobEvent::kReopen) charges = losses = 0;
    if (!IsCharged(event.event)) continue;
    ++charges;
    losses += IsLoss(event) ? 1 : 0;
  }
  Expect(row.charges == charges, job, "I6 charges are not the failures and losses");
  Expect(row.losses == losses, job, "I6 losses are not counted");
  Expect(charges <= job.row.rules.max_attempts, job, "I6 charges exceed the budget");
  const bool is_over = IsTerminal(row.state) || row.state == JobState::kCancelling;
  Expect(losses < bounds_.losses_max || is_over, job, "I6 a job that loses its workers goes on");
}

void History::CheckLimits() {
  int32_t running = 0;
  std::map<std::string, int> of_key;
  for (const auto& [id, job] : jobs_) {
    if (!IsLeased(job.row.status.state)) continue;
    ++running;
    const JobRules& rules = job.row.rules;
    if (rules.concurrency_key.empty()) continue;
    const int of_mine = ++of_key[rules.concurrency_key];
    Expect(of_mine <= rules.concurrency_max, job, "I16 too many jobs of one concurrency key run");
  }
  if (running > bounds_.queue_running_max) findings_.push_back("I16 the queue runs too many jobs");
}

void History::Deleted(const JobName& name, int64_t epoch) {
  time_.Trace([&] { return name.id + " deleted"; });
  if (epoch < newest_epoch_) findings_.push_back("I10 a leader of the past deleted something");
  const auto found = jobs_.find(name.id);
  if (found == jobs_.end()) {
    findings_.push_back(name.id + ": I21 a job was deleted that no commit made");
    return;
  }
  SeenJob& job = found->second;
  Expect(IsTerminal(job.row.status.state), job, "I21 a job was deleted before it had ended");
  for (const auto& [id, other] : jobs_) {
    const bool depends =
        !IsTerminal(other.row.status.state) &&
        std::ranges::count(other.row.dependencies, job.row.key, &JobDependency::job) > 0;
    Expect(!depends, job, "I21 a job was deleted on which an unfinished one depends");
  }
  const auto last = *store_.ListJobEvents(name, std::ssize(job.events), 1000);
  const bool is_told = last.size() == 1 && last[0].event == JobEvent::kDelete &&
                       last[0].from == job.row.status.state && !last[0].actor.empty();
  Expect(is_told, job, "I17 a deletion is not in the history");
  job.events.insert(job.events.end(), last.begin(), last.end());
  requests_.erase(job.row.request_id);
  deleted_names_.insert(name.id);
  deleted_uids_.insert(job.row.uid);
  deleted_.emplace(job.row.key, std::move(job));
  jobs_.erase(found);
}

void History::CancelAcknowledged(const JobRecord& job, int64_t version) {
  cancels_.push_back({job.name, job.key, version});
  CheckCancel(job.name, job.key, version);
}

void History::CheckCancel(const JobName& job, JobKey key, int64_t version) {
  const SeenJob* const seen = Find(job.id);
  if (seen == nullptr || seen->row.key != key) return;
  for (const JobEventRecord& event : seen->events) {
    if (event.sequence <= version) continue;
    if (event.event == JobEvent::kReopen) return;
    Expect(event.event != JobEvent::kComplete, *seen, "I14 a job completed after its cancel");
  }
}

void History::CheckWhole() {
  for (const Cancelled& cancel : cancels_) CheckCancel(cancel.job, cancel.key, cancel.version);
  const auto rows = store_.Jobs();
  if (rows.size() != jobs_.size()) findings_.push_back("I7 there are jobs that no commit made");
  for (const auto& [key, events] : store_.Events()) {
    const auto row = rows.find(key);
    const SeenJob* const seen = row == rows.end() ? FindDeleted(key) : Find(row->second.name.id);
    const bool is_same =
        seen != nullptr &&
        std::ranges::equal(seen->events, events, [](const auto& a, const auto& b) {
          return a.sequence == b.sequence && a.event == b.event && a.attempt == b.attempt;
        });
    if (!is_same) findings_.push_back(std::to_string(key) + ": I7 the history was changed");
  }
}

const SeenJob* History::FindDeleted(JobKey key) const {
  const auto found = deleted_.find(key);
  return found == deleted_.end() ? nullptr : &found->second;
}

const SeenJob* History::Find(const std::string& job) const {
  const auto found = jobs_.find(job);
  return found == jobs_.end() ? nullptr : &found->second;
}

bool History::IsLive(const LeaseId& lease) const {
  const SeenJob* const job = Find(lease.job.id);
  if (job == nullptr) return false;
  const JobStatus& row = job->row.status;
  return IsLeased(row.state) && row.attempt == lease.attempt && row.lease_token == lease.token;
}

}  // namespace dq::sim
