// Tells files that are no text tables by their first bytes. Stateless; thread-safe.
#pragma once

#include <string_view>

#include "absl/status/status.h"

namespace dq {

// UNSUPPORTED_FORMAT, naming the format and what to do, for what a person may well take for a text
// table: archives, workbooks, Parquet, PDF. `bytes` are the first of the file.
absl::Status CheckIsText(std::string_view bytes);

}  // namespace dq
