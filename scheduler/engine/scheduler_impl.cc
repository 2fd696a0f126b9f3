// Wires the cell, its run loop, the commit writer and the election together.
#include "scheduler/engine/scheduler_impl.h"

#include <chrono>

#include "common/base/error.h"
#include "common/base/random_id.h"

namespace dq {
namespace {

static_assert(CommitWriter::kThreads == Cell::kBatchesInFlightMax);

constexpr size_t kTokenBytes = 16;

CellSources RandomSources() {
  return {.lease_token = [] { return RandomHex(kTokenBytes); },
          .uid = [] { return RandomHex(kTokenBytes); },
          .job_id = [](absl::Time now) { return TimeOrderedId("j-", now); },
          .file_id = [](absl::Time now) { return TimeOrderedId("f-", now); }};
}

// Returns what callers are told while another leads: they find the leader in the metadata.
absl::Status AsRefusal(const absl::Status& why) {
  const bool database = ReasonOf(why) == "DATABASE_UNAVAILABLE";
  return MakeError(absl::StatusCode::kUnavailable, database ? "DATABASE_UNAVAILABLE" : "NOT_LEADER",
                   MessageOf(why), MetadataOf(why));
}

}  // namespace

absl::Status SchedulerDrains() {
  return MakeError(absl::StatusCode::kUnavailable, "DRAINING",
                   "This scheduler shuts down: try again, another takes over.");
}

absl::Status SchedulerQueueFull() {
  return MakeError(absl::StatusCode::kResourceExhausted, "QUEUE_FULL",
                   "The scheduler is overloaded: try again later.");
}

Scheduler::Impl::Impl(SchedulerOptions options, JobStore& store, const Clock& clock,
                      EngineMetrics& metrics, EndListener ends)
    : options_(std::move(options)),
      store_(store),
      ends_(std::move(ends)),
      watches_(options_.watch_backlog_messages_max),
      cell_(options_, RandomSources(), metrics, watches_),
      refusal_(MakeError(absl::StatusCode::kUnavailable, "NOT_LEADER",
                         "This scheduler does not lead yet.")),
      writer_(store, ListenToWriter()),
      election_(store,
                {options_.instance, options_.address, options_.leadership_ttl,
                 options_.leadership_renew_interval},
                ListenToElection()),
      loop_(clock, options_.commands_queued_max,
            [this](const Instant& now) { return AfterPass(now); }) {}

CommitListener Scheduler::Impl::ListenToWriter() {
  CommitListener listener;
  listener.committed = [this](int64_t epoch, BatchResult result) {
    Tell([this, epoch, result = std::move(result)](Cell& cell, const Instant& now) mutable {
      if (cell.epoch() != epoch) return;
      if (absl::Status fits = cell.CheckRefused(result); !fits.ok()) return StepDownAndResign(fits);
      auto spent = std::make_shared<SpentBatch>(cell.Committed(now, std::move(result)));
      announcer_.Post([this, spent] { TellEnds(*spent); });
    });
  };
  listener.refused = [this](int64_t epoch, const absl::Status& why) {
    Tell([this, epoch, why](Cell& cell, const Instant&) {
      if (cell.epoch() == epoch) StepDownAndResign(why);
    });
  };
  listener.failing = [this](int64_t epoch, const absl::Status&) {
    Tell([epoch](Cell& cell, const Instant& now) {
      if (cell.epoch() == epoch) cell.DatabaseLost(now);
    });
  };
  return listener;
}

void Scheduler::Impl::TellEnds(const SpentBatch& spent) const {
  const auto& announced = spent.batch.rows->announced_projects;
  bool is_announced = false;
  for (const std::unique_ptr<LiveJob>& job : spent.jobs) {
    if (!IsTerminal(job->record.status.state)) continue;
    is_announced =
        is_announced || (announced != nullptr && announced->contains(job->record.name.project));
    const BatchKey batch = job->record.batch.key;
    if (batch != 0 && ends_.operation_ended) ends_.operation_ended(batch);
    // One that was recorded with its end has no update.
    if (!ends_.ended || !MayHaveLeftFiles(job->record.status)) continue;
    const JobUpdate& row = spent.batch.rows->updates[job->update_index];
    EndedJob ended = {row.key, row.name, row.status.state, row.status.attempt, 0, ""};
    if (job->record.checkpoint != nullptr) {
      ended.checkpoint_attempt = job->record.checkpoint->attempt;
    }
    if (row.result.has_value()) ended.manifest_uri = row.result->manifest_uri;
    ends_.ended(ended);
  }
  if (is_announced && ends_.announced) ends_.announced();
}

ElectionListener Scheduler::Impl::ListenToElection() {
  ElectionListener listener;
  listener.elected = [this](TakenOver taken) {
    Tell([this, taken = std::move(taken)](Cell& cell, const Instant& now) mutable {
      cell.TakeOver(now, taken.epoch, std::move(taken.live), taken.counts);
      for (const GroupLimit& limit : taken.limits) (void)cell.SetLimit(limit);
      for (const WorkerDrain& drain : taken.drains) (void)cell.SetDrain(drain.worker, drain);
      cell.LoadWebhooks(taken.webhooks);
      serving_.store(true, std::memory_order_release);
    });
  };
  listener.lost = [this](int64_t epoch, const absl::Status& why) {
    Tell([this, epoch, why](Cell& cell, const Instant&) {
      if (cell.epoch() == epoch) StepDown(why);
    });
  };
  listener.waiting = [this](const absl::Status& why) {
    Tell([this, why](Cell&, const Instant&) { StepDown(why); });
  };
  listener.renewed = [this](int64_t epoch, const absl::Status& status) {
    Tell([epoch, ok = status.ok()](Cell& cell, const Instant& now) {
      if (cell.epoch() != epoch) return;
      ok ? cell.DatabaseFound(now) : cell.DatabaseLost(now);
    });
  };
  return listener;
}

void Scheduler::Impl::StepDownAndResign(const absl::Status& why) {
  const int64_t epoch = cell_.epoch();
  StepDown(why);
  election_.Resign(epoch);
}

void Scheduler::Impl::LoadRecords(const Instant& now) {
  std::optional<RecordsRequest> request = cell_.RecordsToLoad(now);
  if (!request) return;
  const auto load = [this, epoch = cell_.epoch(), request = *std::move(request)] {
    auto records = store_.LoadJobs(request.keys, request.names);
    Tell([this, epoch, records = std::move(records)](Cell& cell, const Instant& then) mutable {
      if (cell.epoch() != epoch) return;
      const absl::Status fits = cell.RecordsLoaded(then, std::move(records));
      if (!fits.ok()) StepDownAndResign(fits);
    });
  };
  // An earlier leadership of this replica may still wait for its answer.
  if (!loader_.Submit(load)) (void)cell_.RecordsLoaded(now, absl::UnavailableError("busy"));
}

void Scheduler::Impl::StepDown(const absl::Status& why) {
  const absl::Status refusal = AsRefusal(why);
  {
    MutexLock lock(mutex_);
    refusal_ = refusal;
  }
  serving_.store(false, std::memory_order_release);
  writer_.Abandon();
  cell_.StepDown(refusal);
}

absl::Status Scheduler::Impl::Refusal() const {
  MutexLock lock(mutex_);
  return refusal_;
}

absl::Time Scheduler::Impl::AfterPass(const Instant& now) {
  cell_.Tick(now);
  LoadRecords(now);
  while (std::shared_ptr<const WriteBatch> batch = cell_.BatchToCommit(now)) {
    writer_.Commit(std::move(batch));
  }
  watches_.Deliver();
  MutexLock lock(mutex_);
  if (flushing_ && !flushed_ && (!cell_.HasPendingWrites() || cell_.IsDegraded())) {
    flushed_ = true;
    flushed_changed_.NotifyAll();
  }
  return cell_.NextDue(now);
}

void Scheduler::Impl::Start() {
  {
    MutexLock lock(mutex_);
    started_ = true;
  }
  announcer_.Start();
  loop_.Start();
  writer_.Start();
  election_.Start();
}

void Scheduler::Impl::WaitUntilFlushed() {
  // Renewals go on meanwhile, so that what was decided can still be recorded.
  using SteadyClock = std::chrono::steady_clock;
  const auto deadline = SteadyClock::now() + absl::ToChronoNanoseconds(options_.leadership_ttl);
  MutexLock lock(mutex_);
  while (!flushed_ && SteadyClock::now() < deadline) {
    flushed_changed_.WaitFor(mutex_, deadline - SteadyClock::now());
  }
}

void Scheduler::Impl::Stop() {
  {
    MutexLock lock(mutex_);
    if (!std::exchange(started_, false)) return;
  }
  Tell([this](Cell& cell, const Instant&) {
    cell.Drain();
    MutexLock lock(mutex_);
    flushing_ = true;
  });
  WaitUntilFlushed();
  serving_.store(false, std::memory_order_release);
  Tell([](Cell& cell, const Instant&) { cell.StepDown(SchedulerDrains()); });
  loop_.Stop();
  announcer_.Stop();
  writer_.Stop();
  election_.Stop();
  loader_.Shutdown();
}

}  // namespace dq
