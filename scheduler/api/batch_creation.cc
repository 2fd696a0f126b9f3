#include "scheduler/api/batch_creation.h"

#include <string_view>
#include <utility>

#include "common/base/error.h"
#include "common/base/random_id.h"
#include "common/base/status_macros.h"
#include "scheduler/api/batch_source.h"
#include "scheduler/api/batch_template.h"
#include "scheduler/api/earlier_result.h"
#include "scheduler/api/file_registration.h"
#include "scheduler/api/resource_name.h"
#include "scheduler/api/spec_validation.h"
#include "scheduler/api/violations.h"

namespace dq {
namespace {

constexpr size_t kBatchIdBytesMax = 56;  // With "-100000" it is an id.
constexpr size_t kUidBytes = 16;
constexpr size_t kLabelsMax = 64;
constexpr size_t kHashShown = 16;
constexpr std::string_view kJobPrefix = "job.";
constexpr std::string_view kSpecPrefix = "job.spec.";
constexpr std::string_view kUriPrefix = "file:///";

std::string OperationField(size_t index) {
  return "batch.operations[" + std::to_string(index) + "]";
}

// Replaces the beginning of a field if it is `from`.
bool Replace(std::string_view from, const std::string& to, std::string& field) {
  if (field.compare(0, from.size(), from) != 0) return false;
  field.replace(0, from.size(), to);
  return true;
}

// Returns the violations of a request for a job under the names of the batch's fields: `spec` is
// that of the operation's spec, `prefix` that of the rest.
std::vector<FieldViolation> Renamed(const absl::Status& status, const std::string& spec,
                                    const std::string& prefix) {
  std::vector<FieldViolation> violations = FieldViolationsOf(status);
  for (FieldViolation& violation : violations) {
    if (!Replace(kSpecPrefix, spec + ".", violation.field)) {
      Replace(kJobPrefix, prefix + ".", violation.field);
    }
  }
  return violations;
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
  for (const FieldViolation& violation : Renamed(ValidateCreateJob(job), "batch.spec", "batch")) {
    violations.Require(false, violation.field, violation.description);
  }
}

// Checks an operation; its violations are told under these names.
absl::Status CheckOperation(const v1::CreateBatchRequest& request,
                            const v1::BatchOperation& operation, const std::string& spec_field,
                            const std::string& field) {
  absl::Status valid = ValidateCreateJob(OperationRequest(request.parent(), operation));
  if (!valid.ok()) return FieldError(ReasonOf(valid), Renamed(valid, spec_field, field));
  Violations violations;
  violations.Require(LabelsTogether(request.batch(), operation) <= kLabelsMax, field + ".labels",
                     "at most 64 labels together with those of the batch");
  const bool has_key = !operation.spec().concurrency_key().empty();
  violations.Require(request.batch().max_parallel() == 0 || !has_key,
                     spec_field + ".concurrency_key", "does not go with max_parallel");
  return violations.ToStatus();
}

// Returns the error of an operation whose inputs are not there, with what is said of them.
absl::Status Named(const absl::Status& status, const std::string& field, ErrorMetadata more) {
  more.merge(MetadataOf(status));
  return MakeError(status.code(), ReasonOf(status), field + ": " + MessageOf(status), more);
}

// Registers the file that an operation names by its uri, and names it by what it is then. Again
// with the same bytes it is the same file. An error is never one that passes by itself.
absl::Status Register(const ApiPorts& ports, const BatchRecord& batch,
                      v1::CreateJobRequest& request) {
  std::string& input = *request.mutable_job()->mutable_spec()->mutable_input_file();
  auto file = DescribeStoredFile(input, ports.objects);
  if (absl::IsUnavailable(file.status())) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "FILE_UNREADABLE",
                     "'" + input + "' cannot be read: " + MessageOf(file.status()));
  }
  DQ_RETURN_IF_ERROR(file.status());
  file->project = batch.project;
  file->create_time = ports.clock.Now();
  file->id = TimeOrderedId("f-", file->create_time);
  file->request_id = request.request_id() + "-" + file->sha256.substr(0, kHashShown);
  file->created_by = batch.created_by;
  DQ_ASSIGN_OR_RETURN(const Created<FileRecord> created, ports.catalog.CreateFile(*file));
  input = ResourceText(created.record.project, kFiles, created.record.id);
  return absl::OkStatus();
}

}  // namespace

absl::Status ValidateSubmitHeader(const v1::CreateBatchRequest& header) {
  Violations violations;
  CheckHead(header, violations);
  violations.Require(header.batch().operations().empty(), "header.batch.operations",
                     "belong into the messages after the header");
  violations.Require(!HasSource(header.batch()), "header.batch",
                     "a directory or a generator goes to CreateBatch");
  return violations.ToStatus();
}

