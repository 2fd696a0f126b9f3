// Wires the cell, its run loop, the commit writer and the election together.
#include "scheduler/engine/scheduler.h"

#include <atomic>
#include <chrono>
#include <utility>

#include "common/base/error.h"
#include "common/base/executor.h"
#include "common/base/logging.h"
#include "common/base/mutex.h"
#include "common/base/random_id.h"
#include "scheduler/engine/announcer.h"
#include "scheduler/engine/cell.h"
#include "scheduler/engine/commit_writer.h"
#include "scheduler/engine/leader_election.h"
#include "scheduler/engine/run_loop.h"
#include "scheduler/engine/watch_hub.h"

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

absl::Status Draining() {
  return MakeError(absl::StatusCode::kUnavailable, "DRAINING",
                   "This scheduler shuts down: try again, another takes over.");
}

absl::Status QueueFull() {
  return MakeError(absl::StatusCode::kResourceExhausted, "QUEUE_FULL",
                   "The scheduler is overloaded: try again later.");
}

// Returns what callers are told while another leads: they find the leader in the metadata.
absl::Status AsRefusal(const absl::Status& why) {
  const bool database = ReasonOf(why) == "DATABASE_UNAVAILABLE";
  return MakeError(absl::StatusCode::kUnavailable, database ? "DATABASE_UNAVAILABLE" : "NOT_LEADER",
                   MessageOf(why), MetadataOf(why));
}

// Hands everything to the worker's sink on the announcer's thread.
class AnnouncedSink final : public WorkerSink {
 public:
  AnnouncedSink(Announcer& announcer, std::shared_ptr<WorkerSink> sink)
      : announcer_(announcer), sink_(std::move(sink)) {}

  void Welcome(WorkerWelcome welcome) override {
    announcer_.Post([sink = sink_, welcome = std::move(welcome)]() mutable {
      sink->Welcome(std::move(welcome));
    });
  }
  void Turn(WorkerTurn turn) override {
    announcer_.Post(
        [sink = sink_, turn = std::move(turn)]() mutable { sink->Turn(std::move(turn)); });
  }
  void Close(absl::Status status) override {
    announcer_.Post([sink = sink_, status = std::move(status)] { sink->Close(status); });
  }

 private:
  Announcer& announcer_;
  const std::shared_ptr<WorkerSink> sink_;
};

}  // namespace

class Scheduler::Impl {
 public:
  Impl(SchedulerOptions options, JobStore& store, const Clock& clock, EngineMetrics& metrics,
       EndListener ends);

  void Start();
  void Stop() EXCLUDES(mutex_);
  bool IsServing() const { return serving_.load(std::memory_order_acquire); }
  absl::Status Refusal() const EXCLUDES(mutex_);

  // Runs `act(cell, now)` on the loop, or tells `done` why it will not.
  template <typename Done, typename Act>
  void Ask(Done done, Act act);
  // Returns what calls `done` on the announcer's thread.
  template <typename Result>
  std::function<void(Result)> Announced(std::shared_ptr<std::function<void(Result)>> done);
  // Runs `act(cell, now)` on the loop even when many wait; not at all after Stop().
  template <typename Act>
  bool Tell(Act act);

  void TellReopening(const JobName& name) const {
    if (ends_.reopening) ends_.reopening(name);
  }

  WatchHub& watches() { return watches_; }
  Announcer& announcer() { return announcer_; }
  SessionId NextSession() { return next_session_.fetch_add(1, std::memory_order_relaxed); }

 private:
  CommitListener ListenToWriter();
  void TellEnds(const SpentBatch& spent) const;
  ElectionListener ListenToElection();
  absl::Time AfterPass(const Instant& now) EXCLUDES(mutex_);
  // Has the records read that the cell wants, if any.
  void LoadRecords(const Instant& now);
  void StepDownAndResign(const absl::Status& why) EXCLUDES(mutex_);
  void StepDown(const absl::Status& why) EXCLUDES(mutex_);
  void WaitUntilFlushed() EXCLUDES(mutex_);

