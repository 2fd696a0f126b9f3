// What the parts of PostgresCatalogStore share: errors, and the meaning of a repeated creation.
// Stateless and thread-safe.
#pragma once

#include <pqxx/result>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/error.h"
#include "scheduler/core/catalog_store.h"

namespace dq {

inline absl::Status CatalogNotFound(std::string_view reason, std::string_view kind,
                                    const std::string& id) {
  return MakeError(absl::StatusCode::kNotFound, reason,
                   "there is no " + std::string(kind) + " " + id);
}

inline absl::Status InUse(const std::string& id, std::string_view by) {
  return MakeError(absl::StatusCode::kFailedPrecondition, "IN_USE",
                   id + " is needed by " + std::string(by));
}

// Returns what an insert that met an existing row means, given the row of its request id, if any.
// `is_same_body` compares two records that have a request id in common; `is_same_call` tells
// whether the wanted record is the earlier one itself, whose answer was lost.
template <typename Record, typename SameBody, typename SameCall>
absl::StatusOr<Created<Record>> Existing(const Record& wanted, const std::vector<Record>& earlier,
                                         SameBody is_same_body, SameCall is_same_call) {
  if (earlier.empty()) {
    return MakeError(absl::StatusCode::kAlreadyExists, "ID_TAKEN", wanted.id + " exists already");
  }
  if (!is_same_body(earlier[0], wanted)) {
    return MakeError(absl::StatusCode::kAlreadyExists, "REQUEST_ID_REUSED",
                     "the request id was used before, for something else");
  }
  return Created<Record>{earlier[0], /*existed=*/!is_same_call(earlier[0], wanted)};
}

template <typename Read>
auto ReadAll(const pqxx::result& rows, Read read) {
  std::vector<decltype(read(rows[0]))> records;
  for (const pqxx::row& row : rows) records.push_back(read(row));
  return records;
}

}  // namespace dq
