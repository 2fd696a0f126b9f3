#include "scheduler/engine/retention.h"

#include <algorithm>
#include <utility>

#include "common/base/error.h"
#include "common/base/logging.h"

namespace dq {
namespace {

// Jobs of one step: of a transaction, and of a look at the table.
constexpr int kStepJobs = 500;
constexpr int kStepBatches = 50;

}  // namespace

void Retention::Start(Scheduler& scheduler) {
  scheduler_ = &scheduler;
  thread_ = std::thread([this] { Run(); });
}

void Retention::Stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    changed_.NotifyAll();
  }
  if (!thread_.joinable()) return;
  abandonment_->Abandon();
  thread_.join();
}

void Retention::Wake() {
  MutexLock lock(mutex_);
  woken_ = true;
  changed_.NotifyAll();
}

bool Retention::GoesOn() const {
  MutexLock lock(mutex_);
  return !stopping_ && scheduler_->IsServing();
}

void Retention::WaitFor(absl::Duration longest) {
  MutexLock lock(mutex_);
  if (!stopping_ && !woken_) changed_.WaitFor(mutex_, absl::ToChronoNanoseconds(longest));
}

void Retention::KeepToRate(int64_t jobs) {
  const absl::Time due =
      clock_.Boot() + absl::Seconds(static_cast<double>(jobs) / options_.per_second_max);
  MutexLock lock(mutex_);
  while (!stopping_ && clock_.Boot() < due) {
    changed_.WaitFor(mutex_, absl::ToChronoNanoseconds(due - clock_.Boot()));
  }
}

void Retention::Run() {
  absl::Time expire_due = absl::InfinitePast();
  while (true) {
    {
      MutexLock lock(mutex_);
      if (stopping_) return;
      woken_ = false;
    }
    if (!scheduler_->IsServing()) {
      expire_due = absl::InfinitePast();
      WaitFor(options_.standby_interval);
      continue;
    }
    PayDebts();
    if (options_.finished > absl::ZeroDuration() && clock_.Boot() >= expire_due) {
      Expire();
      expire_due = clock_.Boot() + options_.look_interval;
    }
    WaitFor(options_.look_interval);
  }
}

void Retention::PayDebts() {
  const int64_t paid = debts_.PayAll([this] { return GoesOn(); });
  if (paid > 0) metrics_.StorageCleared(paid);
}

DeletionWish Retention::Wish() const {
  const std::string days = absl::FormatDuration(options_.finished);
  return {{"scheduler", "It ended longer than " + days + " ago.", clock_.Now()}, true};
}

void Retention::Expire() {
  Tally tally;
  ExpireBatches(tally);
  ExpireJobs(tally);
  if (tally.jobs == 0 && tally.refused == 0) return;
  Log(LogLevel::kInfo, "retention",
      {{"jobs", tally.jobs}, {"batches", tally.batches}, {"refused", tally.refused}});
}

void Retention::ExpireJobs(Tally& tally) {
  JobKey after = 0;
  while (GoesOn()) {
    const auto page = store_.ListExpiredJobs(options_.finished, after, kStepJobs);
    if (!page.ok()) return;
    after = page->last;
    if (!page->jobs.empty()) {
      const auto outcomes = DeleteJobs(*scheduler_, store_, page->jobs, Wish(), abandonment_);
      if (!outcomes) return;
      const int64_t deleted = std::ranges::count_if(*outcomes, &absl::Status::ok);
      tally.jobs += deleted;
      tally.refused += std::ssize(*outcomes) - deleted;
      metrics_.JobsExpired(deleted);
      PayDebts();
      KeepToRate(std::ssize(*outcomes));
    }
    if (page->is_last_page) return;
  }
}

void Retention::ExpireBatches(Tally& tally) {
  BatchKey after = 0;
  while (GoesOn()) {
    const auto page = store_.ListExpiredBatches(options_.finished, after, kStepBatches);
    if (!page.ok()) return;
    after = page->last;
    for (const ExpiredBatch& batch : page->batches) {
      if (!GoesOn()) return;
      const int64_t deleted = ExpireBatch(batch, tally);
      metrics_.JobsExpired(deleted);
      PayDebts();
      KeepToRate(deleted);
    }
    if (page->is_last_page) return;
  }
}

int64_t Retention::ExpireBatch(const ExpiredBatch& batch, Tally& tally) {
  const auto names = OperationNames(batches_, batch.key);
  if (!names.ok()) return 0;
  Answers<absl::StatusOr<DeletionReservation>> reserving(1, abandonment_);
  scheduler_->ReserveDeletion(*names, reserving.Take(0));
  const auto reserved = reserving.Wait();
  if (!reserved || !reserved->front().ok()) return 0;
  const auto kept = DeleteReservedBatch(*scheduler_, store_, *reserved->front(), batch, Wish());
  if (!kept.ok()) {
    ++tally.refused;
    return 0;
  }
  ++tally.batches;
  tally.jobs += std::ssize(*names);
  return std::ssize(*names);
}

}  // namespace dq
