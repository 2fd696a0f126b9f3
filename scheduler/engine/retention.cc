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
constexpr int kStepUploads = 200;

void LogFailure(const std::string& what, const absl::Status& why) {
  Log(LogLevel::kWarning, "retention does not get on",
      {{"what", what}, {"reason", ReasonOf(why)}, {"message", MessageOf(why)}});
}

// Tells of the first job that stays, for all of them.
void LogRefused(const std::vector<JobName>& jobs, const std::vector<absl::Status>& outcomes) {
  const auto refused = std::ranges::find_if_not(outcomes, &absl::Status::ok);
  if (refused == outcomes.end()) return;
  const JobName& job = jobs[static_cast<size_t>(refused - outcomes.begin())];
  LogFailure("job " + job.project + "/" + job.id, *refused);
}

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
  // Uploads go by themselves, once nothing names them: schedules and operations to come do, too.
  return {{"scheduler", "It ended longer than " + days + " ago.", clock_.Now()}, false};
}

void Retention::Expire() {
  Tally tally;
  ExpireBatches(tally);
  ExpireJobs(tally);
  ExpireUploads(tally);
  if (tally.jobs == 0 && tally.uploads == 0 && tally.refused == 0) return;
  Log(LogLevel::kInfo, "retention",
      {{"jobs", tally.jobs},
       {"batches", tally.batches},
       {"uploads", tally.uploads},
       {"refused", tally.refused}});
}

// Nothing is reserved: no leader keeps uploads in mind, and the record says who names them.
void Retention::ExpireUploads(Tally& tally) {
  const absl::Duration age = std::max(options_.finished, options_.upload_age_min);
  int64_t after = 0;
  while (GoesOn()) {
    const auto page = store_.DeleteUnusedUploads(age, after, kStepUploads);
    if (!page.ok()) return;
    after = page->last;
    tally.uploads += page->deleted;
    if (page->deleted > 0) {
      metrics_.UploadsExpired(page->deleted);
      PayDebts();
      KeepToRate(page->deleted);
    }
    if (page->is_last_page) return;
  }
}

void Retention::ExpireJobs(Tally& tally) {
  JobKey after = 0;
  while (GoesOn()) {
    const auto page = store_.ListExpiredJobs(options_.finished, after, kStepJobs);
    if (!page.ok()) return LogFailure("jobs", page.status());
    after = page->last;
    if (!page->jobs.empty()) {
      const auto outcomes = DeleteEach(page->jobs);
      if (!outcomes) return;
      LogRefused(page->jobs, *outcomes);
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

std::optional<std::vector<absl::Status>> Retention::DeleteEach(const std::vector<JobName>& jobs) {
  auto outcomes = DeleteJobs(*scheduler_, store_, jobs, Wish(), abandonment_);
  const bool is_apart =
      !outcomes || jobs.size() == 1 || !std::ranges::all_of(*outcomes, absl::IsInternal);
  if (is_apart) return outcomes;
  const auto half = jobs.begin() + std::ssize(jobs) / 2;
  outcomes = DeleteEach({jobs.begin(), half});
  if (!outcomes) return std::nullopt;
  const auto others = DeleteEach({half, jobs.end()});
  if (!others) return std::nullopt;
  outcomes->insert(outcomes->end(), others->begin(), others->end());
  return outcomes;
}

void Retention::ExpireBatches(Tally& tally) {
  BatchKey after = 0;
  while (GoesOn()) {
    const auto page = store_.ListExpiredBatches(options_.finished, after, kStepBatches);
    if (!page.ok()) return LogFailure("batches", page.status());
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
  absl::Status deleted = names.status();
  if (deleted.ok()) {
    Answers<absl::StatusOr<DeletionReservation>> reserving(1, abandonment_);
    scheduler_->ReserveDeletion(*names, reserving.Take(0));
    const auto reserved = reserving.Wait();
    if (!reserved) return 0;
    const absl::StatusOr<DeletionReservation>& reservation = reserved->front();
    deleted = !reservation.ok()
                  ? reservation.status()
                  : DeleteReservedBatch(*scheduler_, store_, *reservation, batch, Wish()).status();
  }
  if (!deleted.ok()) {
    ++tally.refused;
    LogFailure("batch " + batch.project + "/" + batch.id, deleted);
    return 0;
  }
  ++tally.batches;
  tally.jobs += std::ssize(*names);
  return std::ssize(*names);
}

}  // namespace dq
