#include "scheduler/api/worker_reactor.h"

#include <utility>

#include "common/base/error.h"
#include "common/base/status_macros.h"
#include "common/rpc/status_mapping.h"
#include "scheduler/api/worker_codec.h"

namespace dq {

void WorkerReactor::Start() {
  self_ = shared_from_this();
  StartRead(&request_);
}

void WorkerReactor::OnReadDone(bool ok) {
  if (!ok) return Close(absl::OkStatus());
  if (absl::Status status = TakeMessage(); !status.ok()) return Close(std::move(status));
  ReadOn();
}

void WorkerReactor::ReadOn() {
  MutexLock lock(mutex_);
  if (finished_) return;
  read_due_ = reports_waiting_ >= kReportsWaitingMax;
  if (!read_due_) StartRead(&request_);
}

void WorkerReactor::ReportTaken() {
  MutexLock lock(mutex_);
  --reports_waiting_;
  // Without the lock OnDone() might come first.
  if (std::exchange(read_due_, false) && !finished_) StartRead(&request_);
}

absl::Status WorkerReactor::TakeMessage() {
  if (request_.has_hello() == session_.has_value()) {
    return FieldError("BAD_FIELD", {{"message", "first one hello, then reports"}});
  }
  if (request_.has_hello()) {
    DQ_ASSIGN_OR_RETURN(WorkerHello hello, FromProto(request_.hello()));
    session_ = scheduler_.OpenSession(std::move(hello), self_);
  } else {
    DQ_ASSIGN_OR_RETURN(WorkerReport report, FromProto(request_.report()));
    {
      MutexLock lock(mutex_);
      ++reports_waiting_;
    }
    scheduler_.HandleReport(*session_, std::move(report),
                            [self = shared_from_this()] { self->ReportTaken(); });
  }
  return absl::OkStatus();
}

void WorkerReactor::Welcome(WorkerWelcome welcome) { Enqueue(ToProto(welcome)); }

void WorkerReactor::Turn(WorkerTurn turn) {
  for (v1::WorkResponse& message : ToProto(turn)) Enqueue(std::move(message));
}

void WorkerReactor::Enqueue(v1::WorkResponse response) {
  {
    MutexLock lock(mutex_);
    if (end_.has_value()) return;
    outbox_.push_back(std::move(response));
    if (outbox_.size() > kOutboxMessagesMax) {
      context_.TryCancel();  // Else the write in progress might never end.
      end_ = MakeError(absl::StatusCode::kResourceExhausted, "WORKER_TOO_SLOW",
                       "the worker does not read its stream; connect again");
      broken_ = true;
    }
  }
  Pump();
}

void WorkerReactor::Close(absl::Status status) {
  {
    MutexLock lock(mutex_);
    if (absl::IsCancelled(status)) broken_ = true;
    if (!end_.has_value()) end_ = std::move(status);
  }
  Pump();
}

void WorkerReactor::Pump() {
  MutexLock lock(mutex_);
  if (writing_ || finished_) return;
  if (!outbox_.empty() && !broken_) {
    writing_ = true;
    StartWrite(&outbox_.front());
  } else if (end_.has_value()) {
    finished_ = true;
    Finish(call_.End(*end_));
  }
}

void WorkerReactor::OnWriteDone(bool ok) {
  {
    MutexLock lock(mutex_);
    writing_ = false;
    outbox_.pop_front();
    if (!ok) {
      broken_ = true;
      if (!end_.has_value()) end_ = absl::CancelledError("the worker is gone");
    }
  }
  Pump();
}

void WorkerReactor::OnDone() {
  if (session_.has_value()) scheduler_.CloseSession(*session_);
  self_.reset();  // The last use of this object by gRPC.
}

}  // namespace dq
