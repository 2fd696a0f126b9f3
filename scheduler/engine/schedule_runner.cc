#include "scheduler/engine/schedule_runner.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "common/base/error.h"
#include "common/base/logging.h"

namespace dq {

void ScheduleRunner::Start(const Scheduler& scheduler, std::unique_ptr<ScheduleDriver> driver) {
  scheduler_ = &scheduler;
  driver_ = std::move(driver);
  thread_ = std::thread([this] { Run(); });
}

void ScheduleRunner::Stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    changed_.NotifyAll();
  }
  if (!thread_.joinable()) return;
  driver_->Abandon();
  thread_.join();
}

void ScheduleRunner::Wake() {
  MutexLock lock(mutex_);
  woken_ = true;
  changed_.NotifyAll();
}

bool ScheduleRunner::Sleep(absl::Duration wait) {
  using SteadyClock = std::chrono::steady_clock;
  const auto until = SteadyClock::now() + absl::ToChronoNanoseconds(wait);
  MutexLock lock(mutex_);
  while (!woken_ && !stopping_ && SteadyClock::now() < until) {
    changed_.WaitFor(mutex_, until - SteadyClock::now());
  }
  woken_ = false;
  return !stopping_;
}

absl::Duration ScheduleRunner::PassAndWait() {
  if (!scheduler_->IsServing()) {
    driver_->StandBy();
    return options_.standby_interval;
  }
  const auto outlook = driver_->Pass();
  if (!outlook.ok()) {
    Log(LogLevel::kWarning, "schedules not carried on", {{"message", MessageOf(outlook.status())}});
    return options_.later;
  }
  const absl::Duration longest =
      outlook->runs_go_on ? options_.end_interval : options_.look_interval;
  return std::min(outlook->wait, longest);
}

void ScheduleRunner::Run() {
  while (Sleep(PassAndWait())) {
  }
}

}  // namespace dq
