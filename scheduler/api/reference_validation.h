// What it takes to validate a version of a reference: the job that reads its file whole, and what
// the end of that job says about the file. The job is an ordinary one of the stage dedupe, which
// counts the rows that have their key in common and removes none. Thread-safe.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/storage/object_store.h"
#include "scheduler/core/catalog_store.h"
#include "scheduler/core/job.h"
#include "scheduler/engine/reference_validator.h"

namespace dq {

// Returns the record of the job that validates a version. Blocks. NOT_FOUND FILE_NOT_FOUND.
absl::StatusOr<JobRecord> MakeValidationRecord(const ValidatingReference& reference,
                                               CatalogStore& catalog, absl::Time now);

// Returns the version with what the end of its job says: READY, or REFUSED and why. `report_json`
// is the report of a completed one.
ReferenceVersion JudgeValidation(ReferenceVersion version, const JobRecord& ended,
                                 const std::string& report_json);

// Deletes the copy of the file that the job wrote, unless somebody uses it; its report and what it
// found stay. Blocks.
absl::Status DeleteValidationCopy(const JobRecord& ended, CatalogStore& catalog);

// Returns the three for a validator; all of it outlives that.
ReferenceValidation MakeReferenceValidation(CatalogStore& catalog, const Clock& clock);

}  // namespace dq
