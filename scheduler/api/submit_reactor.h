// One SubmitJobs call: reads a message, submits its jobs where that may block, reads the next while
// the answers of earlier ones are awaited, and answers in order. Bounded: what waits for an answer,
// or for the client to take one. Thread-safe.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "common/base/mutex.h"
#include "dq/v1/job_service.pb.h"
#include "grpcpp/support/server_callback.h"
#include "scheduler/api/bulk_submit.h"
#include "scheduler/api/rpc_call.h"

namespace dq {

class SubmitReactor;

// The open streams of a server: counted, and ended when it goes away. Thread-safe.
class SubmitStreams {
 public:
  static constexpr size_t kStreamsMax = 256;

  // RESOURCE_EXHAUSTED (QUEUE_FULL) when there are too many; UNAVAILABLE (DRAINING) after Close().
  absl::Status Add(SubmitReactor* stream) EXCLUDES(mutex_);
  // Forgets a stream; harmless when it is unknown.
  void Remove(SubmitReactor* stream) EXCLUDES(mutex_);
  // Ends all streams with UNAVAILABLE (DRAINING) once what they have read is answered, and refuses
  // new ones.
  void Close() EXCLUDES(mutex_);

 private:
  Mutex mutex_;
  std::set<SubmitReactor*> streams_ GUARDED_BY(mutex_);
  bool closed_ GUARDED_BY(mutex_) = false;
};

class SubmitReactor final
    : public grpc::ServerBidiReactor<v1::SubmitJobsRequest, v1::SubmitJobsResponse>,
      public std::enable_shared_from_this<SubmitReactor> {
 public:
  // While so much waits, the stream is not read. A message counts as one job more than it has.
  static constexpr int kJobsWaitingMax = 4000;
  static constexpr size_t kBytesWaitingMax = 8 << 20;

  // `context` lives until OnDone(), `streams` longer.
  SubmitReactor(const ApiPorts& ports, SubmitStreams& streams,
                const grpc::CallbackServerContext& context)
      : ports_(ports), streams_(streams), call_(ports, context, "JobService/SubmitJobs") {}

  // Begins to read. Keeps itself alive until OnDone().
  void Start();
  // Ends the stream with `status` once what was read is answered.
  void End(absl::Status status) EXCLUDES(mutex_);

  void OnReadDone(bool ok) override EXCLUDES(mutex_);
  void OnWriteDone(bool ok) override EXCLUDES(mutex_);
  void OnCancel() override EXCLUDES(mutex_);
  void OnDone() override;

 private:
  // A message that was read, until its answer is written.
  struct Message {
    v1::SubmitJobsRequest request;
    v1::SubmitJobsResponse response;
    int jobs = 0;
    size_t bytes = 0;
    bool answered = false;
  };

  // Submits the newest message. Blocks.
  void Submit(Message& message) EXCLUDES(mutex_);
  absl::Status Check(const v1::SubmitJobsRequest& request);
  void Answered(Message& message, const BulkEnd& end) EXCLUDES(mutex_);
  // The only place that reads, writes or finishes.
  void Pump() EXCLUDES(mutex_);

  const ApiPorts& ports_;
  SubmitStreams& streams_;
  RpcCall call_;
  std::string parent_;  // Of the first message; touched by one step at a time.
  std::shared_ptr<SubmitReactor> self_;

  Mutex mutex_;
  // Oldest first; they stay where they are. The newest belongs to gRPC while it is read.
  std::deque<Message> messages_ GUARDED_BY(mutex_);
  int jobs_waiting_ GUARDED_BY(mutex_) = 0;
  size_t bytes_waiting_ GUARDED_BY(mutex_) = 0;
  int submitting_ GUARDED_BY(mutex_) = 0;    // Messages that are not decided.
  bool reading_ GUARDED_BY(mutex_) = false;  // Until what is read is handed on.
  bool writing_ GUARDED_BY(mutex_) = false;
  bool broken_ GUARDED_BY(mutex_) = false;  // Nothing can be written any more.
  bool finished_ GUARDED_BY(mutex_) = false;
  std::optional<absl::Status> end_ GUARDED_BY(mutex_);  // Set: nothing more is read.
};

}  // namespace dq
