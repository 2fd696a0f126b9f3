#include "tests/scheduler/simulation/worker.h"

#include <algorithm>
#include <cstdlib>

#include "tests/scheduler/simulation/checkpoint_text.h"

namespace dq::sim {
namespace {

// As in worker/api/scheduler_link.h: a stream that is not welcomed by then is given up.
constexpr absl::Duration kWelcomeTimeout = absl::Seconds(5);
constexpr absl::Duration kGrace = absl::Seconds(2);
constexpr absl::Duration kLinger = absl::Seconds(10);
constexpr char kCompleted[] = "completed";
constexpr char kRetryable[] = "retryable";
constexpr char kForGood[] = "for good";
// The database will not take what they say.
constexpr char kCompletedBadly[] = "completed badly";
constexpr char kFailedBadly[] = "failed badly";

// The scheduler's end of a stream: what it is told travels down the stream.
class WorkerSinkOfStream final : public WorkerSink {
 public:
  WorkerSinkOfStream(Worker& worker, Replica& replica, std::shared_ptr<Stream> stream,
                     std::shared_ptr<const SessionId> session)
      : worker_(worker),
        replica_(replica),
        stream_(std::move(stream)),
        session_(std::move(session)) {}

  void Welcome(WorkerWelcome welcome) override {
    replica_.Welcomed(welcome);
    stream_->Send(Direction::kDown, [&worker = worker_, stream = stream_.get(), welcome] {
      worker.Welcomed(stream, welcome);
    });
  }
  void Turn(WorkerTurn turn) override {
    replica_.Turned(turn);
    stream_->Send(Direction::kDown, [&worker = worker_, stream = stream_.get(), turn] {
      worker.Turned(stream, turn);
    });
  }
  void Close(absl::Status) override {
    replica_.SessionEnded(*session_);
    stream_->SendLast(Direction::kDown,
                      [&worker = worker_, stream = stream_.get()] { worker.Ended(stream); });
  }

