// One Work stream as a worker of one slot for stage noop sees it: for test workers that decide
// themselves what they report. Calls block, until the stream's timeout at the most. Not
// thread-safe.
#pragma once

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dq/v1/worker_service.grpc.pb.h"

namespace dq {

class WorkerStream {
 public:
  // Says hello as `instance` with the leases it still holds, and waits for the welcome. The stream
  // ends by itself after `timeout`, so that nothing waits for ever.
  WorkerStream(const std::shared_ptr<grpc::Channel>& channel, const std::string& instance,
               const std::vector<v1::Lease>& held, std::chrono::seconds timeout);
  // Breaks the stream.
  ~WorkerStream();
  WorkerStream(const WorkerStream&) = delete;
  WorkerStream& operator=(const WorkerStream&) = delete;

  // Whether it was welcomed and nothing has failed since.
  bool IsOpen() const { return open_; }
  // Sends a report and returns the next turn; nothing when the stream has ended.
  std::optional<v1::Turn> Exchange(v1::WorkReport report);

 private:
  grpc::ClientContext context_;
  std::unique_ptr<v1::WorkerService::Stub> stub_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::WorkRequest, v1::WorkResponse>> stream_;
  int64_t sequence_ = 0;
  bool open_ = false;
};

// Whether `lease`, its attempt and token included, is one of `leases`.
bool Holds(const google::protobuf::RepeatedPtrField<v1::Lease>& leases, const v1::Lease& lease);

}  // namespace dq
