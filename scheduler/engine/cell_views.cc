// Views: what callers and watchers see, and when.
#include <algorithm>
#include <utility>

#include "common/base/error.h"
#include "common/base/logging.h"
#include "scheduler/engine/cell.h"

namespace dq {

absl::Status Cell::DatabaseAway() {
  return MakeError(absl::StatusCode::kUnavailable, "DATABASE_UNAVAILABLE",
                   "The database does not answer: try again later.");
}

absl::Status Cell::CheckLeading() const { return IsLeading() ? absl::OkStatus() : refusal_; }

absl::Status Cell::CheckAccepting() const {
  if (!IsLeading()) return refusal_;
  if (draining_) {
    return MakeError(absl::StatusCode::kUnavailable, "DRAINING",
                     "This scheduler shuts down: try again, another takes over.");
  }
  if (degraded_) return DatabaseAway();
  const int64_t waiting = writes_.rows_pending() + std::ssize(named_) + std::ssize(asked_);
  if (waiting >= options_.commands_queued_max) {
    return MakeError(absl::StatusCode::kResourceExhausted, "QUEUE_FULL",
                     "Too much waits to be recorded: try again later.");
  }
  return absl::OkStatus();
}

std::shared_ptr<JobView> Cell::MakeView(const LiveJob& job) const {
  auto view = std::make_shared<JobView>();
  view->record = job.record;
  if (view->record.result) view->record.result->report_json.clear();
  JobStatus& status = view->record.status;
  if (IsLeased(status.state)) view->progress = job.progress;
  if (status.state == JobState::kQueued) ShowWait(*view, AsReady(job));
  return view;
}

void Cell::ShowWait(JobView& view, const ReadyJob& job) const {
  view.queue_position = ready_.CountBefore(job);
  WaitReason& reason = view.record.status.wait_reason;
  reason = WaitReason::kNoWorkerForStage;
  if (!workers_.AnyServes(job.demand)) return;
  reason = groups_.Blocks(job.place);
  if (reason == WaitReason::kNone) reason = WaitReason::kBehindOthers;
}

void Cell::RecordChange(PendingBatch* batch, const LiveJob& job, ChangeKind kind) {
  std::shared_ptr<const JobView> view;
  if (watches_.IsRecording()) view = MakeView(job);
  if (batch == nullptr) {
    watches_.Publish(std::move(view), kind);
  } else {
    batch->changes.push_back({job.record.key, kind, std::move(view)});
  }
}

std::shared_ptr<const JobView> Cell::MakeLateView(PendingBatch& batch, const DraftChange& change) {
  LiveJob& job = *jobs_.Find(change.job);
  // A job that was changed again has a later view.
  if (job.last_batch != batch.rows->sequence) return nullptr;
  std::shared_ptr<JobView> view = MakeView(job);
  view->record.result = WriteQueue::RowOf(batch, job).result;
  if (view->record.result) view->record.result->report_json.clear();
  return view;
}

void Cell::PublishChanges(PendingBatch& batch) {
  for (DraftChange& change : batch.changes) {
    const bool is_late = change.view == nullptr && watches_.IsRecording();
    if (is_late) change.view = MakeLateView(batch, change);
    watches_.Publish(std::move(change.view), change.kind);
  }
}

void Cell::WhenDurable(const LiveJob& job, Release release) {
  PendingBatch* const batch = writes_.Find(job.last_batch);
  if (batch == nullptr) return release(absl::OkStatus());
  batch->releases.push_back({job.record.key, std::move(release)});
}

void Cell::ReadWhenDurable(const LiveJob& job, Release release) {
  PendingBatch* const batch = writes_.Find(job.last_batch);
  if (batch == nullptr) return release(absl::OkStatus());
  // Nobody waits for as long as an outage lasts.
  if (degraded_) return release(DatabaseAway());
  batch->reads.push_back(std::move(release));
}

void Cell::RefuseReads() {
  for (const Release& read : writes_.TakeReads()) read(DatabaseAway());
}

void Cell::GetLiveJobs(const Instant& now, const std::string& project,
                       const std::vector<std::string>& ids, ViewsDone done) {
  now_ = now;
  if (absl::Status refusal = CheckLeading(); !refusal.ok()) return done(refusal);
  std::vector<LiveJob*> jobs = ids.empty() ? jobs_.OfProject(project) : std::vector<LiveJob*>();
  for (const std::string& id : ids) {
    if (LiveJob* const job = jobs_.Find(JobName{project, id})) jobs.push_back(job);
  }
  std::vector<JobView> views;
  const LiveJob* newest = nullptr;
  for (const LiveJob* job : jobs) {
    if (newest == nullptr || job->last_batch > newest->last_batch) newest = job;
    if (!IsTerminal(job->record.status.state)) views.push_back(*MakeView(*job));
  }
  AnswerViews(newest, std::move(views), std::move(done));
}

void Cell::ShowRecords(const Instant& now, std::vector<JobRecord> records, ViewsDone done) {
  now_ = now;
  if (absl::Status refusal = CheckLeading(); !refusal.ok()) return done(refusal);
  std::vector<JobView> views;
  const LiveJob* newest = nullptr;
  for (JobRecord& record : records) {
    const LiveJob* const job = jobs_.Find(record.name);
    const bool shows_more = job != nullptr && !IsTerminal(job->record.status.state) &&
                            job->record.status.version >= record.status.version;
    if (!shows_more) {
      views.push_back(MakeAbsentView(std::move(record)));
      continue;
    }
    if (newest == nullptr || job->last_batch > newest->last_batch) newest = job;
    views.push_back(*MakeView(*job));
  }
  AnswerViews(newest, std::move(views), std::move(done));
}

JobView Cell::MakeAbsentView(JobRecord record) {
  JobView view = {std::move(record), {}, 0};
  if (ready_.absent() == 0 || view.record.status.state != JobState::kQueued) return view;
  const ReadyJob job = PlaceOf(view.record);
  if (ready_.IsAbsent(job)) ShowWait(view, job);
  return view;
}

void Cell::AnswerViews(const LiveJob* newest, std::vector<JobView> views, ViewsDone done) {
  if (newest == nullptr) return done(std::move(views));
  // What was decided may not be seen before it is durable.
  ReadWhenDurable(*newest, [done = std::move(done),
                            shared = std::make_shared<std::vector<JobView>>(std::move(views))](
                               const absl::Status& status) {
    if (status.ok()) {
      done(std::move(*shared));
    } else {
      done(status);
    }
  });
}

absl::StatusOr<SchedulerStats> Cell::GetStats(const Instant& now) {
  if (!IsLeading()) return refusal_;
  SchedulerStats stats;
  for (const auto& [state, count] : counts_) {
    if (count != 0) stats.jobs_by_state[state] = count;
  }
  stats.workers = static_cast<int32_t>(workers_.connected());
  stats.slots = static_cast<int32_t>(workers_.slots());
  stats.slots_busy = static_cast<int32_t>(leases_.size());
  stats.epoch = epoch_;
  stats.windows = flow_.Windows(now.boot);
  if (const std::optional<JobKey> oldest = ready_.OldestKey()) {
    if (const LiveJob* const job = jobs_.Find(*oldest)) {
      stats.oldest_queued_age = now.wall - job->record.create_time;
    } else if (std::ranges::count(load_again_, *oldest) == 0 && !loading_) {
      load_again_.push_back(*oldest);  // Its age is known the next time.
    }
  }
  return stats;
}

absl::StatusOr<GroupView> Cell::SetLimit(const GroupLimit& limit) {
  if (!IsLeading()) return refusal_;
  return ViewOf(groups_.SetLimit(limit));
}

GroupView Cell::ViewOf(GroupId group) const {
  GroupView view;
  view.limit = groups_.LimitOf(group);
  view.waiting = ready_.CountIn(view.limit.kind, group);
  view.live = groups_.MembersOf(group);
  view.running = groups_.RunningIn(group);
  return view;
}

absl::StatusOr<std::vector<GroupView>> Cell::ListGroups(const GroupQuery& query) const {
  if (!IsLeading()) return refusal_;
  std::vector<GroupView> views;
  std::string after = query.after;
  for (const GroupKind kind : query.kinds) {
    for (GroupId group : groups_.List(kind, after, query.limit - views.size())) {
      views.push_back(ViewOf(group));
    }
    after.clear();
  }
  return views;
}

absl::StatusOr<std::vector<WorkerView>> Cell::ListWorkers() const {
  if (!IsLeading()) return refusal_;
  std::vector<WorkerView> views;
  for (const Worker* worker : workers_.Connected()) {
    views.push_back(ViewOf(worker->hello.instance, worker));
  }
  for (const auto& [instance, drain] : drains_) {
    const Worker* const worker = workers_.FindByInstance(instance);
    if (worker == nullptr || worker->session == 0) views.push_back(ViewOf(instance, nullptr));
  }
  return views;
}

WorkerView Cell::ViewOf(const std::string& instance, const Worker* worker) const {
  WorkerView view;
  view.instance = instance;
  if (const auto drain = drains_.find(instance); drain != drains_.end()) {
    view.drain = drain->second;
  }
  if (worker == nullptr) return view;
  view.is_connected = true;
  view.version = worker->hello.version;
  view.stages = worker->hello.stages;
  view.labels = worker->hello.labels;
  view.slots = worker->hello.slots;
  view.draining = worker->draining;
  view.connect_time = worker->connect_time;
  view.last_report_time = worker->last_report_time;
  for (JobKey key : leases_.JobsOf(worker->id)) view.jobs.push_back(jobs_.Find(key)->record.name);
  return view;
}

absl::StatusOr<WorkerView> Cell::SetDrain(const std::string& instance,
                                          std::optional<WorkerDrain> drain) {
  if (!IsLeading()) return refusal_;
  Log(LogLevel::kInfo, drain ? "worker drained" : "worker drained no more",
      {{"worker", instance}, {"actor", drain ? drain->actor : ""}});
  if (drain) {
    drains_.insert_or_assign(instance, *std::move(drain));
  } else {
    drains_.erase(instance);
  }
  Worker* const worker = workers_.FindByInstance(instance);
  if (worker == nullptr || worker->session == 0) return ViewOf(instance, nullptr);
  worker->drained = drains_.contains(instance);
  workers_.Enqueue(*worker);
  return ViewOf(instance, worker);
}

absl::Status Cell::SetWebhook(const WebhookPlace& webhook, WebhookPresence presence) {
  if (!IsLeading()) return refusal_;
  const bool was_told = webhooks_.contains(webhook.project);
  std::set<WebhookKey>& keys = webhooks_[webhook.project];
  if (presence == WebhookPresence::kThere) {
    keys.insert(webhook.key);
  } else {
    keys.erase(webhook.key);
  }
  if (keys.empty()) webhooks_.erase(webhook.project);
  if (webhooks_.contains(webhook.project) != was_told) AnnounceProjects();
  return absl::OkStatus();
}

void Cell::LoadWebhooks(const std::vector<WebhookPlace>& webhooks) {
  for (const WebhookPlace& webhook : webhooks) webhooks_[webhook.project].insert(webhook.key);
  AnnounceProjects();
}

void Cell::AnnounceProjects() {
  auto projects = std::make_shared<std::set<std::string>>();
  for (const auto& [project, unused] : webhooks_) projects->insert(projects->end(), project);
  writes_.Announce(projects->empty() ? nullptr : std::move(projects));
}

}  // namespace dq
