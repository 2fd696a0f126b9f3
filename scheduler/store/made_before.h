// What the insert of a batch, a schedule or a webhook means that met a row: who has its request id,
// who has its name. Stateless and thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/base/error.h"
#include "scheduler/core/catalog_store.h"

namespace dq {

// `asked` is the record of the wanted one's request id, `named` that of its name; one of them is
// there. A call that is repeated because its answer was lost brings the same uid: it has made the
// record itself. Else ALREADY_EXISTS: REQUEST_ID_REUSED, or ID_TAKEN by another `kind`, for example
// "batch".
template <typename Record>
absl::StatusOr<Created<Record>> MadeBefore(std::string_view kind, const Record& wanted,
                                           const std::optional<Record>& asked,
                                           const std::optional<Record>& named) {
  if (asked.has_value()) {
    if (asked->request_hash == wanted.request_hash) {
      return Created<Record>{*asked, /*existed=*/asked->uid != wanted.uid};
    }
    return MakeError(absl::StatusCode::kAlreadyExists, "REQUEST_ID_REUSED",
                     "this request id was used with another body: choose another request id");
  }
  if (named.has_value() && named->uid == wanted.uid) {
    return Created<Record>{*named, /*existed=*/false};
  }
  return MakeError(
      absl::StatusCode::kAlreadyExists, "ID_TAKEN",
      "a " + std::string(kind) + " " + wanted.id + " exists already: choose another id");
}

}  // namespace dq
