// Opaque page tokens: a place in a list, bound to the query that made it. Pure and thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace dq {

inline constexpr int kPageSizeDefault = 50;
inline constexpr int kPageSizeMax = 1000;
// Records that are large fill a page earlier; it has at least one.
inline constexpr size_t kPageBytesMax = 8 << 20;

// Returns the size to use for a requested one: 0 means the default, more than the maximum is cut.
// INVALID_ARGUMENT (BAD_FIELD) when negative.
absl::StatusOr<int> EffectivePageSize(int32_t requested);

// Returns the token for `cursor` of `query` (method, parent and filter; not the page size).
std::string MakePageToken(std::string_view query, std::string_view cursor);

// Returns the cursor of `token`; "" for an empty token, the first page. INVALID_ARGUMENT
// (PAGE_TOKEN_MISMATCH) when it is damaged or of another query.
absl::StatusOr<std::string> ReadPageToken(std::string_view query, const std::string& token);

// Like ReadPageToken() for a cursor that is a number; 0 for an empty token.
absl::StatusOr<int64_t> ReadNumberToken(std::string_view query, const std::string& token);

}  // namespace dq
