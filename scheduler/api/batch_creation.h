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
#include "scheduler/core/batch.h"
#include "scheduler/core/catalog_store.h"

namespace dq {

// Checks every field of `request`, each operation as ValidateCreateJob() does. INVALID_ARGUMENT
// with the violations found: UNKNOWN_STAGE as of that, else BAD_FIELD.
absl::Status ValidateCreateBatch(const v1::CreateBatchRequest& request);

// Returns the requests that would create the jobs of a valid batch, without ids and without the
// labels of the batch.
std::vector<v1::CreateJobRequest> OperationRequests(const v1::CreateBatchRequest& request);

// Looks the files of all operations up. Blocks. FAILED_PRECONDITION as of ResolveInputs(), naming
// the first operation that lacks one.
absl::Status CheckOperationInputs(const std::vector<v1::CreateJobRequest>& operations,
                                  CatalogStore& catalog);

// Returns the record for BatchStore::CreateBatch(); chooses the id where the caller chose none.
BatchRecord MakeBatchRecord(const v1::CreateBatchRequest& request, const std::string& created_by,
                            absl::Time now);

// Returns the record of an operation's job: see OperationMaker. Blocks. FAILED_PRECONDITION as of
// ResolveInputs().
absl::StatusOr<JobRecord> MakeOperationRecord(const ApiPorts& ports, const BatchRecord& batch,
                                              const BatchOperation& operation);

}  // namespace dq
