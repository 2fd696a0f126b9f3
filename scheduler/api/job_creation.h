// Makes the record of a new job from a valid request: names resolved to files, options to values,
// the grant that a worker will get. Thread-safe.
#pragma once

#include <map>
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

// Looks up what jobs need, each thing once, whatever number of jobs needs it: for the time of one
// call. Blocks; not thread-safe.
class InputLookup {
 public:
  // `catalog` outlives it.
  explicit InputLookup(CatalogStore& catalog) : catalog_(catalog) {}

  // Looks the files up, of a chain that names no reference those of the project's active one.
  // FAILED_PRECONDITION FILE_NOT_READY when the input or the reference's file is not there,
  // REFERENCE_MISSING when the reference or its version is not there or serves another stage,
  // REFERENCE_REFUSED when that version was refused.
  absl::StatusOr<JobInputs> Resolve(const v1::CreateJobRequest& request);

 private:
  const absl::StatusOr<FileRecord>& File(const std::string& project, const std::string& id);
  // Returns the reference that the job takes; one without id, when it takes none.
  const absl::StatusOr<ReferenceRecord>& Reference(const std::string& project,
                                                   const v1::JobSpec& spec);

  CatalogStore& catalog_;
  std::map<std::string, absl::StatusOr<FileRecord>> files_;            // By project and id.
  std::map<std::string, absl::StatusOr<ReferenceRecord>> references_;  // By what a spec says of it.
};

// Looks up what one job needs.
absl::StatusOr<JobInputs> ResolveInputs(const v1::CreateJobRequest& request, CatalogStore& catalog);

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