absl::Status ValidateOperation(const v1::CreateBatchRequest& header,
                               const v1::BatchOperation& operation, size_t index) {
  const std::string field = OperationField(index);
  return CheckOperation(header, operation, field + ".spec", field);
}

absl::Status ValidateCreateBatch(const v1::CreateBatchRequest& request) {
  const v1::Batch& batch = request.batch();
  // Of too many that alone is told.
  if (batch.operations_size() > kBatchOperationsMax) {
    return FieldError("BAD_FIELD", {{"batch.operations", "at most 100,000"}});
  }
  Violations violations;
  CheckHead(request, violations);
  const int sources = (batch.operations_size() > 0 ? 1 : 0) + (batch.has_directory() ? 1 : 0) +
                      (batch.has_generator() ? 1 : 0);
  violations.Require(sources == 1, "batch.operations",
                     "at least one, or a directory, or a generator: one of the three");
  CheckSource(batch, violations);
  DQ_RETURN_IF_ERROR(violations.ToStatus());
  if (HasSource(batch)) {
    const SampleOperation sample = SampleOf(request);
    return CheckOperation(request, sample.operation, sample.spec_field, sample.field);
  }
  for (int i = 0; i < batch.operations_size(); ++i) {
    DQ_RETURN_IF_ERROR(ValidateOperation(request, batch.operations(i), static_cast<size_t>(i)));
  }
  return absl::OkStatus();
}

v1::CreateJobRequest OperationRequest(const std::string& parent,
                                      const v1::BatchOperation& operation) {
  v1::CreateJobRequest request;
  request.set_parent(parent);
  request.mutable_job()->set_display_name(operation.display_name());
  *request.mutable_job()->mutable_spec() = operation.spec();
  *request.mutable_job()->mutable_labels() = operation.labels();
  return request;
}

std::vector<v1::CreateJobRequest> OperationRequests(const v1::CreateBatchRequest& request) {
  std::vector<v1::CreateJobRequest> operations;
  for (const v1::BatchOperation& operation : request.batch().operations()) {
    operations.push_back(OperationRequest(request.parent(), operation));
  }
  return operations;
}

absl::Status CheckInputs(const v1::CreateJobRequest& operation, size_t index, InputLookup& lookup) {
  if (!NeedsCatalog(operation)) return absl::OkStatus();
  const absl::Status status = lookup.Resolve(operation).status();
  if (status.ok()) return status;
  return Named(status, OperationField(index), {{"operation", std::to_string(index + 1)}});
}

absl::Status CheckBatchInputs(const v1::CreateBatchRequest& request, CatalogStore& catalog) {
  InputLookup lookup(catalog);
  if (HasSource(request.batch())) {
    SampleOperation sample = SampleOf(request);
    if (!sample.input_is_known) sample.operation.mutable_spec()->clear_input_file();
    const auto operation = OperationRequest(request.parent(), sample.operation);
    if (!NeedsCatalog(operation)) return absl::OkStatus();
    const absl::Status status = lookup.Resolve(operation).status();
    return status.ok() ? status : Named(status, sample.field, {});
  }
  const auto operations = OperationRequests(request);
  for (size_t i = 0; i < operations.size(); ++i) {
    DQ_RETURN_IF_ERROR(CheckInputs(operations[i], i, lookup));
  }
  return absl::OkStatus();
}

std::string BatchHash(const v1::CreateBatchRequest& request) {
  v1::CreateBatchRequest body;
  body.set_parent(request.parent());
  body.set_batch_id(request.batch_id());
  *body.mutable_batch() = AskedOf(request.batch());
  return BodyHash(body);
}

BatchRecord MakeBatchRecord(const v1::CreateBatchRequest& request, const std::string& created_by,
                            absl::Time now) {
  const v1::Batch& batch = request.batch();
  BatchRecord record;
  record.project = *ParseProject(request.parent(), "parent");
  record.id = request.batch_id().empty() ? TimeOrderedId("b-", now) : request.batch_id();
  record.uid = RandomHex(kUidBytes);
  record.request_id = request.request_id();
  record.display_name = batch.display_name();
  record.labels.insert(batch.labels().begin(), batch.labels().end());
  record.created_by = created_by;
  record.mode =
      batch.mode() == v1::BATCH_MODE_SEQUENTIAL ? BatchMode::kSequential : BatchMode::kParallel;
  record.max_parallel = batch.max_parallel();
  record.stop_on_error = batch.stop_on_error();
  record.operations = batch.operations_size();
  record.source = SourceText(request);
  if (HasSource(batch)) record.expansion = BatchExpansion::kGoing;
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
  if (request.job().spec().input_file().starts_with(kUriPrefix)) {
    DQ_RETURN_IF_ERROR(Register(ports, batch, request));
  }
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
