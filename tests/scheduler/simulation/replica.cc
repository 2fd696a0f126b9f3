// The life of a replica, its run loop and the streams of its workers.
#include "tests/scheduler/simulation/replica.h"

#include <algorithm>

#include "tests/scheduler/simulation/lease_text.h"
#include "tests/support/silent_engine_metrics.h"

namespace dq::sim {
namespace {

SilentEngineMetrics silent_metrics;

// Shows the witness every change that watchers are told.
class WitnessedWatch final : public WatchSink {
 public:
  WitnessedWatch(Witness& witness, Background* background)
      : witness_(witness), background_(background) {}
  void Changed(const JobChange& change) override {
    if (change.is_deletion) return witness_.DeletionTold(change.view->record.name);
    witness_.Told(*change.view);
    const bool has_ended = IsTerminal(change.view->record.status.state);
    if (background_ != nullptr && has_ended) background_->Wake(change.view->record.batch.key);
  }

 private:
  Witness& witness_;
  Background* const background_;  // Null: there are no errands.
};

absl::Status Draining() {
  return MakeError(absl::StatusCode::kUnavailable, "DRAINING", "This scheduler shuts down.");
}

// The batch before was acknowledged, and the database has no more of it.
absl::Status Forgotten() {
  return MakeError(absl::StatusCode::kAborted, "FENCED", "The batch before is not there.");
}

}  // namespace

Replica::Replica(const Surroundings& surroundings, const std::string& name)
    : around_(surroundings), process_(surroundings.time, name) {}

Replica::~Replica() = default;

Instant Replica::Now() const { return {around_.time.Now() + skew_, around_.time.Now()}; }

CellSources Replica::Sources() {
  const auto name = [this](const char* kind) {
    return kind + process_.name() + "-" + std::to_string(++names_);
  };
  return {.lease_token = [name] { return name("t"); },
          .uid = [name] { return name("u"); },
          .job_id = [name](absl::Time) { return name("j"); },
          .file_id = [name](absl::Time) { return name("f"); }};
}

void Replica::Start() {
  process_.Start();
  skew_ = around_.time.Between(absl::Seconds(-20), absl::Seconds(20));
  watches_ = std::make_unique<WatchHub>(100);
  cell_ = std::make_unique<Cell>(around_.options, Sources(), silent_metrics, *watches_);
  epoch_ = 0;
  resigned_ = 0;
  writing_.clear();
  next_pass_ = absl::InfiniteFuture();
  worker_of_.clear();
  terminating_ = false;
  process_.Later(around_.time.Between(absl::ZeroDuration(), absl::Seconds(1)),
                 [this] { Compete(); });
  if (around_.errands != nullptr) StartBackground();
}

void Replica::StartBackground() {
  background_ =
      std::make_unique<Background>(BackgroundPorts{.process = process_,
                                                   .database = around_.database,
                                                   .errands = *around_.errands,
                                                   .is_serving = [this] { return IsLeading(); },
                                                   .act = [this](const Act& act) { Do(act); },
                                                   .wall = [this] { return Now().wall; }});
}

void Replica::Die() {
  process_.Die();
  background_ = nullptr;
  cell_ = nullptr;
  deletions_ = 0;
  for (const auto& held : std::exchange(streams_, {})) {
    if (const auto stream = held.lock()) stream->Break();
  }
}

void Replica::SetClock(absl::Duration step) {
  around_.time.Trace(
      [&] { return process_.name() + " sets its clock by " + absl::FormatDuration(step); });
  skew_ += step;
  if (epoch_ != 0) around_.signs.ClockSet(epoch_, around_.time.Now(), skew_);
}

void Replica::NoteStandstill() {
  if (epoch_ != 0) around_.signs.StoodStill(epoch_, process_.went_on());
}

void Replica::Terminate() {
  process_.Later(absl::ZeroDuration(), [this] {
    around_.time.Trace([&] { return process_.name() + " is asked to end"; });
    terminating_ = true;
    flush_deadline_ = around_.time.Now() + around_.options.leadership_ttl;
    cell_->Drain();
    PlanPass(flush_deadline_);
    Pass();
  });
}

void Replica::HandOver() {
  const int64_t epoch = cell_->epoch();
  StepDown(Draining());
  if (epoch == 0) return Die();
  around_.database.Ask<absl::Status>(
      process_, [epoch](FakeStore& store) { return store.ReleaseLeadership(epoch); },
      [this](const absl::Status&) { Die(); });
}

void Replica::Do(const Act& act) {
  NoteStandstill();
  act(*cell_, Now());
  PlanPass(around_.time.Now());
}

void Replica::PlanPass(absl::Time due) {
  // A pass takes in what has come meanwhile; it never comes back at the very same moment.
  due = std::max(due, around_.time.Now() + absl::Microseconds(50));
  if (due >= next_pass_) return;
  next_pass_ = due;
  process_.Later(due - around_.time.Now(), [this, due] {
    if (next_pass_ == due) Pass();
  });
}

void Replica::Pass() {
  next_pass_ = absl::InfiniteFuture();
  NoteStandstill();
  const Instant now = Now();
  cell_->Tick(now);
  LoadRecords(now);
  while (Batch batch = cell_->BatchToCommit(now)) Write(std::move(batch));
  watches_->Deliver();
  const bool is_flushed =
      !cell_->HasPendingWrites() || cell_->IsDegraded() || around_.time.Now() >= flush_deadline_;
  if (std::exchange(terminating_, terminating_ && !is_flushed) && is_flushed) return HandOver();
  if (const absl::Time due = cell_->NextDue(now); due != absl::InfiniteFuture()) PlanPass(due);
}

void Replica::LoadRecords(const Instant& now) {
  const std::optional<RecordsRequest> request = cell_->RecordsToLoad(now);
  if (!request) return;
  using Records = absl::StatusOr<std::vector<JobRecord>>;
  around_.database.Ask<Records>(
      process_,
      [request](FakeStore& store) { return store.LoadJobs(request->keys, request->names); },
      [this, epoch = cell_->epoch()](Records records) {
        if (cell_->epoch() != epoch) return;
        Do([&](Cell& cell, const Instant& then) {
          if (cell.RecordsLoaded(then, std::move(records)).ok()) return;
          around_.time.Trace([&] { return process_.name() + " contradicts the database"; });
          StepDown(MakeError(absl::StatusCode::kUnavailable, "NOT_LEADER", "Memory is wrong."));
          Resign(epoch);
        });
      });
}

void Replica::StepDown(const absl::Status& why) {
  writing_.clear();
  worker_of_.clear();
  // Whatever the reason: somebody else can be asked the same.
  const bool is_refusal = absl::IsUnavailable(why);
  cell_->StepDown(is_refusal ? why
                             : MakeError(absl::StatusCode::kUnavailable, "NOT_LEADER",
                                         std::string(MessageOf(why))));
}

void Replica::WatchAgain() {
  (void)watches_->Open("default", 0,
                       std::make_shared<WitnessedWatch>(around_.witness, background_.get()));
}

void Replica::Reopen(const JobName& name, const std::string& reason, Cell::ViewDone done) {
  const RetryFrom from = around_.time.OneIn(4) ? RetryFrom::kStart : RetryFrom::kCheckpoint;
  Do([&](Cell& cell, const Instant& now) {
    cell.ReserveReopen(now, name, [=, this](const absl::StatusOr<int64_t>& place) {
      if (!place.ok()) return done(place.status());
      around_.database.Ask<absl::StatusOr<JobRecord>>(
          process_, [name](FakeStore& store) { return store.GetJob(name); },
          [=, this](absl::StatusOr<JobRecord> record) {
            Do([&](Cell& later, const Instant& then) {
              later.Reopen(then, *place, name, std::move(record), from, reason, "client", done);
            });
          });
    });
  });
}

void Replica::Delete(const JobName& name, std::function<void(const absl::Status&)> done) {
  Do([&](Cell& cell, const Instant& now) {
    cell.ReserveDeletion(
        now, {name}, [=, this](const absl::StatusOr<DeletionReservation>& reserved) {
          if (!reserved.ok()) return done(reserved.status());
          if (reserved->names.empty()) return done(reserved->refusals.front());
          const OperatorWord word = {"client", "", around_.time.Now()};
          ++deletions_;
          DeleteRecord(*reserved, {word, reserved->epoch, false, reserved->keys_below}, done);
        });
  });
}

void Replica::DeleteRecord(const DeletionReservation& reservation, const DeletionOrder& order,
                           const std::function<void(const absl::Status&)>& done) {
  const JobName name = reservation.names.front();
  around_.database.Delete(
      process_, name, order, [=, this](const absl::StatusOr<JobDeletions>& deletions) {
        const bool leads = IsLeading() && cell_->epoch() == order.epoch;
        if (absl::IsUnavailable(deletions.status()) && leads) {
          return DeleteRecord(reservation, order, done);
        }
        --deletions_;
        std::vector<DeletedJob> deleted;
        if (deletions.ok() && deletions->outcomes[0].outcome == DeletionOutcome::kDeleted) {
          deleted.push_back({name, deletions->outcomes[0].state});
        }
        Do([&](Cell& later, const Instant& then) {
          later.EndDeletion(then, reservation, deleted);
        });
        done(deletions.status());
      });
}

SessionId Replica::OpenSession(std::shared_ptr<Stream> stream, WorkerHello hello,
                               std::shared_ptr<WorkerSink> sink) {
  const SessionId session = ++sessions_;
  around_.time.Trace([&] {
    return process_.name() + " hears Hello of " + hello.instance + " with " + ListOf(hello.held);
  });
  streams_.push_back(stream);
  Do([&](Cell& cell, const Instant& now) {
    if (cell.IsLeading()) {
      std::erase_if(worker_of_, [&](const auto& open) { return open.second == hello.instance; });
      worker_of_[session] = hello.instance;
      for (const LeaseId& lease : hello.held) {
        around_.signs.Heard(cell.epoch(), lease, around_.time.Now());
      }
    }
    cell.OpenSession(now, session, std::move(hello), std::move(sink));
  });
  return session;
}

void Replica::HandleReport(SessionId session, const WorkerReport& report) {
  Do([&](Cell& cell, const Instant& now) {
    if (const auto open = worker_of_.find(session); open != worker_of_.end()) {
      std::set<LeaseId> leases;
      for (const LeaseReport& lease : report.leases) {
        around_.signs.Heard(cell.epoch(), lease.lease, around_.time.Now());
        leases.insert(lease.lease);
      }
      around_.time.Trace([&] {
        return process_.name() + " hears report " + std::to_string(report.sequence) + " of " +
               open->second + ": " + ListOf({leases.begin(), leases.end()});
      });
      around_.signs.Reported(cell.epoch(), open->second, std::move(leases));
    }
    cell.HandleReport(now, session, report);
  });
}

void Replica::CloseSession(SessionId session) {
  Do([&](Cell& cell, const Instant& now) {
    if (const auto open = worker_of_.find(session); open != worker_of_.end()) {
      around_.signs.StreamEnded(cell.epoch(), open->second, around_.time.Now());
      worker_of_.erase(open);
    }
    cell.CloseSession(now, session);
  });
}

// The commit writer.

void Replica::Write(Batch batch) {
  const auto random = [this] { return around_.time.Fraction(); };
  writing_.push_back(
      {batch, std::nullopt, Backoff(absl::Milliseconds(10), absl::Milliseconds(500), random)});
  Try(batch);
}

Replica::Writing* Replica::Find(const Batch& batch) {
  const auto found = std::ranges::find(writing_, batch, &Writing::batch);
  return found == writing_.end() ? nullptr : &*found;
}

void Replica::Try(const Batch& batch) {
  Writing* const writing = Find(batch);
  if (writing == nullptr) return;  // Given up.
  writing->was_first = &writing_.front() == writing;
  around_.database.Commit(process_, batch, [this, batch](absl::StatusOr<BatchResult> result) {
    Answered(batch, std::move(result));
  });
}

void Replica::Answered(const Batch& batch, absl::StatusOr<BatchResult> result) {
  Writing* const writing = Find(batch);
  if (writing == nullptr) return;
  if (result.ok() || !absl::IsUnavailable(result.status())) {
    writing->result = std::move(result);
    return TellDecided();
  }
  if (ReasonOf(result.status()) == "BATCH_OUT_OF_ORDER") {
    if (writing->was_first) {
      writing->result = Forgotten();
      return TellDecided();
    }
    writing->out_of_order = true;
    if (&writing_.front() == writing) Try(batch);
    return;
  }
  if (!std::exchange(writing->failed, true)) {
    Do([&](Cell& cell, const Instant& now) {
      if (cell.epoch() == batch->epoch) cell.DatabaseLost(now);
    });
  }
  process_.Later(writing->backoff.Next(), [this, batch] { Try(batch); });
}

void Replica::TellDecided() {
  while (!writing_.empty() && writing_.front().result.has_value()) {
    const int64_t epoch = writing_.front().batch->epoch;
    absl::StatusOr<BatchResult> result = *std::move(writing_.front().result);
    writing_.pop_front();
    if (cell_->epoch() != epoch) continue;
    const absl::Status fits = result.ok() ? cell_->CheckRefused(*result) : result.status();
    if (!fits.ok()) {
      around_.time.Trace([&] { return process_.name() + " was refused"; });
      StepDown(fits);
      return Resign(epoch);
    }
    Do([&](Cell& cell, const Instant& now) { (void)cell.Committed(now, *std::move(result)); });
  }
  if (!writing_.empty() && std::exchange(writing_.front().out_of_order, false)) {
    Try(writing_.front().batch);
  }
}

}  // namespace dq::sim
