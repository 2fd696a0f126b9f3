#include "scheduler/engine/batch_runner.h"

#include <algorithm>
#include <utility>

namespace dq {

void BatchRunner::Start(const Scheduler& scheduler, std::unique_ptr<BatchSteps> steps) {
  scheduler_ = &scheduler;
  steps_ = std::move(steps);
  thread_ = std::thread([this] { Run(); });
}

void BatchRunner::Stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    changed_.NotifyAll();
  }
  if (!thread_.joinable()) return;
  steps_->Abandon();
  thread_.join();
}

void BatchRunner::Wake(BatchKey key) {
  MutexLock lock(mutex_);
  due_[key] = absl::InfinitePast();
  changed_.NotifyAll();
}

bool BatchRunner::IsStopping() const {
  MutexLock lock(mutex_);
  return stopping_;
}

void BatchRunner::Schedule(BatchKey key, absl::Time due) {
  MutexLock lock(mutex_);
  const auto [entry, is_new] = due_.try_emplace(key, due);
  if (!is_new) entry->second = std::min(entry->second, due);
}

std::vector<BatchKey> BatchRunner::TakeDue() {
  const absl::Time now = clock_.Boot();
  std::vector<BatchKey> keys;
  MutexLock lock(mutex_);
  for (auto entry = due_.begin(); entry != due_.end();) {
    if (entry->second > now) {
      ++entry;
      continue;
    }
    keys.push_back(entry->first);
    entry = due_.erase(entry);
  }
  return keys;
}

void BatchRunner::WaitUntil(absl::Time due) {
  MutexLock lock(mutex_);
  for (const auto& [key, time] : due_) due = std::min(due, time);
  const absl::Duration wait = due - clock_.Boot();
  if (stopping_ || wait <= absl::ZeroDuration()) return;
  changed_.WaitFor(mutex_, absl::ToChronoNanoseconds(wait));
}

void BatchRunner::LookAtAll() {
  const auto open = batches_.ListOpenBatches();
  if (!open.ok()) return;
  for (const BatchKey key : *open) Schedule(key, absl::InfinitePast());
}

void BatchRunner::StepOf(BatchKey key) {
  const absl::Time now = clock_.Boot();
  switch (steps_->Step(key)) {
    case BatchPace::kAtOnce:
      return Schedule(key, now);
    case BatchPace::kSoon:
      return Schedule(key, now + options_.soon);
    case BatchPace::kLater:
      return Schedule(key, now + options_.later);
    case BatchPace::kIdle:
      return;
  }
}

void BatchRunner::Run() {
  absl::Time look_due = absl::InfinitePast();
  while (!IsStopping()) {
    if (!scheduler_->IsServing()) {
      look_due = absl::InfinitePast();  // What a leader before has left is looked for.
      steps_->Forget();
      MutexLock lock(mutex_);
      due_.clear();
      if (!stopping_) {
        changed_.WaitFor(mutex_, absl::ToChronoNanoseconds(options_.standby_interval));
      }
      continue;
    }
    if (clock_.Boot() >= look_due) {
      LookAtAll();
      look_due = clock_.Boot() + options_.look_interval;
    }
    for (const BatchKey key : TakeDue()) {
      if (!IsStopping()) StepOf(key);
    }
    WaitUntil(look_due);
  }
}

}  // namespace dq
