#include "worker/chain/stage.h"

#include <algorithm>

#include "common/base/error.h"
#include "worker/table/bytes/file_error.h"

namespace dq {

absl::StatusOr<size_t> FindColumn(const std::vector<std::string>& columns, std::string_view name,
                                  std::string_view option) {
  const auto found = std::find(columns.begin(), columns.end(), name);
  const bool twice =
      found != columns.end() && std::find(found + 1, columns.end(), name) != columns.end();
  if (found != columns.end() && !twice) return static_cast<size_t>(found - columns.begin());
  return MakeError(absl::StatusCode::kFailedPrecondition, "SCHEMA_INCOMPATIBLE",
                   "the file has " + std::string(twice ? "more than one" : "no") + " column \"" +
                       std::string(name) + "\", which " + std::string(option) + " names",
                   {{"category", "configuration"}, {"column", std::string(name)}});
}

absl::Status CheckStop(const std::function<bool()>& stop) {
  return stop && stop() ? Cancelled() : absl::OkStatus();
}

}  // namespace dq
