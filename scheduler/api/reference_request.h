// What a request asks of a reference: checked, and worked out against what is recorded. Pure and
// thread-safe.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "dq/v1/reference_service.pb.h"
#include "scheduler/core/catalog_store.h"

namespace dq {

// Checks every field. INVALID_ARGUMENT (BAD_FIELD) with the violations found.
absl::Status ValidateCreateReference(const v1::CreateReferenceRequest& request);
absl::Status ValidateUpdateReference(const v1::UpdateReferenceRequest& request);

// Returns the record of a valid request; chooses the id where the caller chose none.
ReferenceRecord MakeReferenceRecord(const v1::CreateReferenceRequest& request,
                                    const std::string& created_by, absl::Time now);

// What becomes of a reference.
struct ReferenceChange {
  ReferenceRecord changed;
  std::optional<ReferenceVersion> added;
};

// Returns what a valid request makes of `recorded`, whose newest version is `newest` (nothing, when
// none is recorded); nothing, when it is so already. ABORTED ETAG_MISMATCH; FAILED_PRECONDITION
// REFERENCE_REFUSED.
absl::StatusOr<std::optional<ReferenceChange>> PlanUpdate(
    const v1::UpdateReferenceRequest& request, const ReferenceRecord& recorded,
    const std::optional<ReferenceVersion>& newest, const std::string& caller, absl::Time now);

}  // namespace dq
