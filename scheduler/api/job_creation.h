// Makes the record of a new job from a valid request: names resolved to files, options to values,
// the grant that a worker will get. Thread-safe.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "dq/v1/job_service.pb.h"
#include "google/protobuf/message.h"
#include "scheduler/core/catalog_store.h"
#include "scheduler/core/job.h"
#include "scheduler/core/job_reader.h"

namespace dq {

// The files that a job reads, as the catalog has them.
struct JobInputs {
  FileRecord input;           // `id` empty: none.
  ReferenceRecord reference;  // In the version that the job takes. `id` empty: none.
  FileRecord reference_file;
};

// Returns whether ResolveInputs() would ask the catalog at all.
bool NeedsCatalog(const v1::CreateJobRequest& request);

// Looks the files up, of a chain that names no reference those of the project's active one. Blocks.
// FAILED_PRECONDITION FILE_NOT_READY when the input or the reference's file is not there,
// REFERENCE_MISSING when the reference or its version is not there or serves another stage,
// REFERENCE_REFUSED when that version was refused.
absl::StatusOr<JobInputs> ResolveInputs(const v1::CreateJobRequest& request, CatalogStore& catalog);

// Returns what of a spec decides about its inputs: equal for specs that have the same ones.
std::string InputsOfSpec(const v1::JobSpec& spec);

// Returns the record for Scheduler::Submit(): everything but key, uid, status and events.
// Chooses the id where the caller chose none.
JobRecord MakeJobRecord(const v1::CreateJobRequest& request, const JobInputs& inputs,
                        const std::string& created_by, absl::Time now);

// Blocks. Returns the job that `request` created before its inputs were deleted; `why`, what keeps
// it from creating one now, when there is none.
absl::StatusOr<JobRecord> FindEarlier(const v1::CreateJobRequest& request, const absl::Status& why,
                                      JobReader& jobs);

// Returns the SHA-256 of what the caller asked for, without request_id and output-only fields:
// equal for equal requests.
std::string RequestHash(const v1::CreateJobRequest& request);

// Returns the SHA-256 of a message, whatever the order of its maps.
std::string BodyHash(const google::protobuf::Message& body);

}  // namespace dq
