#include "scheduler/api/batch_creation.h"

#include <string_view>
#include <utility>

#include "common/base/error.h"
#include "common/base/random_id.h"
#include "common/base/status_macros.h"
#include "scheduler/api/earlier_result.h"
#include "scheduler/api/job_creation.h"
#include "scheduler/api/resource_name.h"
#include "scheduler/api/spec_validation.h"
#include "scheduler/api/violations.h"

namespace dq {
namespace {

constexpr int kOperationsMax = 10'000;
constexpr size_t kBatchIdBytesMax = 56;  // With "-10000" it is an id.
constexpr size_t kUidBytes = 16;
constexpr size_t kLabelsMax = 64;
constexpr std::string_view kJobPrefix = "job.";

std::string OperationField(size_t index) {
  return "batch.operations[" + std::to_string(index) + "]";
}

// Returns the violations of a request for a job, with "job." in the names of fields replaced.
std::vector<FieldViolation> Renamed(const absl::Status& status, const std::string& prefix) {
  std::vector<FieldViolation> violations = FieldViolationsOf(status);
  for (FieldViolation& violation : violations) {
    if (violation.field.compare(0, kJobPrefix.size(), kJobPrefix) != 0) continue;
    violation.field.replace(0, kJobPrefix.size(), prefix + ".");
  }
  return violations;
}

// What the same request with the same body hashes to.
std::string HashOf(const v1::CreateBatchRequest& request) {
  v1::CreateBatchRequest body;
  body.set_parent(request.parent());
  body.set_batch_id(request.batch_id());
  const v1::Batch& asked = request.batch();
  v1::Batch& batch = *body.mutable_batch();
  batch.set_display_name(asked.display_name());
  *batch.mutable_operations() = asked.operations();
  batch.set_mode(asked.mode());
  batch.set_max_parallel(asked.max_parallel());
  batch.set_stop_on_error(asked.stop_on_error());
  *batch.mutable_labels() = asked.labels();
  return BodyHash(body);
}

// Returns the request for the job of an operation, with the labels of its own alone.
v1::CreateJobRequest OperationRequest(const std::string& parent,
                                      const v1::BatchOperation& operation) {
  v1::CreateJobRequest request;
  request.set_parent(parent);
  request.mutable_job()->set_display_name(operation.display_name());
  *request.mutable_job()->mutable_spec() = operation.spec();
  *request.mutable_job()->mutable_labels() = operation.labels();
  return request;
}

// Returns how many labels the job of an operation has.
size_t LabelsTogether(const v1::Batch& batch, const v1::BatchOperation& operation) {
  size_t count = batch.labels().size();
  for (const auto& [key, value] : operation.labels()) {
    if (!batch.labels().contains(key)) ++count;
  }
  return count;
}

void CheckHead(const v1::CreateBatchRequest& request, Violations& violations) {
  const v1::Batch& batch = request.batch();
  violations.Merge(ParseProject(request.parent(), "parent").status());
  violations.Require(
      request.batch_id().empty() ||
          (IsResourceId(request.batch_id()) && request.batch_id().size() <= kBatchIdBytesMax),
      "batch_id", "an id: 1 to 56 lower-case letters, digits and dashes, from a letter on");
  violations.Require(batch.operations_size() > 0, "batch.operations", "at least one");
  violations.Require(v1::BatchMode_IsValid(batch.mode()), "batch.mode",
                     "not a BatchMode of this version");
  violations.Require(batch.max_parallel() >= 0, "batch.max_parallel", "from 1, or 0 for no limit");
  violations.Require(batch.max_parallel() == 0 || batch.mode() != v1::BATCH_MODE_SEQUENTIAL,
                     "batch.max_parallel", "does not go with BATCH_MODE_SEQUENTIAL");
  // The rest of the head is checked as that of a job.
  v1::CreateJobRequest job;
  job.set_parent("projects/default");
  job.set_request_id(request.request_id());
  job.mutable_job()->set_display_name(batch.display_name());
  *job.mutable_job()->mutable_labels() = batch.labels();
  job.mutable_job()->mutable_spec()->add_stages()->mutable_noop();
  for (const FieldViolation& violation : Renamed(ValidateCreateJob(job), "batch")) {
    violations.Require(false, violation.field, violation.description);
  }
}

}  // namespace

absl::Status ValidateCreateBatch(const v1::CreateBatchRequest& request) {
  // Of too many that alone is told.
  if (request.batch().operations_size() > kOperationsMax) {
    return FieldError("BAD_FIELD", {{"batch.operations", "at most 10,000"}});
  }
  Violations violations;
  CheckHead(request, violations);
  if (absl::Status head = violations.ToStatus(); !head.ok()) return head;
  for (int i = 0; i < request.batch().operations_size(); ++i) {
    const v1::BatchOperation& operation = request.batch().operations(i);
    const std::string field = OperationField(static_cast<size_t>(i));
    absl::Status valid = ValidateCreateJob(OperationRequest(request.parent(), operation));
    if (!valid.ok()) return FieldError(ReasonOf(valid), Renamed(valid, field));
    violations.Require(LabelsTogether(request.batch(), operation) <= kLabelsMax, field + ".labels",
                       "at most 64 labels together with those of the batch");
    const bool has_key = !operation.spec().concurrency_key().empty();
    violations.Require(request.batch().max_parallel() == 0 || !has_key,
                       field + ".spec.concurrency_key", "does not go with max_parallel");
  }
  return violations.ToStatus();
}

std::vector<v1::CreateJobRequest> OperationRequests(const v1::CreateBatchRequest& request) {
  std::vector<v1::CreateJobRequest> operations;
  for (const v1::BatchOperation& operation : request.batch().operations()) {
    operations.push_back(OperationRequest(request.parent(), operation));
  }
  return operations;
}

absl::Status CheckOperationInputs(const std::vector<v1::CreateJobRequest>& operations,
                                  CatalogStore& catalog) {
  InputLookup lookup(catalog);
  for (size_t i = 0; i < operations.size(); ++i) {
    if (!NeedsCatalog(operations[i])) continue;
    const absl::Status status = lookup.Resolve(operations[i]).status();
    if (status.ok()) continue;
    ErrorMetadata metadata = MetadataOf(status);
    metadata["operation"] = std::to_string(i + 1);
    return MakeError(status.code(), ReasonOf(status), OperationField(i) + ": " + MessageOf(status),
                     metadata);
  }
  return absl::OkStatus();
}

BatchRecord MakeBatchRecord(const v1::CreateBatchRequest& request, const std::string& created_by,
                            absl::Time now) {
  const v1::Batch& batch = request.batch();
  BatchRecord record;
  record.project = *ParseProject(request.parent(), "parent");
  record.id = request.batch_id().empty() ? TimeOrderedId("b-", now) : request.batch_id();
  record.uid = RandomHex(kUidBytes);
  record.request_id = request.request_id();
  if (!request.request_id().empty()) record.request_hash = HashOf(request);
  record.display_name = batch.display_name();
  record.labels.insert(batch.labels().begin(), batch.labels().end());
  record.created_by = created_by;
  record.mode =
      batch.mode() == v1::BATCH_MODE_SEQUENTIAL ? BatchMode::kSequential : BatchMode::kParallel;
  record.max_parallel = batch.max_parallel();
  record.stop_on_error = batch.stop_on_error();
  record.operations = batch.operations_size();
  record.actor = created_by;
  record.create_time = now;
  record.run_time = now;
  return record;
}

absl::StatusOr<JobRecord> MakeOperationRecord(const ApiPorts& ports, const BatchRecord& batch,
                                              const BatchOperation& operation) {
  v1::CreateJobRequest request;
  if (!request.ParseFromString(operation.request)) {
    return MakeError(absl::StatusCode::kDataLoss, "OPERATION_UNREADABLE",
                     "what is recorded of the operation cannot be read");
  }
  const std::string index = std::to_string(operation.index);
  request.set_job_id(batch.id + "-" + index);
  request.set_request_id(batch.uid + "-" + index);
  // The operation's own win.
  request.mutable_job()->mutable_labels()->insert(batch.labels.begin(), batch.labels.end());
  JobInputs inputs;
  if (NeedsCatalog(request)) {
    DQ_ASSIGN_OR_RETURN(inputs, ResolveInputs(request, ports.catalog));
  }
  JobRecord record = MakeJobRecord(request, inputs, batch.created_by, ports.clock.Now());
  if (batch.max_parallel > 0) {
    record.rules.concurrency_key = "batch/" + batch.uid;
    record.rules.concurrency_max = batch.max_parallel;
  }
  DQ_RETURN_IF_ERROR(UseEarlierResult(ports, request.job().spec(), record));
  return record;
}

}  // namespace dq