  const SchedulerOptions options_;
  JobStore& store_;
  const EndListener ends_;
  WatchHub watches_;
  Cell cell_;  // Touched by the loop's thread only.
  std::atomic<bool> serving_ = false;
  std::atomic<SessionId> next_session_ = 1;
  mutable Mutex mutex_;
  CondVar flushed_changed_;
  bool flushing_ GUARDED_BY(mutex_) = false;
  bool flushed_ GUARDED_BY(mutex_) = false;
  bool started_ GUARDED_BY(mutex_) = false;
  absl::Status refusal_ GUARDED_BY(mutex_);
  Announcer announcer_;
  CommitWriter writer_;
  LeaderElection election_;
  RunLoop loop_;
  Executor loader_{1, Cell::kLoadsInFlightMax};
};

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
  for (const std::unique_ptr<LiveJob>& job : spent.jobs) {
    if (!IsTerminal(job->record.status.state)) continue;
    const BatchKey batch = job->record.batch.key;
    if (batch != 0 && ends_.operation_ended) ends_.operation_ended(batch);
    if (!ends_.ended) continue;
    const JobUpdate& row = spent.batch.rows->updates[job->update_index];
    if (!MayHaveLeftFiles(row.status)) continue;
    EndedJob ended = {row.name, row.status.state, row.status.attempt, 0, ""};
    if (job->record.checkpoint != nullptr) {
      ended.checkpoint_attempt = job->record.checkpoint->attempt;
    }
    if (row.result.has_value()) ended.manifest_uri = row.result->manifest_uri;
    ends_.ended(ended);
  }
}

