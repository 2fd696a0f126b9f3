#include "scheduler/api/page_token.h"

#include <algorithm>
#include <charconv>

#include "absl/strings/escaping.h"
#include "common/base/error.h"
#include "common/base/sha256.h"
#include "common/base/status_macros.h"
#include "common/rpc/status_mapping.h"

namespace dq {
namespace {

constexpr size_t kDigestDigits = 16;

std::string DigestOf(std::string_view query) { return Sha256Of(query).substr(0, kDigestDigits); }

absl::Status Mismatch() {
  return MakeError(absl::StatusCode::kInvalidArgument, "PAGE_TOKEN_MISMATCH",
                   "page_token belongs to another query; repeat the parent and filter that it was "
                   "made for, or start without a token");
}

}  // namespace

absl::StatusOr<int> EffectivePageSize(int32_t requested) {
  if (requested < 0) return FieldError("BAD_FIELD", {{"page_size", "not negative"}});
  return requested == 0 ? kPageSizeDefault : std::min<int>(requested, kPageSizeMax);
}

std::string MakePageToken(std::string_view query, std::string_view cursor) {
  return absl::WebSafeBase64Escape(DigestOf(query) + std::string(cursor));
}

absl::StatusOr<std::string> ReadPageToken(std::string_view query, const std::string& token) {
  if (token.empty()) return std::string();
  std::string text;
  if (!absl::WebSafeBase64Unescape(token, &text) ||
      text.substr(0, kDigestDigits) != DigestOf(query)) {
    return Mismatch();
  }
  return text.substr(kDigestDigits);
}

absl::StatusOr<int64_t> ReadNumberToken(std::string_view query, const std::string& token) {
  DQ_ASSIGN_OR_RETURN(const std::string cursor, ReadPageToken(query, token));
  if (cursor.empty()) return 0;
  int64_t number = 0;
  const char* end = cursor.data() + cursor.size();
  const auto [stop, error] = std::from_chars(cursor.data(), end, number);
  if (error != std::errc() || stop != end) return Mismatch();
  return number;
}

}  // namespace dq
