#include "tests/scheduler/simulation/background.h"

#include <algorithm>
#include <utility>

#include "tests/support/silent_engine_metrics.h"

namespace dq::sim {
namespace {

SilentEngineMetrics silent_metrics;

constexpr absl::Duration kStandby = absl::Milliseconds(500);
constexpr absl::Duration kLater = absl::Seconds(1);
constexpr absl::Duration kSoon = absl::Milliseconds(200);
constexpr absl::Duration kBatchLook = absl::Seconds(5);
constexpr absl::Duration kScheduleLook = absl::Seconds(5);
constexpr absl::Duration kEndLook = absl::Seconds(1);

// Waits between tries are hours in the product.
WebhookDriverOptions HastyOptions() {
  WebhookDriverOptions options;
  options.retry_scale = 0.03;
  options.in_flight_webhook_max = 3;
  options.look_interval = absl::Seconds(5);
  options.purge_interval = absl::Seconds(7);
  options.kept = absl::Seconds(10);
  return options;
}

std::string HeaderOf(const WebhookRequest& request, std::string_view name) {
  for (const auto& [key, value] : request.headers) {
    if (key == name) return value;
  }
  return "";
}

}  // namespace

absl::Time Background::Wall::Now() const {
  const absl::Time wall = background_.ports_.wall();
  return is_hasty_ ? Errands::Hasty(wall) : wall;
}

Background::Background(BackgroundPorts ports) : ports_(std::move(ports)) {
  const auto thread = [this](auto body) {
    return std::make_unique<BlockingThread>(ports_.process, std::move(body));
  };
  const auto stores = [this](BlockingThread& of) {
    return std::make_unique<BlockingStores>(of, ports_.process, ports_.database,
                                            ports_.errands.judges());
  };
  batch_thread_ = thread([this] { CarryBatchesOn(); });
  batch_stores_ = stores(*batch_thread_);
  batch_control_ = std::make_unique<BlockingJobControl>(*batch_thread_, ports_.act);
  const auto read = [this](const std::vector<JobName>& names) {
    return batch_stores_->LoadJobs(names);
  };
  batches_ =
      std::make_unique<BatchDriver>(*batch_control_, read, *batch_stores_, Errands::MakeOperation(),
                                    wall_, [this] { webhook_thread_->Wake(); });

  schedule_thread_ = thread([this] { CarrySchedulesOn(); });
  schedule_stores_ = stores(*schedule_thread_);
  schedule_control_ = std::make_unique<BlockingJobControl>(*schedule_thread_, ports_.act);
  schedules_ = std::make_unique<ScheduleDriver>(
      ScheduleDriver::Ports{*schedule_control_, *schedule_stores_, *schedule_stores_, hasty_,
                            [this](BatchKey key) { Wake(key); }, silent_metrics},
      Errands::MakeRun());

  webhook_thread_ = thread([this] { CarryWebhooksOn(); });
  webhook_stores_ = stores(*webhook_thread_);
  webhooks_ = std::make_unique<WebhookDriver>(
      WebhookDriver::Ports{*webhook_stores_, transport_, wall_, silent_metrics,
                           [this] { return ports_.process.time().Fraction(); }},
      inbox_, HastyOptions());
}

Background::~Background() {
  batch_thread_->Kill();
  schedule_thread_->Kill();
  webhook_thread_->Kill();
}

void Background::Wake(BatchKey batch) {
  if (batch != 0) {
    batches_due_[batch] = absl::InfinitePast();
    batch_thread_->Wake();
  }
  webhook_thread_->Wake();
}

void Background::LookAtBatches() {
  const auto open = batch_stores_->ListOpenBatches();
  if (!open.ok()) return;
  for (const BatchKey key : *open) batches_due_[key] = absl::InfinitePast();
}

void Background::StepOf(BatchKey key) {
  const BatchPace pace = batches_->Step(key);
  if (pace == BatchPace::kIdle) return;
  const absl::Duration wait = pace == BatchPace::kAtOnce ? absl::ZeroDuration()
                              : pace == BatchPace::kSoon ? kSoon
                                                         : kLater;
  const auto [due, is_new] = batches_due_.try_emplace(key, wall_.Boot() + wait);
  if (!is_new) due->second = std::min(due->second, wall_.Boot() + wait);
}

void Background::CarryBatchesOn() {
  while (!batch_thread_->IsKilled()) {
    if (!ports_.is_serving()) {
      look_due_ = absl::InfinitePast();
      batches_due_.clear();
      batch_thread_->Sleep(kStandby);
      continue;
    }
    if (wall_.Boot() >= look_due_) {
      LookAtBatches();
      look_due_ = wall_.Boot() + kBatchLook;
    }
    std::vector<BatchKey> keys;
    std::erase_if(batches_due_, [&](const auto& due) {
      if (due.second > wall_.Boot()) return false;
      keys.push_back(due.first);
      return true;
    });
    for (const BatchKey key : keys) StepOf(key);
    absl::Time next = look_due_;
    for (const auto& [key, due] : batches_due_) next = std::min(next, due);
    batch_thread_->Sleep(std::max(next - wall_.Boot(), absl::Microseconds(50)));
  }
}

absl::Duration Background::PassOfSchedules() {
  if (!ports_.is_serving()) return kStandby;
  const auto outlook = schedules_->Pass();
  if (!outlook.ok()) return kLater;
  return std::min(outlook->wait / Errands::kScheduleHaste,
                  outlook->runs_go_on ? kEndLook : kScheduleLook);
}

void Background::CarrySchedulesOn() {
  while (!schedule_thread_->IsKilled()) {
    schedule_thread_->Sleep(std::max(PassOfSchedules(), absl::Microseconds(50)));
  }
}

void Background::CarryWebhooksOn() {
  while (!webhook_thread_->IsKilled()) {
    const absl::Time due = webhooks_->Pass(ports_.is_serving());
    webhook_thread_->Sleep(std::max(due - wall_.Boot(), absl::Microseconds(50)));
  }
}

void Background::Transport::Post(WebhookRequest request, Done done) {
  Background& background = background_;
  if (background.webhook_thread_->IsKilled()) return;
  Process& process = background.ports_.process;
  Timeline& time = process.time();
  const auto way = [&time] { return time.Between(absl::Microseconds(50), absl::Milliseconds(20)); };
  const auto status = std::make_shared<int32_t>(0);
  absl::Duration there = way();
  const absl::Duration back = there + way();
  const bool is_lost = !background.ports_.errands.IsCalm() && time.OneIn(15);
  if (is_lost && time.OneIn(2)) there += time.Between(absl::ZeroDuration(), absl::Seconds(5));
  if (!is_lost || !time.OneIn(3)) {
    time.After(there, [&errands = background.ports_.errands, status, is_lost, request] {
      const int32_t answered = errands.Receive(HeaderOf(request, "webhook-id"), request.body);
      if (!is_lost) *status = answered;
    });
  }
  process.Later(back, [&background, status, done = std::move(done)] {
    done({*status, *status == 0 ? "the connection broke" : "", absl::ZeroDuration()});
    background.webhook_thread_->Wake();
  });
}

}  // namespace dq::sim
