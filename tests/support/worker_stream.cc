#include "tests/support/worker_stream.h"

#include <algorithm>
#include <utility>

namespace dq {

WorkerStream::WorkerStream(const std::shared_ptr<grpc::Channel>& channel,
                           const std::string& instance, const std::vector<v1::Lease>& held,
                           std::chrono::seconds timeout)
    : stub_(v1::WorkerService::NewStub(channel)) {
  context_.set_deadline(std::chrono::system_clock::now() + timeout);
  stream_ = stub_->Work(&context_);
  v1::WorkRequest request;
  v1::Hello& hello = *request.mutable_hello();
  hello.set_instance(instance);
  hello.set_protocol(2);
  hello.add_stages("noop");
  hello.set_slots(1);
  hello.set_version("test");
  for (const v1::Lease& lease : held) *hello.add_held() = lease;
  v1::WorkResponse response;
  open_ = stream_->Write(request) && stream_->Read(&response) && response.has_welcome();
}

WorkerStream::~WorkerStream() {
  context_.TryCancel();
  (void)stream_->Finish();
}

std::optional<v1::Turn> WorkerStream::Exchange(v1::WorkReport report) {
  if (!open_) return std::nullopt;
  report.set_sequence(++sequence_);
  v1::WorkRequest request;
  *request.mutable_report() = std::move(report);
  v1::WorkResponse response;
  open_ = stream_->Write(request) && stream_->Read(&response) && response.has_turn();
  if (!open_) return std::nullopt;
  return response.turn();
}

bool Holds(const google::protobuf::RepeatedPtrField<v1::Lease>& leases, const v1::Lease& lease) {
  return std::any_of(leases.begin(), leases.end(), [&](const v1::Lease& other) {
    return other.job() == lease.job() && other.attempt() == lease.attempt() &&
           other.token() == lease.token();
  });
}

}  // namespace dq
