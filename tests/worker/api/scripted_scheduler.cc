#include "tests/worker/api/scripted_scheduler.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <utility>

#include "absl/time/clock.h"

namespace dq {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(20);

// Waits on `changed` until `condition`; ends the test program when that takes too long.
template <typename Condition>
void Await(Mutex& mutex, CondVar& changed, const char* what, Condition condition) {
  const absl::Time deadline = absl::Now() + kPatience;
  while (!condition()) {
    if (absl::Now() > deadline) {
      ADD_FAILURE() << "waited too long for " << what;
      std::abort();
    }
    changed.WaitFor(mutex, std::chrono::milliseconds(50));
  }
}

google::protobuf::Duration MessageOfDuration(absl::Duration duration) {
  google::protobuf::Duration message;
  message.set_seconds(absl::ToInt64Seconds(duration));
  message.set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(duration % absl::Seconds(1))));
  return message;
}

}  // namespace

void ScriptedSession::Serve() {
  v1::WorkRequest request;
  while (stream_.Read(&request)) {
    v1::WorkResponse answer;
    {
      MutexLock lock(mutex_);
      if (request.has_hello()) hello_ = request.hello();
      if (request.has_report()) {
        report_ = request.report();
        ++reports_;
        if (!silent_) answer.mutable_turn()->set_answers(report_.sequence());
        if (degraded_) answer.mutable_turn()->set_degraded(true);
      }
      changed_.NotifyAll();
    }
    if (answer.has_turn()) Write(answer);
  }
  MutexLock lock(write_mutex_);
  over_ = true;
}

void ScriptedSession::Write(const v1::WorkResponse& response) {
  MutexLock lock(write_mutex_);
  if (!over_) stream_.Write(response);
}

void ScriptedSession::Welcome(const std::vector<v1::Lease>& kept, absl::Duration lease_ttl) {
  const v1::Hello greeted = hello();
  v1::WorkResponse response;
  v1::Welcome& welcome = *response.mutable_welcome();
  *welcome.mutable_report_interval() = MessageOfDuration(absl::Milliseconds(30));
  *welcome.mutable_lease_ttl() = MessageOfDuration(lease_ttl);
  welcome.mutable_kept()->Add(kept.begin(), kept.end());
  {
    MutexLock lock(mutex_);
    silent_ = false;
  }
  Write(response);
}

void ScriptedSession::WelcomeAndSendAway() {
  Welcome();
  FallSilent();
  v1::WorkResponse response;
  response.mutable_turn()->set_reconnect(true);
  Write(response);
}

void ScriptedSession::Send(v1::Turn turn) {
  v1::WorkResponse response;
  {
    MutexLock lock(mutex_);
    if (!degraded_) turn.set_answers(report_.sequence());
  }
  *response.mutable_turn() = std::move(turn);
  Write(response);
}

void ScriptedSession::Grant(const v1::Grant& grant) {
  v1::Turn turn;
  *turn.add_grants() = grant;
  Send(std::move(turn));
}

void ScriptedSession::Revoke(const v1::Lease& lease, v1::RevokeReason reason) {
  v1::Turn turn;
  v1::Revocation& revocation = *turn.add_revoked();
  *revocation.mutable_lease() = lease;
  revocation.set_reason(reason);
  Send(std::move(turn));
}

void ScriptedSession::Close(const v1::Lease& lease) {
  v1::Turn turn;
  *turn.add_closed() = lease;
  Send(std::move(turn));
}

void ScriptedSession::AnswerDegraded() {
  MutexLock lock(mutex_);
  degraded_ = true;
}

void ScriptedSession::FallSilent() {
  MutexLock lock(mutex_);
  silent_ = true;
}

void ScriptedSession::Break() {
  MutexLock lock(write_mutex_);
  if (!over_) context_.TryCancel();
}

v1::Hello ScriptedSession::hello() {
  MutexLock lock(mutex_);
  Await(mutex_, changed_, "a hello", [&] { return hello_.has_value(); });
  return *hello_;
}

v1::WorkReport ScriptedSession::WaitForReport(
    const std::function<bool(const v1::WorkReport&)>& fits) {
  MutexLock lock(mutex_);
  Await(mutex_, changed_, "a report", [&] { return reports_ > 0 && fits(report_); });
  return report_;
}

v1::Outcome ScriptedSession::WaitForOutcome(const v1::Lease& lease) {
  v1::Outcome outcome;
  WaitForReport([&](const v1::WorkReport& report) {
    for (const v1::LeaseReport& held : report.leases()) {
      if (held.lease().token() != lease.token() || !held.has_outcome()) continue;
      outcome = held.outcome();
      return true;
    }
    return false;
  });
  return outcome;
}

int64_t ScriptedSession::reports() {
  MutexLock lock(mutex_);
  return reports_;
}

ScriptedScheduler::ScriptedScheduler()
    : server_(ServerRunner::Start("127.0.0.1:0", {{v1::WorkerService::service_full_name(), this}})
                  .value()) {}

ScriptedScheduler::~ScriptedScheduler() { server_->Shutdown(absl::ZeroDuration()); }

std::shared_ptr<ScriptedSession> ScriptedScheduler::NextSession() {
  MutexLock lock(mutex_);
  Await(mutex_, changed_, "a stream", [&] { return sessions_.size() > taken_; });
  return sessions_[taken_++];
}

grpc::Status ScriptedScheduler::Work(grpc::ServerContext* context,
                                     ScriptedSession::Stream* stream) {
  const auto session = std::make_shared<ScriptedSession>(*context, *stream);
  {
    MutexLock lock(mutex_);
    sessions_.push_back(session);
    changed_.NotifyAll();
  }
  session->Serve();
  return grpc::Status::OK;
}

}  // namespace dq
