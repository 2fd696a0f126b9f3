#include "scheduler/api/submit_reactor.h"

#include <utility>
#include <vector>

#include "common/base/error.h"
#include "common/rpc/status_mapping.h"
#include "scheduler/api/violations.h"

namespace dq {
namespace {

absl::Status Draining() {
  return MakeError(absl::StatusCode::kUnavailable, "DRAINING",
                   "this scheduler goes away; send what has no answer to the next one");
}

}  // namespace

absl::Status SubmitStreams::Add(SubmitReactor* stream) {
  MutexLock lock(mutex_);
  if (closed_) return Draining();
  if (streams_.size() >= kStreamsMax) return TooMuchWaits();
  streams_.insert(stream);
  return absl::OkStatus();
}

void SubmitStreams::Remove(SubmitReactor* stream) {
  MutexLock lock(mutex_);
  streams_.erase(stream);
}

void SubmitStreams::Close() {
  std::vector<std::shared_ptr<SubmitReactor>> open;
  {
    MutexLock lock(mutex_);
    closed_ = true;
    for (SubmitReactor* stream : streams_) open.push_back(stream->shared_from_this());
  }
  for (const auto& stream : open) stream->End(Draining());
}

void SubmitReactor::Start() {
  self_ = shared_from_this();
  if (absl::Status added = streams_.Add(this); !added.ok()) return End(std::move(added));
  Pump();
}

void SubmitReactor::End(absl::Status status) {
  {
    MutexLock lock(mutex_);
    if (!end_.has_value()) end_ = std::move(status);
  }
  Pump();
}

void SubmitReactor::OnCancel() {
  {
    MutexLock lock(mutex_);
    broken_ = true;
  }
  End(absl::CancelledError("the client is gone"));
}

void SubmitReactor::OnReadDone(bool ok) {
  Message* message = nullptr;
  {
    MutexLock lock(mutex_);
    if (ok && !end_.has_value()) {
      message = &messages_.back();
      message->jobs = message->request.requests_size() + 1;
      message->bytes = message->request.ByteSizeLong();
      jobs_waiting_ += message->jobs;
      bytes_waiting_ += message->bytes;
      ++submitting_;
    } else if (!finished_) {
      messages_.pop_back();
    }
  }
  if (message == nullptr) return End(absl::OkStatus());
  const bool accepted =
      ports_.blocking.Submit([self = shared_from_this(), message] { self->Submit(*message); });
  if (!accepted) Answered(*message, {TooMuchWaits(), {}});
}

absl::Status SubmitReactor::Check(const v1::SubmitJobsRequest& request) {
  if (parent_.empty()) parent_ = request.parent();
  if (!request.parent().empty() && request.parent() != parent_) {
    return FieldError("BAD_FIELD", {{"parent", "empty, or that of the first message"}});
  }
  return CheckBulk(parent_, request.requests());
}

void SubmitReactor::Submit(Message& message) {
  if (const absl::Status valid = Check(message.request); !valid.ok()) {
    return Answered(message, {valid, {}});
  }
  SubmitBulk(
      ports_, call_.caller(), parent_, message.request.requests(),
      *message.response.mutable_results(),
      [self = shared_from_this(), &message](const BulkEnd& end) { self->Answered(message, end); });
  {
    MutexLock lock(mutex_);
    reading_ = false;
  }
  Pump();
}

void SubmitReactor::Answered(Message& message, const BulkEnd& end) {
  const absl::Status& failure = end.status.ok() ? end.lost : end.status;
  {
    MutexLock lock(mutex_);
    --submitting_;
    message.answered = failure.ok();
    // Also after the client's last message: it must not take this one for answered.
    if (!failure.ok() && (!end_.has_value() || end_->ok())) end_ = failure;
  }
  Pump();
}

void SubmitReactor::Pump() {
  MutexLock lock(mutex_);
  if (finished_) return;
  const bool may_write = !broken_ && !messages_.empty() && messages_.front().answered;
  if (may_write && !writing_) {
    writing_ = true;
    StartWrite(&messages_.front().response);
  }
  const bool has_room = jobs_waiting_ < kJobsWaitingMax && bytes_waiting_ < kBytesWaitingMax;
  if (!end_.has_value() && !reading_ && has_room) {
    reading_ = true;
    StartRead(&messages_.emplace_back().request);
  }
  if (end_.has_value() && !may_write && !writing_ && submitting_ == 0) {
    finished_ = true;
    Finish(call_.End(*end_));
  }
}

void SubmitReactor::OnWriteDone(bool ok) {
  {
    MutexLock lock(mutex_);
    writing_ = false;
    jobs_waiting_ -= messages_.front().jobs;
    bytes_waiting_ -= messages_.front().bytes;
    messages_.pop_front();
    if (!ok) {
      broken_ = true;
      if (!end_.has_value()) end_ = absl::CancelledError("the client is gone");
    }
  }
  Pump();
}

void SubmitReactor::OnDone() {
  streams_.Remove(this);
  self_.reset();  // The last use of this object by gRPC.
}

}  // namespace dq
