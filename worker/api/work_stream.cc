#include "worker/api/work_stream.h"

#include <utility>

#include "common/rpc/status_mapping.h"

namespace dq {

std::shared_ptr<WorkStream> WorkStream::Open(std::shared_ptr<grpc::Channel> channel, Sink sink) {
  const std::shared_ptr<WorkStream> stream(new WorkStream(std::move(channel), std::move(sink)));
  stream->self_ = stream;
  stream->stub_->async()->Work(&stream->context_, stream.get());
  stream->AddHold();  // Requests are sent from outside of reactions.
  stream->Pump();
  stream->StartCall();
  return stream;
}

WorkStream::WorkStream(std::shared_ptr<grpc::Channel> channel, Sink sink)
    : channel_(std::move(channel)),
      stub_(v1::WorkerService::NewStub(channel_)),
      sink_(std::move(sink)) {}

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
  const std::shared_ptr<WorkStream> self = std::move(self_);
  sink_.on_end(FromGrpcStatus(status));
  MutexLock lock(mutex_);
  done_ = true;
  changed_.NotifyAll();
}

void WorkStream::WaitUntilDone() {
  MutexLock lock(mutex_);
  while (!done_) changed_.Wait(mutex_);
}

}  // namespace dq
