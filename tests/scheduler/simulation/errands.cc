#include "tests/scheduler/simulation/errands.h"

#include <array>
#include <utility>

#include "scheduler/core/batch_wish.h"
#include "scheduler/core/webhook_policy.h"

namespace dq::sim {
namespace {

constexpr char kProject[] = "default";
constexpr int kBatchesMax = 3;
constexpr int kOperationsMax = 5;
constexpr int kOk = 204;
constexpr int kFailing = 500;
// Of one message: the waits between tries grow fast.
constexpr int kFailuresMax = 2;

absl::Time Epoch() { return absl::FromUnixSeconds(1'800'000'000); }

JobRecord NewJob(const std::string& id, const std::string& work) {
  JobRecord job;
  job.name = {kProject, id};
  job.created_by = kErrandsActor;
  job.payload.grant = work;
  job.rules.stages = {"noop"};
  job.rules.max_attempts = 2;
  job.rules.backoff = absl::Milliseconds(50);
  return job;
}

}  // namespace

Errands::Errands(Timeline& time, FakeStore& store, History& history, int64_t epoch,
                 std::vector<std::string>& findings)
    : time_(time),
      store_(store),
      judges_{{store, history, findings}, {history, findings}, {store, findings}} {
  history.SetListener([this](const SeenJob& job, const JobEventRecord& event) {
    judges_.schedules.Heard(job, event);
    judges_.batches.Heard(job, event);
    judges_.webhooks.Heard(job, event);
  });
  AddWebhook(epoch);
  AddSchedule();
  for (int i = 0; i <= static_cast<int>(time_.Pick(kBatchesMax)); ++i) AddBatch(i);
}

absl::Time Errands::Hasty(absl::Time wall) { return Epoch() + kScheduleHaste * (wall - Epoch()); }

void Errands::AddWebhook(int64_t epoch) {
  WebhookRecord webhook;
  webhook.project = kProject;
  webhook.id = "hook";
  webhook.uid = "0123456789abcdef0123456789abcdef";
  webhook.url = "https://receiver/";
  webhook.secret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
  webhook.create_time = time_.Now();
  if (time_.OneIn(3)) {
    webhook.events =
        WebhookEventBit(WebhookEvent::kJobFailed) | WebhookEventBit(WebhookEvent::kBatchFailed);
  }
  judges_.webhooks.Follow(store_.CreateWebhook(webhook, epoch)->record);
}

void Errands::AddSchedule() {
  constexpr std::array kOverlaps = {OverlapPolicy::kSkip, OverlapPolicy::kQueue,
                                    OverlapPolicy::kCancelRunning};
  ScheduleRecord schedule;
  schedule.project = kProject;
  schedule.id = "tick";
  schedule.uid = "5c4ed01e";
  schedule.cron = "* * * * *";
  schedule.time_zone = "UTC";
  schedule.overlap = kOverlaps.at(time_.Pick(kOverlaps.size()));
  schedule.catch_up_window = absl::Minutes(time_.OneIn(2) ? 3 : 60);
  schedule.create_time = schedule.decided_until = schedule.look_time = Hasty(time_.Now());
  schedule_ = store_.CreateSchedule(schedule)->record.key;
  judges_.schedules.Follow(store_.GetScheduleByKey(schedule_)->record);
}

void Errands::AddBatch(int number) {
  BatchRecord batch;
  batch.project = kProject;
  batch.id = "batch" + std::to_string(number);
  batch.uid = "ba7c" + std::to_string(number);
  batch.created_by = kErrandsActor;
  batch.mode = time_.OneIn(2) ? BatchMode::kSequential : BatchMode::kParallel;
  batch.max_parallel = static_cast<int32_t>(time_.Pick(3));
  batch.stop_on_error = time_.OneIn(2);
  batch.operations = 1 + static_cast<int32_t>(time_.Pick(kOperationsMax));
  batch.create_time = batch.run_time = time_.Now();
  const std::vector<std::string> requests(static_cast<size_t>(batch.operations), "work");
  judges_.batches.Follow(store_.CreateBatch(batch, requests)->record);
  batches_.push_back(batch.id);
}

OperationMaker Errands::MakeOperation() {
  return [](const BatchRecord& batch, const BatchOperation& operation) {
    JobRecord job = NewJob(batch.id + "-" + std::to_string(operation.index), operation.request);
    if (batch.max_parallel > 0) {
      job.rules.concurrency_key = batch.id;
      job.rules.concurrency_max = batch.max_parallel;
    }
    return job;
  };
}

RunMaker Errands::MakeRun() {
  return [](const ScheduleRecord&, const ScheduleRun& run, const std::string& id) {
    return std::variant<JobRecord, BatchToMake>(NewJob(id, "run " + std::to_string(run.number)));
  };
}

void Errands::Start() { WishLater(); }

void Errands::WishLater() {
  time_.After(time_.Between(absl::Milliseconds(200), absl::Seconds(6)), [this] {
    if (calm_) return;
    constexpr std::array<Wish, 4> kWishes = {&WishResume, &WishPause, &WishCancel, &WishRetry};
    if (time_.OneIn(2)) {
      Trigger();
    } else {
      const std::string& batch = batches_[time_.Pick(batches_.size())];
      WishOfBatch(batch, kWishes.at(time_.Pick(kWishes.size())));
    }
    WishLater();
  });
}

// A person's call that finds the database there.
void Errands::Trigger() {
  absl::StatusOr<ScheduleView> view = store_.GetScheduleByKey(schedule_);
  if (!view.ok()) return;
  ScheduleRun run;
  run.number = ++view->record.runs;
  run.fire_time = Hasty(time_.Now());
  run.is_triggered = true;
  run.request_id = "trigger-" + std::to_string(run.number);
  run.actor = kErrandsActor;
  view->record.look_time = run.fire_time;
  if (store_.UpdateSchedule(view->record, {run}).ok()) judges_.schedules.Changed(schedule_);
}

void Errands::WishOfBatch(const std::string& id, Wish wish) {
  const absl::StatusOr<BatchView> view = store_.GetBatch(kProject, id);
  if (!view.ok()) return;
  absl::StatusOr<BatchRecord> wished = wish(*view, time_.Now());
  if (!wished.ok() || *wished == view->record) return;
  wished->actor = kErrandsActor;
  if (!store_.UpdateBatch(*wished, {}).ok()) return;
  time_.Trace([&] {
    return wished->id + " is wished something: " + std::to_string(static_cast<int>(wished->desire));
  });
  const bool had_ended = view->record.end_time != absl::InfinitePast();
  if (had_ended && wished->end_time == absl::InfinitePast()) judges_.batches.Reopened(wished->key);
}

void Errands::CalmDown() {
  calm_ = true;
  absl::StatusOr<ScheduleView> view = store_.GetScheduleByKey(schedule_);
  view->record.paused = true;
  (void)store_.UpdateSchedule(view->record, {});
  judges_.schedules.Changed(schedule_);
  for (const std::string& batch : batches_) WishOfBatch(batch, &WishResume);
}

bool Errands::IsDone() const {
  return judges_.schedules.IsDone() && judges_.batches.IsDone() && judges_.webhooks.IsDone() &&
         store_.MeasureOutbox()->waiting == 0;
}

void Errands::CheckRest() {
  judges_.schedules.CheckRest();
  judges_.batches.CheckRest();
  judges_.webhooks.CheckRest();
}

int32_t Errands::Receive(const std::string& message_id, const std::string& body) {
  if (!calm_ && time_.OneIn(4) && ++failures_[message_id] <= kFailuresMax) return kFailing;
  judges_.webhooks.Accepted(message_id, body);
  return kOk;
}

}  // namespace dq::sim
