#include "worker/api/agent.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

#include "common/base/error.h"
#include "common/base/logging.h"
#include "worker/api/outcome_messages.h"
#include "worker/api/protocol_messages.h"

namespace dq {
namespace {

std::string_view NameOf(StopReason reason) {
  switch (reason) {
    case StopReason::kCancelled:
      return "cancelled";
    case StopReason::kPaused:
      return "paused";
    case StopReason::kReleased:
      return "released";
    case StopReason::kLost:
      return "lost";
    case StopReason::kFenced:
      return "fenced";
  }
  return "";
}

std::string_view NameOf(AttemptEnd end) {
  switch (end) {
    case AttemptEnd::kCompleted:
      return "completed";
    case AttemptEnd::kFailed:
      return "failed";
    case AttemptEnd::kStopped:
      return "stopped";
    case AttemptEnd::kReleased:
      return "released";
  }
  return "";
}

// What another attempt may need is left to it.
StopWay WayOf(StopReason reason) {
  switch (reason) {
    case StopReason::kCancelled:
      return StopWay::kDiscard;
    case StopReason::kPaused:
    case StopReason::kReleased:
      return StopWay::kSave;
    case StopReason::kLost:
    case StopReason::kFenced:
      return StopWay::kLeave;
  }
  return StopWay::kDiscard;
}

}  // namespace

Agent::Agent(AgentOptions options, ObjectStore& store, const Clock& clock, AgentMetrics& metrics,
             const std::function<double()>& random)
    : options_(std::move(options)),
      clock_(clock),
      metrics_(metrics),
      events_(std::make_shared<EventQueue>()),
      surroundings_{
          store, clock, metrics, *events_, options_.child_program, options_.checkpoint_interval},
      noop_outcome_(CompletedNoopOutcome()),
      leases_(options_.slots),
      link_(options_.schedulers, events_, random) {}

Agent::~Agent() = default;

void Agent::Run() {
  Tick(clock_.Boot());
  for (absl::Time now = clock_.Boot(); !Finished(now); now = clock_.Boot()) {
    for (AgentEvent& event : events_->Take(NextDue(now), clock_)) {
      std::visit([this](auto& happened) { Handle(happened); }, event);
    }
    Tick(clock_.Boot());
  }
  Log(LogLevel::kInfo, "drained", {{"unclosed", static_cast<uint64_t>(leases_.Held().size())}});
}

void Agent::Handle(StreamMessage& event) {
  if (!link_.IsCurrent(event.stream)) return;
  switch (event.message.message_case()) {
    case v1::WorkResponse::kWelcome:
      return HandleWelcome(event.message.welcome());
    case v1::WorkResponse::kTurn:
      return HandleTurn(event.message.turn());
    case v1::WorkResponse::MESSAGE_NOT_SET:
      return;
  }
}

void Agent::Handle(StreamEnd& event) {
  if (link_.Ended(event.stream, event.status, clock_.Boot())) metrics_.StreamLost();
}

void Agent::Handle(JobProgressed& event) {
  leases_.SetProgress(event.lease, std::move(event.progress));
}

// The sooner the scheduler knows of it, the less is lost with this worker.
void Agent::Handle(JobSaved& event) {
  leases_.SetCheckpoint(event.lease, std::move(event.checkpoint));
  link_.News();
}

void Agent::Handle(JobEnded& event) {
  Log(LogLevel::kInfo, "attempt ended",
      {{"job", event.lease.job}, {"attempt", event.lease.attempt}, {"outcome", NameOf(event.end)}});
  const auto found = jobs_.find(event.lease);
  const std::unique_ptr<ChainJob> job = std::move(found->second);
  jobs_.erase(found);
  const bool published = event.end == AttemptEnd::kCompleted;
  const EndAnswer answer = End(std::move(event));
  if (answer == EndAnswer::kDiscarded && published) job->TakeBack();
}

void Agent::Handle(DrainAsked& event) {
  release_time_ = std::min(release_time_, clock_.Boot() + event.grace);
  if (std::exchange(draining_, true)) return;
  Log(LogLevel::kInfo, "draining", {{"running", leases_.running()}});
  for (const auto& [lease, job] : jobs_) {
    if (leases_.IsWanted(lease)) job->Stop(StopWay::kSaveThenLeave);
  }
  link_.News();
}

void Agent::HandleWelcome(const v1::Welcome& welcome) {
  link_.Welcomed(welcome);
  metrics_.StreamOpened();
  CarryOut(leases_.KeepOnly(FromMessages(welcome.kept())));
}

void Agent::HandleTurn(const v1::Turn& turn) {
  link_.Answered(turn.answers());
  CarryOut(leases_.Close(FromMessages(turn.closed())));
  for (const v1::Revocation& revocation : turn.revoked()) HandleRevocation(revocation);
  for (const v1::Grant& grant : turn.grants()) HandleGrant(grant);
  if (turn.drain() && !draining_) Drain(absl::InfiniteDuration());
  if (turn.reconnect()) link_.Move(clock_.Boot());
}

void Agent::HandleRevocation(const v1::Revocation& revocation) {
  const LeaseKey lease = FromMessage(revocation.lease());
  switch (revocation.reason()) {
    case v1::REVOKE_REASON_CANCEL:
      return CarryOut(leases_.Cancel(lease));
    case v1::REVOKE_REASON_PAUSE:
      return CarryOut(leases_.Pause(lease));
    default:
      return CarryOut(leases_.Lose(lease));
  }
}

void Agent::HandleGrant(const v1::Grant& grant) {
  const LeaseKey lease = FromMessage(grant.lease());
  link_.News();
  if (draining_) return leases_.Refuse(lease);
  switch (leases_.Grant(lease)) {
    case GrantAnswer::kStart:
      break;
    case GrantAnswer::kAlreadyHeld:
      return;
    case GrantAnswer::kNoSlot:
      Log(LogLevel::kWarning, "grant without a slot handed back", {{"job", lease.job}});
      return;
  }
  absl::StatusOr<JobOrder> order = ReadGrant(grant, options_.resources);
  if (!order.ok()) {
    End({lease, FailedOutcome(order.status()), AttemptEnd::kFailed, {}});
  } else if (auto* chain = std::get_if<ChainOrder>(&*order)) {
    StartChain(lease, std::move(*chain));
  } else if (const auto& noop = std::get<NoopOrder>(*order); noop.duration > absl::ZeroDuration()) {
    noops_.Add(lease, clock_.Boot() + noop.duration);
  } else {
    End({lease, noop_outcome_, AttemptEnd::kCompleted, {}});
  }
}

void Agent::StartChain(const LeaseKey& lease, ChainOrder order) {
  Log(LogLevel::kInfo, "attempt starts", {{"job", lease.job}, {"attempt", lease.attempt}});
  jobs_[lease] = std::make_unique<ChainJob>(lease, std::move(order), surroundings_);
}

void Agent::CarryOut(const std::vector<StopOrder>& orders) {
  for (const StopOrder& order : orders) {
    Log(LogLevel::kInfo, "attempt stops",
        {{"job", order.lease.job},
         {"attempt", order.lease.attempt},
         {"why", NameOf(order.reason)}});
    if (noops_.Remove(order.lease)) {
      End({order.lease, std::nullopt, AttemptEnd::kStopped, {}});
    } else if (const auto job = jobs_.find(order.lease); job != jobs_.end()) {
      job->second->Stop(WayOf(order.reason));
    }
  }
}

EndAnswer Agent::End(JobEnded ended) {
  const bool stopped = !ended.outcome.has_value();
  link_.News();
  const EndAnswer answer = leases_.End(ended.lease, std::move(ended.outcome));
  if (answer == EndAnswer::kDiscarded) {
    metrics_.AttemptEnded(AttemptEnd::kStopped);
    return answer;
  }
  metrics_.AttemptEnded(stopped ? AttemptEnd::kReleased : ended.end);
  for (const ChainStageTotals& stage : ended.totals) {
    metrics_.StageRan(stage.stage, stage.rows, stage.bytes, stage.seconds);
  }
  return answer;
}

void Agent::Tick(absl::Time now) {
  for (const LeaseKey& lease : noops_.TakeDue(now)) {
    End({lease, noop_outcome_, AttemptEnd::kCompleted, {}});
  }
  FenceIfDue(now);
  ReleaseIfDue(now);
  link_.Tick(now, [this] { return MakeHello(); });
  ReportIfDue(now);
  connected_ = link_.up();
  metrics_.LeasesHeld(leases_.running(), leases_.size());
}

void Agent::FenceIfDue(absl::Time now) {
  if (now < link_.FenceDeadline()) return;
  if (const std::vector<StopOrder> orders = leases_.FenceAll(); !orders.empty()) {
    Log(LogLevel::kError, "no answer in time: everything that runs is stopped and discarded",
        {{"attempts", static_cast<uint64_t>(orders.size())}});
    metrics_.SelfFenced(static_cast<int64_t>(orders.size()));
    CarryOut(orders);
  }
  // The peer is deaf, also to a worker that runs nothing: it gives no work, and records no outcome.
  if (link_.up()) link_.Move(now);
}

void Agent::ReleaseIfDue(absl::Time now) {
  if (now < release_time_ || exit_time_ != absl::InfiniteFuture()) return;
  exit_time_ = now + options_.drain_linger;
  CarryOut(leases_.ReleaseAll());
}

void Agent::ReportIfDue(absl::Time now) {
  if (!link_.ReportDue(now)) return;
  v1::WorkReport report = MakeReport(leases_.Report());
  report.set_free_slots(draining_ ? 0 : SlotsToOffer());
  report.set_draining(draining_);
  link_.SendReport(std::move(report), now);
}

int32_t Agent::SlotsToOffer() const {
  const int64_t room = int64_t{kLeasesPerSlotMax} * options_.slots - leases_.size();
  return static_cast<int32_t>(std::clamp<int64_t>(room, 0, leases_.free_slots()));
}

absl::Time Agent::NextDue(absl::Time now) const {
  absl::Time due = std::min(link_.Due(), noops_.Due());
  due = std::min(due, exit_time_ == absl::InfiniteFuture() ? release_time_ : exit_time_);
  // Once past, it matters only when something happens.
  if (link_.FenceDeadline() > now) due = std::min(due, link_.FenceDeadline());
  return due;
}

bool Agent::Finished(absl::Time now) const {
  return draining_ && (leases_.size() == 0 || now >= exit_time_);
}

v1::Hello Agent::MakeHello() const {
  v1::Hello hello;
  hello.set_instance(options_.instance);
  hello.set_protocol(kWorkerProtocol);
  for (const std::string& stage : OfferedStages()) hello.add_stages(stage);
  hello.mutable_labels()->insert(options_.labels.begin(), options_.labels.end());
  hello.set_slots(options_.slots);
  hello.set_memory_bytes(options_.resources.memory_bytes);
  for (const LeaseKey& lease : leases_.Held()) *hello.add_held() = ToMessage(lease);
  hello.set_version(options_.version);
  return hello;
}

}  // namespace dq
