#include "scheduler/api/batch_service.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "common/base/error.h"
#include "common/base/status_macros.h"
#include "scheduler/api/batch_codec.h"
#include "scheduler/api/batch_creation.h"
#include "scheduler/api/batch_source.h"
#include "scheduler/api/page_token.h"
#include "scheduler/api/resource_name.h"
#include "scheduler/api/violations.h"
#include "scheduler/core/batch_rollup.h"
#include "scheduler/core/batch_wish.h"

namespace dq {
namespace {

constexpr int kWishTriesMax = 50;
constexpr int kRunningShownMax = 200;
constexpr int32_t kNewestLookedAt = 10'000;
constexpr int kRefusalsShownMax = 20;

absl::StatusOr<BatchView> FindBatch(BatchStore& batches, const std::string& name) {
  DQ_ASSIGN_OR_RETURN(const ProjectResource parts, ParseResource(name, kBatches, "name"));
  return batches.GetBatch(parts.project, parts.id);
}

// Returns the batch that the same request has made before its inputs were gone; else `why`.
absl::StatusOr<BatchView> FindEarlier(const BatchRecord& wanted, const absl::Status& why,
                                      BatchStore& batches) {
  if (!absl::IsFailedPrecondition(why) || wanted.request_id.empty()) return why;
  auto earlier = batches.GetBatchByRequest(wanted.project, wanted.request_id);
  if (absl::IsUnavailable(earlier.status())) return earlier.status();
  // A reused request id is told only once the inputs are there.
  if (!earlier.ok() || earlier->record.request_hash != wanted.request_hash) return why;
  return earlier;
}

absl::Status List(const ApiPorts& ports, BatchStore& batches, const v1::ListBatchesRequest& request,
                  v1::ListBatchesResponse& response) {
  const std::string identity = "ListBatches " + request.parent();
  DQ_ASSIGN_OR_RETURN(const std::string project, ParseProject(request.parent(), "parent"));
  DQ_ASSIGN_OR_RETURN(const int size, EffectivePageSize(request.page_size()));
  DQ_ASSIGN_OR_RETURN(const BatchKey before, ReadNumberToken(identity, request.page_token()));
  DQ_ASSIGN_OR_RETURN(const std::vector<BatchView> page,
                      batches.ListBatches(project, before, size + 1));
  for (const BatchView& view : page) {
    if (response.batches_size() == size) {
      const BatchKey last = page[static_cast<size_t>(size) - 1].record.key;
      response.set_next_page_token(MakePageToken(identity, std::to_string(last)));
      break;
    }
    *response.add_batches() = ToProto(view, 0, ports.clock.Now());
  }
  return absl::OkStatus();
}

absl::Status CheckWish(const std::string& name, const std::string& reason) {
  Violations violations;
  violations.Merge(ParseResource(name, kBatches, "name").status());
  violations.RequireReason(reason);
  return violations.ToStatus();
}

absl::Status BatchChanged(const std::string& name, const std::string& etag) {
  return MakeError(absl::StatusCode::kAborted, "ETAG_MISMATCH",
                   "the batch has changed since you saw it; look at it again",
                   {{"batch", name}, {"etag", etag}});
}

// Adds the reasons why operations are no jobs.
absl::Status AddRefusals(BatchStore& batches, const BatchRecord& batch, v1::Batch& answer) {
  if (batch.refused == 0) return absl::OkStatus();
  DQ_ASSIGN_OR_RETURN(const std::vector<BatchOperation> refused,
                      batches.ListRefusedOperations(batch.key, kRefusalsShownMax));
  for (const BatchOperation& operation : refused) {
    v1::OperationRefusal& refusal = *answer.add_refusals();
    refusal.set_operation_index(operation.index);
    refusal.set_message(operation.refusal);
  }
  return absl::OkStatus();
}

// Returns the first running operations among the newest jobs of the batch; when none of these runs,
// among all: those that have ended would have to be passed over every time.
absl::StatusOr<std::vector<OperationJob>> ListRunning(BatchStore& batches,
                                                      const BatchRecord& batch) {
  const std::vector<JobState> states = {JobState::kProcessing, JobState::kPausing};
  const int32_t after = std::max(0, batch.made - kNewestLookedAt);
  auto running = batches.ListOperationJobs(batch.key, after, states, kRunningShownMax);
  if (!running.ok() || !running->empty() || after == 0) return running;
  return batches.ListOperationJobs(batch.key, 0, states, kRunningShownMax);
}

// Adds what the running operations have done.
void AddProgress(const absl::StatusOr<JobViews>& jobs, const BatchView& view, absl::Time now,
                 v1::Batch& batch) {
  double share = 0;
  if (jobs.ok()) {
    for (const auto& [id, job] : *jobs) share += job.progress.percent / 100;
  }
  const v1::Batch shown = ToProto(view, share, now);
  batch.set_percent_complete(shown.percent_complete());
  if (shown.has_estimated_time_remaining()) {
    *batch.mutable_estimated_time_remaining() = shown.estimated_time_remaining();
  }
}

}  // namespace

void BatchService::RunLeading(const std::shared_ptr<UnaryCall>& call, std::function<void()> work) {
  ports_.scheduler.GetStats(
      [call, work = std::move(work)](const absl::StatusOr<SchedulerStats>& stats) {
        if (!stats.ok()) return call->Finish(stats.status());
        call->RunBlocking(work);
      });
}

grpc::ServerUnaryReactor* BatchService::CreateBatch(grpc::CallbackServerContext* context,
                                                    const v1::CreateBatchRequest* request,
                                                    v1::CreateBatchResponse* response) {
  auto call = UnaryCall::Begin(ports_, context, "BatchService/CreateBatch");
  RunLeading(call,
             [this, call, request, response] { call->Finish(Create(*request, *call, *response)); });
  return call->reactor();
}

absl::Status BatchService::Create(const v1::CreateBatchRequest& request, RpcCall& call,
                                  v1::CreateBatchResponse& response) {
  DQ_RETURN_IF_ERROR(ValidateCreateBatch(request));
  BatchRecord batch = MakeBatchRecord(request, call.caller(), ports_.clock.Now());
  if (!request.request_id().empty()) batch.request_hash = BatchHash(request);
  call.set_subject(ResourceText(batch.project, kBatches, batch.id));
  std::vector<std::string> requests;
  for (const auto& operation : OperationRequests(request)) {
    requests.push_back(operation.SerializeAsString());
  }
  DQ_ASSIGN_OR_RETURN(Created<v1::Batch> created,
                      Record(batch, requests, CheckBatchInputs(request, ports_.catalog)));
  *response.mutable_batch() = std::move(created.record);
  response.set_existed(created.existed);
  return absl::OkStatus();
}

absl::StatusOr<Created<v1::Batch>> BatchService::Record(const BatchRecord& batch,
                                                        const std::vector<std::string>& requests,
                                                        const absl::Status& inputs) {
  const absl::Time now = ports_.clock.Now();
  if (!inputs.ok()) {
    DQ_ASSIGN_OR_RETURN(const BatchView earlier, FindEarlier(batch, inputs, batches_));
    return Created<v1::Batch>{ToProto(earlier, 0, now), /*existed=*/true};
  }
  DQ_ASSIGN_OR_RETURN(const Created<BatchRecord> created, batches_.CreateBatch(batch, requests));
  wake_(created.record.key);
  DQ_ASSIGN_OR_RETURN(const BatchView view, batches_.GetBatchByKey(created.record.key));
  return Created<v1::Batch>{ToProto(view, 0, now), created.existed};
}

grpc::ServerReadReactor<v1::SubmitBatchRequest>* BatchService::SubmitBatch(
    grpc::CallbackServerContext* context, v1::SubmitBatchResponse* response) {
  auto submission = std::make_shared<BatchSubmitReactor>(
      ports_, submitted_, *context, *response,
      [this](const BatchRecord& batch, const std::vector<std::string>& requests,
             const absl::Status& inputs) { return Record(batch, requests, inputs); });
  submission->Start();
  return submission.get();  // Keeps itself alive until OnDone().
}

grpc::ServerUnaryReactor* BatchService::GetBatch(grpc::CallbackServerContext* context,
                                                 const v1::GetBatchRequest* request,
                                                 v1::GetBatchResponse* response) {
  auto call = UnaryCall::Begin(ports_, context, "BatchService/GetBatch");
  call->RunBlocking([this, call, request, response] {
    Describe(request->name(), [call, response](absl::StatusOr<v1::Batch> batch) {
      if (batch.ok()) *response->mutable_batch() = *std::move(batch);
      call->Finish(batch.status());
    });
  });
  return call->reactor();
}

void BatchService::Describe(const std::string& name, const BatchTaker& done) {
  const auto view = FindBatch(batches_, name);
  if (!view.ok()) return done(view.status());
  const absl::Time now = ports_.clock.Now();
  v1::Batch batch = ToProto(*view, 0, now);
  if (absl::Status added = AddDetails(view->record, batch); !added.ok()) return done(added);
  if (Leased(CountOperations(*view)) == 0) return done(std::move(batch));
  const auto running = ListRunning(batches_, view->record);
  if (!running.ok()) return done(running.status());
  if (running->empty()) return done(std::move(batch));
  std::vector<std::string> ids;
  for (const OperationJob& job : *running) ids.push_back(job.name.id);
  batch.set_current_operation(JobText(running->front().name));
  lookup_.Find(view->record.project, ids,
               [view = *view, batch, now, done](const absl::StatusOr<JobViews>& jobs) mutable {
                 AddProgress(jobs, view, now, batch);
                 done(std::move(batch));
               });
}

absl::Status BatchService::AddDetails(const BatchRecord& record, v1::Batch& batch) {
  if (record.expansion != BatchExpansion::kNone) {
    DQ_ASSIGN_OR_RETURN(const std::string source, batches_.GetBatchSource(record.key));
    ShowSource(source, batch);
  }
  return AddRefusals(batches_, record, batch);
}

grpc::ServerWriteReactor<v1::WatchBatchResponse>* BatchService::WatchBatch(
    grpc::CallbackServerContext* context, const v1::WatchBatchRequest* request) {
  auto watch = std::make_shared<BatchWatchReactor>(
      ports_, watches_, *context,
      [this](const std::string& name, const BatchTaker& done) { Describe(name, done); });
  watch->Start(*request);
  return watch.get();  // Keeps itself alive until OnDone().
}

grpc::ServerUnaryReactor* BatchService::ListBatches(grpc::CallbackServerContext* context,
                                                    const v1::ListBatchesRequest* request,
                                                    v1::ListBatchesResponse* response) {
  return AnswerBlocking(
      ports_, context, "BatchService/ListBatches",
      [this, request, response](RpcCall&) { return List(ports_, batches_, *request, *response); });
}

template <typename Request, typename Wish>
grpc::ServerUnaryReactor* BatchService::Steer(const char* method,
                                              grpc::CallbackServerContext* context,
                                              const Request& request, v1::Batch* answer,
                                              Wish wish) {
  auto call = UnaryCall::Begin(ports_, context, method);
  call->set_subject(request.name());
  if (const absl::Status valid = CheckWish(request.name(), request.reason()); !valid.ok()) {
    call->Finish(valid);
    return call->reactor();
  }
  RunLeading(call, [this, call, &request, answer, wish] {
    const auto view = RecordWish(request, call->caller(), wish);
    if (!view.ok()) return call->Finish(view.status());
    wake_(view->record.key);
    *answer = ToProto(*view, 0, ports_.clock.Now());
    call->Finish(absl::OkStatus());
  });
  return call->reactor();
}

template <typename Request, typename Wish>
absl::StatusOr<BatchView> BatchService::RecordWish(const Request& request,
                                                   const std::string& caller, Wish wish) {
  for (int i = 0; i < kWishTriesMax; ++i) {
    DQ_ASSIGN_OR_RETURN(BatchView view, FindBatch(batches_, request.name()));
    DQ_ASSIGN_OR_RETURN(BatchRecord wished, wish(view, ports_.clock.Now()));
    if (wished == view.record) return view;
    const std::string etag = std::to_string(view.record.version);
    if (!request.etag().empty() && request.etag() != etag)
      return BatchChanged(request.name(), etag);
    wished.actor = caller;
    wished.reason = request.reason();
    const absl::Status status = batches_.UpdateBatch(wished, {});
    if (absl::IsAborted(status)) continue;  // The runner has taken a step meanwhile.
    DQ_RETURN_IF_ERROR(status);
    return batches_.GetBatchByKey(wished.key);
  }
  return MakeError(absl::StatusCode::kUnavailable, "BATCH_BUSY",
                   "the batch changes all the time; try again");
}

grpc::ServerUnaryReactor* BatchService::CancelBatch(grpc::CallbackServerContext* context,
                                                    const v1::CancelBatchRequest* request,
                                                    v1::CancelBatchResponse* response) {
  return Steer("BatchService/CancelBatch", context, *request, response->mutable_batch(),
               WishCancel);
}

grpc::ServerUnaryReactor* BatchService::PauseBatch(grpc::CallbackServerContext* context,
                                                   const v1::PauseBatchRequest* request,
                                                   v1::PauseBatchResponse* response) {
  return Steer("BatchService/PauseBatch", context, *request, response->mutable_batch(), WishPause);
}

grpc::ServerUnaryReactor* BatchService::ResumeBatch(grpc::CallbackServerContext* context,
                                                    const v1::ResumeBatchRequest* request,
                                                    v1::ResumeBatchResponse* response) {
  return Steer("BatchService/ResumeBatch", context, *request, response->mutable_batch(),
               WishResume);
}

grpc::ServerUnaryReactor* BatchService::RetryBatch(grpc::CallbackServerContext* context,
                                                   const v1::RetryBatchRequest* request,
                                                   v1::RetryBatchResponse* response) {
  return Steer("BatchService/RetryBatch", context, *request, response->mutable_batch(), WishRetry);
}

}  // namespace dq
