// Makes the record of a new batch from a request, and later the jobs of its operations: each is
// kept as the request that would create its job. Thread-safe.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "dq/v1/batch_service.pb.h"
#include "dq/v1/job_service.pb.h"
#include "scheduler/api/api_ports.h"
#include "scheduler/api/job_creation.h"
#include "scheduler/core/batch.h"
#include "scheduler/core/catalog_store.h"

namespace dq {

// Checks every field of `request`, each operation and a sample of those that a source makes as
// ValidateCreateJob() does. INVALID_ARGUMENT with the violations found: UNKNOWN_STAGE as of that,
// else BAD_FIELD.
absl::Status ValidateCreateBatch(const v1::CreateBatchRequest& request);
// Checks all but the operations, which come by SubmitBatch; there may be no source.
absl::Status ValidateSubmitHeader(const v1::CreateBatchRequest& header);
// Checks one of them, with the number `index` from 0.
absl::Status ValidateOperation(const v1::CreateBatchRequest& header,
                               const v1::BatchOperation& operation, size_t index);

// Returns the request that would create the job of an operation, without an id and without the
// labels of the batch.
v1::CreateJobRequest OperationRequest(const std::string& parent,
                                      const v1::BatchOperation& operation);
// Returns those of the operations that are listed in a valid batch.
std::vector<v1::CreateJobRequest> OperationRequests(const v1::CreateBatchRequest& request);

// Looks the files of an operation up, of number `index` from 0. Blocks. FAILED_PRECONDITION as of
// ResolveInputs(), naming the operation.
absl::Status CheckInputs(const v1::CreateJobRequest& operation, size_t index, InputLookup& lookup);
// Does so for all operations of a valid batch; of a source as far as its template tells.
absl::Status CheckBatchInputs(const v1::CreateBatchRequest& request, CatalogStore& catalog);

// Returns the hash of a request of CreateBatch.
std::string BatchHash(const v1::CreateBatchRequest& request);

// Returns the record for BatchStore::CreateBatch(), without the hash; chooses the id where the
// caller chose none.
BatchRecord MakeBatchRecord(const v1::CreateBatchRequest& request, const std::string& created_by,
                            absl::Time now);

// Returns the record of an operation's job: see OperationMaker. Registers a file that could not be
// read when the batch was expanded. Blocks. FAILED_PRECONDITION as of ResolveInputs(), or
// FILE_UNREADABLE; else as of DescribeStoredFile().
absl::StatusOr<JobRecord> MakeOperationRecord(const ApiPorts& ports, const BatchRecord& batch,
                                              const BatchOperation& operation);

}  // namespace dq
