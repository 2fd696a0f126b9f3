// Hands what callers ask to the run loop.
#include "scheduler/engine/scheduler.h"

#include <utility>

#include "scheduler/engine/scheduler_impl.h"

namespace dq {
namespace {

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
  if (!accepted) (*shared_done)(SchedulerDrains());
}

void Scheduler::ReserveDeletion(std::vector<JobName> names,
                                std::function<void(absl::StatusOr<DeletionReservation>)> done) {
  impl_->Ask(std::move(done), [names = std::move(names)](Cell& cell, const Instant& now,
                                                         Cell::DeletionReserved reply) {
    cell.ReserveDeletion(now, names, std::move(reply));
  });
}

void Scheduler::EndDeletion(DeletionReservation reservation, std::vector<DeletedJob> deleted) {
  if (!deleted.empty()) impl_->TellDeleted();
  impl_->Tell([reservation = std::move(reservation), deleted = std::move(deleted)](
                  Cell& cell, const Instant& now) { cell.EndDeletion(now, reservation, deleted); });
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

void Scheduler::SetWebhook(const WebhookPlace& webhook, WebhookPresence presence,
                           std::function<void(absl::Status)> done) {
  using Done = std::function<void(absl::Status)>;
  impl_->Ask(std::move(done), [webhook, presence](Cell& cell, const Instant&, Done reply) {
    reply(cell.SetWebhook(webhook, presence));
  });
}

void Scheduler::ListGroups(GroupQuery query,
                           std::function<void(absl::StatusOr<std::vector<GroupView>>)> done) {
  using Done = std::function<void(absl::StatusOr<std::vector<GroupView>>)>;
  impl_->Ask(std::move(done), [query = std::move(query)](Cell& cell, const Instant&, Done reply) {
    reply(cell.ListGroups(query));
  });
}

void Scheduler::ListStuck(StuckQuery query, std::function<void(absl::StatusOr<StuckList>)> done) {
  using Done = std::function<void(absl::StatusOr<StuckList>)>;
  impl_->Ask(std::move(done),
             [query = std::move(query)](Cell& cell, const Instant& now, Done reply) {
               reply(cell.ListStuck(now, query));
             });
}

void Scheduler::Recover(const JobName& name, Recovery recovery,
                        std::function<void(absl::StatusOr<JobView>)> done) {
  impl_->Ask(std::move(done), [name, recovery = std::move(recovery)](Cell& cell, const Instant& now,
                                                                     Cell::ViewDone reply) {
    cell.Recover(now, name, recovery, std::move(reply));
  });
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
  if (!accepted) announced->Close(SchedulerDrains());
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
