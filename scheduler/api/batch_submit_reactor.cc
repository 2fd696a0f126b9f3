#include "scheduler/api/batch_submit_reactor.h"

#include <utility>

#include "common/base/error.h"
#include "common/base/status_macros.h"
#include "common/rpc/connection_limits.h"
#include "common/rpc/status_mapping.h"
#include "scheduler/api/batch_creation.h"
#include "scheduler/api/job_creation.h"
#include "scheduler/api/resource_name.h"

namespace dq {
namespace {

absl::Status BadField(const std::string& field, const std::string& description) {
  return FieldError("BAD_FIELD", {{field, description}});
}

}  // namespace

absl::Status SubmittedBytes::Add(int64_t bytes) {
  if ((bytes_ += bytes) <= kAllBytesMax) return absl::OkStatus();
  bytes_ -= bytes;
  return MakeError(absl::StatusCode::kResourceExhausted, "QUEUE_FULL",
                   "too many large batches are being submitted; try again in a moment");
}

void BatchSubmitReactor::Start() {
  self_ = shared_from_this();
  ports_.scheduler.GetStats([self = self_](const absl::StatusOr<SchedulerStats>& stats) {
    if (!stats.ok()) return self->Finish(self->call_.End(stats.status()));
    self->StartRead(&self->message_);
  });
}

void BatchSubmitReactor::OnReadDone(bool ok) {
  SubmitStep(ok ? &BatchSubmitReactor::TakeMessage : &BatchSubmitReactor::Complete, !ok);
}

void BatchSubmitReactor::SubmitStep(absl::Status (BatchSubmitReactor::*step)(), bool last) {
  const bool accepted = ports_.blocking.Submit([self = shared_from_this(), step, last] {
    const absl::Status status = ((*self).*step)();
    if (status.ok() && !last) return self->StartRead(&self->message_);
    self->Finish(self->call_.End(status));
  });
  if (!accepted) Finish(call_.End(TooMuchWaits()));
}

absl::Status BatchSubmitReactor::TakeMessage() {
  if (message_.has_header() == has_header_) {
    return BadField("header", "in the first message, and only there");
  }
  if (message_.has_header() && !message_.operations().empty()) {
    return BadField("operations", "belong into the messages after the header");
  }
  if (!message_.has_header() && message_.operation_count() != 0) {
    return BadField("operation_count", "only in the first message");
  }
  return message_.has_header() ? TakeHeader() : TakeOperations();
}

absl::Status BatchSubmitReactor::TakeHeader() {
  DQ_RETURN_IF_ERROR(ValidateSubmitHeader(message_.header()));
  operation_count_ = message_.operation_count();
  if (operation_count_ < 1 || operation_count_ > kBatchOperationsMax) {
    return BadField("operation_count", "1 to 100,000");
  }
  header_ = message_.header();
  has_header_ = true;
  hash_.Update(BatchHash(header_));
  return absl::OkStatus();
}

absl::Status BatchSubmitReactor::TakeOperations() {
  InputLookup lookup(ports_.catalog);
  for (const v1::BatchOperation& operation : message_.operations()) {
    const size_t index = requests_.size();
    if (std::ssize(requests_) >= operation_count_) {
      return BadField("operation_count", "more operations came than were announced");
    }
    DQ_RETURN_IF_ERROR(ValidateOperation(header_, operation, index));
    const v1::CreateJobRequest request = OperationRequest(header_.parent(), operation);
    if (inputs_.ok()) inputs_ = CheckInputs(request, index, lookup);
    hash_.Update(BodyHash(operation));
    const auto bytes = static_cast<int64_t>(operation.ByteSizeLong());
    DQ_RETURN_IF_ERROR(submitted_.Add(bytes));
    bytes_ += bytes;
    if (bytes_ > kBatchBytesMax) return BadField("batch.operations", "at most 64 MiB");
    requests_.push_back(request.SerializeAsString());
  }
  return absl::OkStatus();
}

absl::Status BatchSubmitReactor::Complete() {
  if (context_.IsCancelled()) return absl::CancelledError("the client is gone");
  if (!has_header_) return BadField("header", "the first message must be the header");
  if (std::ssize(requests_) != operation_count_) {
    return BadField("operation_count", "fewer operations came than were announced");
  }
  BatchRecord batch = MakeBatchRecord(header_, call_.caller(), ports_.clock.Now());
  batch.operations = operation_count_;
  if (!header_.request_id().empty()) batch.request_hash = hash_.Finish();
  call_.set_subject(ResourceText(batch.project, kBatches, batch.id));
  DQ_ASSIGN_OR_RETURN(Created<v1::Batch> created, record_(batch, requests_, inputs_));
  *response_.mutable_batch() = std::move(created.record);
  response_.set_existed(created.existed);
  return absl::OkStatus();
}

}  // namespace dq
