#include "worker/api/work_stream.h"

#include <utility>

#include "common/rpc/status_mapping.h"

namespace dq {

WorkStream::WorkStream(std::shared_ptr<grpc::Channel> channel, Sink sink)
    : channel_(std::move(channel)),
      stub_(v1::WorkerService::NewStub(channel_)),
      sink_(std::move(sink)) {
  stub_->async()->Work(&context_, this);
  AddHold();  // Requests are sent from outside of reactions.
  Pump();
  StartCall();
}

WorkStream::~WorkStream() {
  Close();
  MutexLock lock(mutex_);
  while (!over_) changed_.Wait(mutex_);
}

void WorkStream::Pump() {
  MutexLock lock(mutex_);
  if (stopped_) return;
  if (!std::exchange(reading_, true)) StartRead(&incoming_);
  if (writing_ || !next_.has_value()) return;
  outgoing_ = std::move(*next_);
  next_.reset();
  writing_ = true;
  StartWrite(&outgoing_);
}

void WorkStream::Send(v1::WorkRequest request) {
  {
    MutexLock lock(mutex_);
    next_ = std::move(request);
  }
  Pump();
}

void WorkStream::Stop() {
  {
    MutexLock lock(mutex_);
    if (std::exchange(stopped_, true)) return;
  }
  RemoveHold();
}

void WorkStream::Close() {
  context_.TryCancel();
  Stop();
}

void WorkStream::OnReadDone(bool ok) {
  if (!ok) return Stop();
  sink_.on_message(std::move(incoming_));
  {
    MutexLock lock(mutex_);
    incoming_ = {};
    reading_ = false;
  }
  Pump();
}

void WorkStream::OnWriteDone(bool ok) {
  if (!ok) return Stop();
  {
    MutexLock lock(mutex_);
    writing_ = false;
  }
  Pump();
}

void WorkStream::OnDone(const grpc::Status& status) {
  sink_.on_end(FromGrpcStatus(status));
  MutexLock lock(mutex_);
  over_ = true;
  changed_.NotifyAll();
}

bool WorkStream::over() {
  MutexLock lock(mutex_);
  return over_;
}

}  // namespace dq
