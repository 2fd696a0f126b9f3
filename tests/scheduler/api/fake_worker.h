// A worker's side of the protocol, one message at a time, for tests. Not thread-safe.
#pragma once

#include <grpcpp/client_context.h>

#include <memory>
#include <string>

#include "common/rpc/status_mapping.h"
#include "dq/v1/worker_service.grpc.pb.h"
#include "scheduler/api/worker_codec.h"

namespace dq {

class FakeWorker {
 public:
  using Stream = grpc::ClientReaderWriter<v1::WorkRequest, v1::WorkResponse>;

  explicit FakeWorker(std::unique_ptr<v1::WorkerService::Stub> stub) : stub_(std::move(stub)) {
    stream_ = stub_->Work(&context_);
  }
  ~FakeWorker() { context_.TryCancel(); }

  // Says hello and returns the welcome; empty when the stream ended.
  v1::Welcome Hello(const std::string& instance, int slots = 1, int protocol = kWorkerProtocol) {
    v1::Hello hello;
    hello.set_instance(instance);
    hello.set_protocol(protocol);
    hello.add_stages("noop");
    hello.add_stages("complete");
    hello.add_stages("dedupe");
    hello.set_slots(slots);
    return Hello(hello);
  }
  v1::Welcome Hello(const v1::Hello& hello) {
    v1::WorkRequest request;
    *request.mutable_hello() = hello;
    stream_->Write(request);
    v1::WorkResponse response;
    return stream_->Read(&response) ? response.welcome() : v1::Welcome();
  }

  // Sends a report of one lease (or none) with `free_slots`.
  void Report(const v1::LeaseReport* lease, int free_slots) {
    v1::WorkRequest request;
    request.mutable_report()->set_sequence(++sequence_);
    request.mutable_report()->set_free_slots(free_slots);
    if (lease != nullptr) *request.mutable_report()->add_leases() = *lease;
    stream_->Write(request);
  }

  // Reads until the last report is answered, or the stream ends.
  void AwaitAnswer() {
    v1::WorkResponse response;
    while (stream_->Read(&response) && response.turn().answers() < sequence_) {
    }
  }

  // Returns the next turn that grants, closes or revokes something; empty when the stream ended.
  v1::Turn NextNews() {
    v1::WorkResponse response;
    while (stream_->Read(&response)) {
      const v1::Turn& turn = response.turn();
      if (turn.grants_size() + turn.closed_size() + turn.revoked_size() > 0) return turn;
    }
    return {};
  }

  // Offers a slot and returns the job granted.
  v1::Grant TakeGrant() {
    Report(nullptr, 1);
    const v1::Turn turn = NextNews();
    return turn.grants_size() == 1 ? turn.grants(0) : v1::Grant();
  }

  // Reports the end of a granted job and waits until it is closed.
  void Complete(const v1::Grant& grant, const v1::Completion& completion) {
    v1::LeaseReport report;
    *report.mutable_lease() = grant.lease();
    *report.mutable_outcome()->mutable_completion() = completion;
    Report(&report, 0);
    NextNews();
  }

  // Waits for the end of the stream.
  absl::Status End() {
    v1::WorkResponse response;
    while (stream_->Read(&response)) {
    }
    return FromGrpcStatus(stream_->Finish());
  }

  Stream& stream() { return *stream_; }

 private:
  const std::unique_ptr<v1::WorkerService::Stub> stub_;
  grpc::ClientContext context_;
  std::unique_ptr<Stream> stream_;
  int64_t sequence_ = 0;
};

}  // namespace dq