ElectionListener Scheduler::Impl::ListenToElection() {
  ElectionListener listener;
  listener.elected = [this](TakenOver taken) {
    Tell([this, taken = std::move(taken)](Cell& cell, const Instant& now) mutable {
      cell.TakeOver(now, taken.epoch, std::move(taken.live), taken.counts);
      for (const GroupLimit& limit : taken.limits) (void)cell.SetLimit(limit);
      for (const WorkerDrain& drain : taken.drains) (void)cell.SetDrain(drain.worker, drain);
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
  Tell([](Cell& cell, const Instant&) { cell.StepDown(Draining()); });
  loop_.Stop();
  announcer_.Stop();
  writer_.Stop();
  election_.Stop();
  loader_.Shutdown();
}

template <typename Act>
bool Scheduler::Impl::Tell(Act act) {
  return loop_.Post([this, act = std::move(act)](const Instant& now) mutable { act(cell_, now); });
}

template <typename Result>
std::function<void(Result)> Scheduler::Impl::Announced(
    std::shared_ptr<std::function<void(Result)>> done) {
  return [this, done = std::move(done)](Result result) {
    announcer_.Post([done, result = std::move(result)]() mutable { (*done)(std::move(result)); });
  };
}

template <typename Done, typename Act>
void Scheduler::Impl::Ask(Done done, Act act) {
  // Shared, because a refused command takes its captures with it.
  auto shared_done = std::make_shared<Done>(std::move(done));
  const bool accepted =
      loop_.Offer([this, shared_done, act = std::move(act)](const Instant& now) mutable {
        act(cell_, now, Announced(std::move(shared_done)));
      });
  if (!accepted) (*shared_done)(loop_.IsStopped() ? Draining() : QueueFull());
}

Scheduler::Scheduler(SchedulerOptions options, JobStore& store, const Clock& clock,
                     EngineMetrics& metrics, EndListener ends)
    : impl_(std::make_unique<Impl>(std::move(options), store, clock, metrics, std::move(ends))) {}

Scheduler::~Scheduler() { Stop(); }

void Scheduler::Start() { impl_->Start(); }
void Scheduler::Stop() { impl_->Stop(); }
bool Scheduler::IsServing() const { return impl_->IsServing(); }

void Scheduler::Submit(JobRecord record, std::function<void(absl::StatusOr<SubmitResult>)> done) {
  impl_->Ask(std::move(done), [record = std::move(record)](Cell& cell, const Instant& now,
                                                           SubmitDone reply) mutable {
    cell.Submit(now, std::move(record), std::move(reply));
  });
}

void Scheduler::Cancel(const JobName& name, const std::string& reason, const std::string& actor,
                       std::function<void(absl::StatusOr<JobView>)> done) {
  impl_->Ask(std::move(done),
             [name, reason, actor](Cell& cell, const Instant& now, Cell::ViewDone reply) {
               cell.Cancel(now, name, reason, actor, std::move(reply));
             });
}

void Scheduler::SubmitAll(std::vector<JobRecord> records, BulkDone done) {
  impl_->Ask(std::move(done), [records = std::move(records)](Cell& cell, const Instant& now,
                                                             BulkDone reply) mutable {
    cell.SubmitAll(now, std::move(records), std::move(reply));
  });
}

void Scheduler::Pause(const JobName& name, const std::string& reason, const std::string& actor,
                      std::function<void(absl::StatusOr<JobView>)> done) {
  impl_->Ask(std::move(done),
             [name, reason, actor](Cell& cell, const Instant& now, Cell::ViewDone reply) {
               cell.Pause(now, name, reason, actor, std::move(reply));
             });
}

void Scheduler::Resume(const JobName& name, const std::string& reason, const std::string& actor,
                       std::function<void(absl::StatusOr<JobView>)> done) {
  impl_->Ask(std::move(done),
             [name, reason, actor](Cell& cell, const Instant& now, Cell::ViewDone reply) {
               cell.Resume(now, name, reason, actor, std::move(reply));
             });
}

void Scheduler::Skip(const JobName& name, const JobFailure& why, const std::string& actor,
                     std::function<void(absl::StatusOr<JobView>)> done) {
  impl_->Ask(std::move(done),
             [name, why, actor](Cell& cell, const Instant& now, Cell::ViewDone reply) {
               cell.Skip(now, name, why, actor, std::move(reply));
             });
}

void Scheduler::ReserveReopen(const JobName& name,
                              std::function<void(absl::StatusOr<int64_t>)> done) {
  impl_->Ask(std::move(done), [name](Cell& cell, const Instant& now, Cell::ReserveDone reply) {
    cell.ReserveReopen(now, name, std::move(reply));
  });
}

void Scheduler::Reopen(int64_t reservation, const JobName& name, absl::StatusOr<JobRecord> record,
                       RetryFrom from, const std::string& reason, const std::string& actor,
                       std::function<void(absl::StatusOr<JobView>)> done) {
  if (record.ok()) impl_->TellReopening(name);
  // Told also when many wait: the reservation must not stay.
  const auto shared_done = std::make_shared<Cell::ViewDone>(std::move(done));
  const bool accepted = impl_->Tell([reservation, name, record = std::move(record), from, reason,
                                     actor, reply = impl_->Announced(shared_done)](
                                        Cell& cell, const Instant& now) mutable {
    cell.Reopen(now, reservation, name, std::move(record), from, reason, actor, std::move(reply));
  });
  if (!accepted) (*shared_done)(Draining());
}

void Scheduler::SetLimit(const GroupLimit& limit,
                         std::function<void(absl::StatusOr<GroupView>)> done) {
  using Done = std::function<void(absl::StatusOr<GroupView>)>;
  impl_->Ask(std::move(done),
             [limit](Cell& cell, const Instant&, Done reply) { reply(cell.SetLimit(limit)); });
}

void Scheduler::SetDrain(const std::string& worker, std::optional<WorkerDrain> drain,
                         std::function<void(absl::StatusOr<WorkerView>)> done) {
  using Done = std::function<void(absl::StatusOr<WorkerView>)>;
  impl_->Ask(std::move(done),
             [worker, drain = std::move(drain)](Cell& cell, const Instant&, Done reply) {
               reply(cell.SetDrain(worker, drain));
             });
}

void Scheduler::ListGroups(GroupKind kind,
                           std::function<void(absl::StatusOr<std::vector<GroupView>>)> done) {
  using Done = std::function<void(absl::StatusOr<std::vector<GroupView>>)>;
  impl_->Ask(std::move(done),
             [kind](Cell& cell, const Instant&, Done reply) { reply(cell.ListGroups(kind)); });
}

void Scheduler::GetLiveJobs(const std::string& project, std::vector<std::string> ids,
                            std::function<void(absl::StatusOr<std::vector<JobView>>)> done) {
  impl_->Ask(std::move(done), [project, ids = std::move(ids)](Cell& cell, const Instant& now,
                                                              Cell::ViewsDone reply) {
    cell.GetLiveJobs(now, project, ids, std::move(reply));
  });
}

void Scheduler::ShowRecords(std::vector<JobRecord> records,
                            std::function<void(absl::StatusOr<std::vector<JobView>>)> done) {
  impl_->Ask(std::move(done), [records = std::move(records)](Cell& cell, const Instant& now,
                                                             Cell::ViewsDone reply) mutable {
    cell.ShowRecords(now, std::move(records), std::move(reply));
  });
}

void Scheduler::GetStats(std::function<void(absl::StatusOr<SchedulerStats>)> done) {
  using Done = std::function<void(absl::StatusOr<SchedulerStats>)>;
  impl_->Ask(std::move(done),
             [](Cell& cell, const Instant& now, Done reply) { reply(cell.GetStats(now)); });
}

void Scheduler::ListWorkers(std::function<void(absl::StatusOr<std::vector<WorkerView>>)> done) {
  using Done = std::function<void(absl::StatusOr<std::vector<WorkerView>>)>;
  impl_->Ask(std::move(done),
             [](Cell& cell, const Instant&, Done reply) { reply(cell.ListWorkers()); });
}

SessionId Scheduler::OpenSession(WorkerHello hello, std::shared_ptr<WorkerSink> sink) {
  const SessionId session = impl_->NextSession();
  auto announced = std::make_shared<AnnouncedSink>(impl_->announcer(), std::move(sink));
  const bool accepted = impl_->Tell(
      [session, hello = std::move(hello), announced](Cell& cell, const Instant& now) mutable {
        cell.OpenSession(now, session, std::move(hello), announced);
      });
  if (!accepted) announced->Close(Draining());
  return session;
}

void Scheduler::HandleReport(SessionId session, WorkerReport report, std::function<void()> taken) {
  const bool accepted = impl_->Tell([impl = impl_.get(), session, report = std::move(report),
                                     taken](Cell& cell, const Instant& now) {
    cell.HandleReport(now, session, report);
    impl->announcer().Post(taken);  // After its answer: what waits for a slow stream stays bounded.
  });
  if (!accepted) taken();
}

void Scheduler::CloseSession(SessionId session) {
  impl_->Tell([session](Cell& cell, const Instant& now) { cell.CloseSession(now, session); });
}

absl::StatusOr<WatchId> Scheduler::OpenWatch(const std::string& project, int64_t resume_after,
                                             std::shared_ptr<WatchSink> sink) {
  if (!impl_->IsServing()) return impl_->Refusal();
  absl::StatusOr<WatchId> watch = impl_->watches().Open(project, resume_after, std::move(sink));
  impl_->Tell([](Cell&, const Instant&) {});
  return watch;
}

void Scheduler::CloseWatch(WatchId watch) { impl_->watches().Close(watch); }

int64_t Scheduler::LastChange() const { return impl_->watches().Last(); }

}  // namespace dq
