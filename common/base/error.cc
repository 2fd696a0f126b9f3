#include "common/base/error.h"

#include <cerrno>
#include <cstring>
#include <optional>

#include "absl/strings/cord.h"

namespace dq {
namespace {

constexpr char kPayloadUrl[] = "dq/error";

// Packs the strings as "length:bytes", so that any byte may occur in them.
void Append(std::string& out, std::string_view field) {
  out += std::to_string(field.size());
  out += ':';
  out += field;
}

std::optional<std::string> Take(std::string_view& in) {
  const size_t colon = in.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const size_t size = std::stoul(std::string(in.substr(0, colon)));
  std::string field(in.substr(colon + 1, size));
  in.remove_prefix(colon + 1 + size);
  return field;
}

std::string PayloadOf(const absl::Status& status) {
  const auto payload = status.GetPayload(kPayloadUrl);
  return payload.has_value() ? std::string(*payload) : std::string();
}

absl::StatusCode CodeOf(int error_number) {
  switch (error_number) {
    case ENOENT:
      return absl::StatusCode::kNotFound;
    case EACCES:
    case EPERM:
    case EROFS:
      return absl::StatusCode::kPermissionDenied;
    case EEXIST:
      return absl::StatusCode::kAlreadyExists;
    case ENOSPC:
    case EDQUOT:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
      return absl::StatusCode::kResourceExhausted;
    case EISDIR:
    case ENOTDIR:
    case EINVAL:
    case ENAMETOOLONG:
    case ELOOP:
      return absl::StatusCode::kInvalidArgument;
    default:
      return absl::StatusCode::kUnknown;
  }
}

}  // namespace

absl::Status MakeError(absl::StatusCode code, std::string_view reason, std::string_view message,
                       const ErrorMetadata& metadata) {
  absl::Status status(code, std::string(message));
  std::string packed;
  Append(packed, reason);
  for (const auto& [key, value] : metadata) {
    Append(packed, key);
    Append(packed, value);
  }
  status.SetPayload(kPayloadUrl, absl::Cord(packed));
  return status;
}

std::string ReasonOf(const absl::Status& status) {
  const std::string payload = PayloadOf(status);
  std::string_view rest = payload;
  return Take(rest).value_or("");
}

ErrorMetadata MetadataOf(const absl::Status& status) {
  const std::string payload = PayloadOf(status);
  std::string_view rest = payload;
  ErrorMetadata metadata;
  (void)Take(rest);
  while (auto key = Take(rest)) {
    metadata[*key] = Take(rest).value_or("");
  }
  return metadata;
}

std::string MessageOf(const absl::Status& status) {
  return std::string(status.message().data(), status.message().size());
}

absl::Status ErrnoError(int error_number, std::string_view reason, std::string_view what) {
  const std::string text = std::string(what) + ": " + std::strerror(error_number);
  return MakeError(CodeOf(error_number), reason, text, {{"errno", std::to_string(error_number)}});
}

}  // namespace dq