 private:
  Worker& worker_;
  Replica& replica_;
  const std::shared_ptr<Stream> stream_;
  const std::shared_ptr<const SessionId> session_;  // 0 until it is open.
};

// What a report says of how an attempt is.
std::variant<JobProgress, Outcome> StatusOf(const LeaseView& view, const LeaseId& lease) {
  switch (view.status) {
    case LeaseStatus::kRunning:
      return JobProgress();
    case LeaseStatus::kStopped:
      return Outcome(StoppedOutcome());
    case LeaseStatus::kReleased:
      return Outcome(ReleasedOutcome());
    case LeaseStatus::kEnded:
      break;
  }
  const std::string& how = *view.payload;
  if (how == kFailedBadly) {
    const ErrorMetadata metadata = {{"row", kUnrecordable}};
    return Outcome(FailedOutcome{{kFailureReason, TextOf(lease), metadata}, true});
  }
  if (how == kRetryable || how == kForGood) {
    return Outcome(FailedOutcome{{kFailureReason, TextOf(lease), {}}, how == kRetryable});
  }
  CompletedOutcome completed;
  if (how == kCompletedBadly) completed.result.report_json = kUnrecordable;
  completed.result.manifest_uri = TextOf(lease);
  completed.result.outputs.resize(1);
  return Outcome(std::move(completed));
}

const char* OutcomeOf(size_t fate) {
  if (fate < 13) return kCompleted;
  if (fate < 14) return kCompletedBadly;
  if (fate < 16) return kFailedBadly;
  return fate < 19 ? kRetryable : kForGood;
}

// What a report says of a lease.
LeaseReport ReportOf(const LeaseView& view) {
  const LeaseId lease = IdOf(*view.lease);
  return {lease, StatusOf(view, lease), ReportedCheckpoint(*view.checkpoint)};
}

}  // namespace

Worker::Worker(Timeline& time, std::vector<Replica*> replicas, Witness& witness,
               const std::string& name, int32_t slots)
    : process_(time, name), replicas_(std::move(replicas)), witness_(witness), slots_(slots) {}

std::string Worker::Instance() const {
  return process_.name() + "-" + std::to_string(process_.life());
}

void Worker::Start() {
  process_.Start();
  std::vector<std::string> addresses;
  for (size_t i = 0; i < replicas_.size(); ++i) addresses.push_back(std::to_string(i));
  memory_.emplace(slots_, addresses, [this] { return process_.time().Fraction(); });
  Tick();
}

void Worker::Die() {
  process_.Die();
  const std::shared_ptr<Stream> stream = memory_ ? memory_->stream : nullptr;
  memory_.reset();
  if (stream != nullptr) stream->Break();
}

void Worker::Drain() {
  process_.Later(absl::ZeroDuration(), [this] {
    process_.time().Trace([&] { return Instance() + " drains"; });
    memory_->draining = true;
    memory_->release_time = Now() + kGrace;
    memory_->pacer.News();
    Tick();
  });
}

void Worker::BreakStream() {
  if (memory_ && memory_->stream != nullptr) memory_->stream->Break();
}

void Worker::StallStream(Direction direction, absl::Duration length) {
  if (memory_ && memory_->stream != nullptr) memory_->stream->Stall(direction, length);
}

bool Worker::HasFreeSlot() const {
  return memory_ && memory_->up && !memory_->draining && memory_->leases.free_slots() > 0;
}

bool Worker::Runs(const LeaseId& lease) const {
  if (!memory_) return false;
  const auto attempt = memory_->attempts.find(KeyOf(lease));
  return attempt != memory_->attempts.end() && !attempt->second.stopping;
}

void Worker::Welcomed(const Stream* stream, const WorkerWelcome& welcome) {
  if (memory_->stream.get() != stream) return;
  memory_->up = true;
  memory_->fence.Welcomed(welcome.lease_ttl);
  memory_->pacer.Start(welcome.report_interval);
  std::vector<LeaseKey> kept;
  for (const LeaseId& lease : welcome.kept) kept.push_back(KeyOf(lease));
  CarryOut(memory_->leases.KeepOnly(kept));
  Tick();
}

void Worker::Turned(const Stream* stream, const WorkerTurn& turn) {
  Memory& memory = *memory_;
  if (memory.stream.get() != stream) return;
  memory.fence.Answered(turn.answers);
  memory.pacer.Answered(turn.answers);
  if (turn.answers > 0) {
    memory.worked = true;
    memory.policy.Succeeded();
  }
  std::vector<LeaseKey> closed;
  for (const LeaseId& lease : turn.closed) closed.push_back(KeyOf(lease));
  CarryOut(memory.leases.Close(closed));
  for (const WorkerRevocation& revocation : turn.revoked) {
    const bool is_asked =
        revocation.reason == RevokeReason::kCancel || revocation.reason == RevokeReason::kPause;
    const LeaseKey lease = KeyOf(revocation.lease);
    CarryOut(is_asked ? memory.leases.Cancel(lease) : memory.leases.Lose(lease));
  }
  for (const WorkerGrant& grant : turn.grants) Accept(grant);
  if (turn.reconnect) Move();
  Tick();
}

void Worker::Accept(const WorkerGrant& grant) {
  Memory& memory = *memory_;
  const LeaseKey lease = KeyOf(grant.lease);
  memory.pacer.News();
  if (memory.draining) return memory.leases.Refuse(lease);
  const GrantAnswer answer = memory.leases.Grant(lease);
  // What is being killed takes a slot that no report can tell of.
  const bool is_stopping =
      std::ranges::any_of(memory.attempts, [](const auto& entry) { return entry.second.stopping; });
  if (answer == GrantAnswer::kNoSlot && !is_stopping) {
    witness_.Found(Instance() + ": I16 was granted more than its slots");
  }
  if (answer != GrantAnswer::kStart) return;
  Timeline& time = process_.time();
  const size_t fate = calm_ ? 0 : time.Pick(20);
  memory.attempts[lease] = {OutcomeOf(fate), grant.grant_payload, GoOnFrom(grant)};
  SaveLater(lease);
  const absl::Duration longest = calm_ || time.OneIn(2) ? absl::Seconds(1) : absl::Seconds(25);
  process_.Later(time.Between(absl::ZeroDuration(), longest),
                 [this, lease] { AttemptEnds(lease); });
}

int64_t Worker::GoOnFrom(const WorkerGrant& grant) {
  if (grant.checkpoint == nullptr) return 0;
  const std::string& place = grant.checkpoint->place;
  if (PayloadOf(place) != grant.grant_payload) {
    witness_.Found(TextOf(grant.lease) + ": I15 goes on from a checkpoint of something else");
  }
  // It is the attempt's own from now on.
  const std::string own =
      CheckpointText(grant.lease, grant.grant_payload, grant.checkpoint->sequence);
  memory_->leases.SetCheckpoint(KeyOf(grant.lease), own);
  return grant.checkpoint->sequence;
}

void Worker::SaveLater(const LeaseKey& lease) {
  process_.Later(process_.time().Between(absl::Milliseconds(20), absl::Seconds(6)),
                 [this, lease] { Save(lease); });
}

void Worker::Save(const LeaseKey& lease) {
  const auto found = memory_->attempts.find(lease);
  if (found == memory_->attempts.end()) return;
  Attempt& attempt = found->second;
  std::string text = CheckpointText(IdOf(lease), attempt.payload, ++attempt.checkpoint_sequence);
  if (!calm_ && process_.time().OneIn(40)) text += kBadMark;
  memory_->leases.SetCheckpoint(lease, text);
  memory_->pacer.News();
  SaveLater(lease);
  Tick();
}

void Worker::AttemptEnds(const LeaseKey& lease) {
  const auto attempt = memory_->attempts.find(lease);
  if (attempt == memory_->attempts.end()) return;
  const bool stopped = attempt->second.stopping;
  const std::string outcome = attempt->second.outcome;
  memory_->attempts.erase(attempt);
  (void)memory_->leases.End(lease, stopped ? std::nullopt : std::optional(outcome));
  memory_->pacer.News();
  Tick();
}

void Worker::CarryOut(const std::vector<StopOrder>& orders) {
  for (const StopOrder& order : orders) {
    process_.time().Trace([&] { return Instance() + " stops " + TextOf(IdOf(order.lease)); });
    const auto attempt = memory_->attempts.find(order.lease);
    if (attempt == memory_->attempts.end()) continue;
    attempt->second.stopping = true;
    process_.Later(process_.time().Between(absl::ZeroDuration(), absl::Milliseconds(300)),
                   [this, lease = order.lease] { AttemptEnds(lease); });
  }
}

void Worker::Ended(const Stream* stream) {
  if (memory_->stream.get() != stream) return;
  Abandon();
  memory_->try_time = Now() + memory_->policy.Failed();
  Tick();
}

void Worker::Abandon() {
  Memory& memory = *memory_;
  memory.pacer.Stop();
  memory.up = false;
  memory.worked = false;
  const std::shared_ptr<Stream> stream = std::exchange(memory.stream, nullptr);
  if (stream == nullptr) return;
  stream->worker_learns = nullptr;
  stream->SendLast(Direction::kUp, [replica = memory.replica, session = memory.session] {
    replica->CloseSession(*session);
  });
}

void Worker::Move() {
  const bool worked = memory_->worked;
  Abandon();
  if (worked) {
    memory_->policy.Moved();
    memory_->try_time = Now();
  } else {
    memory_->try_time = Now() + memory_->policy.Failed();
  }
}

void Worker::Tick() {
  FenceIfDue();
  ReleaseIfDue();
  ConnectIfDue();
  ReportIfDue();
  if (IsDone()) return Die();
  PlanTick();
}

bool Worker::IsDone() const {
  return memory_->draining && (memory_->leases.size() == 0 || Now() >= memory_->exit_time);
}

void Worker::PlanTick() {
  Memory& memory = *memory_;
  absl::Time due = memory.up ? memory.pacer.Due() : memory.try_time;
  due = std::min(
      due, memory.exit_time == absl::InfiniteFuture() ? memory.release_time : memory.exit_time);
  if (memory.fence.Deadline() > Now()) due = std::min(due, memory.fence.Deadline());
  due = std::max(due, Now() + absl::Microseconds(100));
  if (memory.next_tick > Now() && memory.next_tick <= due) return;
  memory.next_tick = due;
  if (due == absl::InfiniteFuture()) return;
  process_.Later(due - Now(), [this, due] {
    if (memory_->next_tick == due) Tick();
  });
}

void Worker::FenceIfDue() {
  Memory& memory = *memory_;
  if (Now() < memory.fence.Deadline()) return;
  if (const std::vector<StopOrder> orders = memory.leases.FenceAll(); !orders.empty()) {
    process_.time().Trace([&] { return Instance() + " fences itself"; });
    CarryOut(orders);
  }
  if (memory.up) Move();
}

void Worker::ReleaseIfDue() {
  Memory& memory = *memory_;
  if (Now() < memory.release_time || memory.exit_time != absl::InfiniteFuture()) return;
  memory.exit_time = Now() + kLinger;
  CarryOut(memory.leases.ReleaseAll());
}

void Worker::ConnectIfDue() {
  Memory& memory = *memory_;
  if (memory.up || Now() < memory.try_time) return;
  if (memory.stream == nullptr) return Connect();
  Abandon();  // Nobody answered.
  memory.try_time = Now() + memory.policy.Failed();
}

void Worker::Connect() {
  Memory& memory = *memory_;
  Replica& replica = *replicas_[static_cast<size_t>(std::atoi(memory.policy.address().c_str()))];
  if (!replica.process().IsAlive()) {
    memory.try_time = Now() + memory.policy.Failed();
    return;
  }
  memory.stream = std::make_shared<Stream>(process_, replica.process());
  memory.session = std::make_shared<SessionId>(0);
  memory.replica = &replica;
  const Stream* const id = memory.stream.get();
  memory.stream->worker_learns = [this, id] { Ended(id); };
  memory.stream->scheduler_learns = [&replica, session = memory.session] {
    replica.CloseSession(*session);
  };
  memory.fence.StreamOpened(Now());
  memory.try_time = Now() + kWelcomeTimeout;
  WorkerHello hello;
  hello.instance = Instance();
  hello.stages = {"noop"};
  hello.slots = slots_;
  for (const LeaseKey& lease : memory.leases.Held()) hello.held.push_back(IdOf(lease));
  memory.stream->Send(Direction::kUp, [this, &replica, stream = std::weak_ptr(memory.stream),
                                       session = memory.session, hello] {
    const std::shared_ptr<Stream> held = stream.lock();
    if (held == nullptr) return;
    auto sink = std::make_shared<WorkerSinkOfStream>(*this, replica, held, session);
    *session = replica.OpenSession(held, hello, std::move(sink));
  });
}

void Worker::ReportIfDue() {
  Memory& memory = *memory_;
  if (!memory.up || Now() < memory.pacer.Due()) return;
  const WorkerReport report = MakeReport();
  const auto arrive = [replica = memory.replica, session = memory.session, report] {
    replica->HandleReport(*session, report);
  };
  memory.stream->Send(Direction::kUp, arrive);
  if (!calm_ && process_.time().OneIn(30)) memory.stream->Send(Direction::kUp, arrive);
}

WorkerReport Worker::MakeReport() {
  Memory& memory = *memory_;
  WorkerReport report;
  for (const LeaseView& view : memory.leases.Report()) report.leases.push_back(ReportOf(view));
  report.sequence = memory.pacer.Sent(Now());
  memory.fence.ReportSent(report.sequence, Now());
  const int64_t room = 2 * slots_ - memory.leases.size();
  const auto free = std::clamp<int64_t>(room, 0, memory.leases.free_slots());
  report.free_slots = memory.draining ? 0 : static_cast<int32_t>(free);
  report.draining = memory.draining;
  return report;
}

}  // namespace dq::sim
