#include "common/storage/object_uri.h"

#include "common/base/error.h"

namespace dq {
namespace {

constexpr std::string_view kFileScheme = "file:///";

absl::Status BadUri(std::string_view uri, std::string_view why) {
  return MakeError(absl::StatusCode::kInvalidArgument, "BAD_FIELD",
                   "\"" + std::string(uri.substr(0, kObjectKeyBytesMax)) + "\" " + std::string(why),
                   {{"field", "uri"}, {"category", "configuration"}});
}

bool IsPlainComponent(std::string_view component) {
  return !component.empty() && component != "." && component != "..";
}

bool AllComponentsPlain(std::string_view key) {
  for (;;) {
    const size_t slash = key.find('/');
    if (!IsPlainComponent(key.substr(0, slash))) return false;
    if (slash == std::string_view::npos) return true;
    key.remove_prefix(slash + 1);
  }
}

}  // namespace

absl::StatusOr<std::string> ObjectKeyOf(std::string_view uri) {
  if (uri.substr(0, kFileScheme.size()) != kFileScheme) {
    return BadUri(uri, "is not a file:///key uri");
  }
  const std::string_view key = uri.substr(kFileScheme.size());
  if (key.size() > kObjectKeyBytesMax) return BadUri(uri, "is too long");
  if (key.find('\0') != std::string_view::npos) return BadUri(uri, "has a NUL byte");
  if (!AllComponentsPlain(key)) {
    return BadUri(uri, "must stay beneath the storage root: no empty part, no \".\", no \"..\"");
  }
  return std::string(key);
}

std::string FileUri(std::string_view key) { return std::string(kFileScheme) + std::string(key); }

}  // namespace dq
