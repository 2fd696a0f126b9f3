#include "worker/table/bytes/file_error.h"

#include <cerrno>
#include <cstring>
#include <string>

#include "common/base/error.h"

namespace dq {
namespace {

ErrorMetadata PlaceMetadata(const FilePlace& place) {
  return {{"category", "file"},
          {"row", std::to_string(place.row)},
          {"column", std::to_string(place.column)},
          {"byte", std::to_string(place.byte)}};
}

}  // namespace

absl::Status UnsupportedFormat(std::string_view message) {
  return MakeError(absl::StatusCode::kInvalidArgument, "UNSUPPORTED_FORMAT", message,
                   {{"category", "file"}});
}

absl::Status ParseFailed(std::string_view message, const FilePlace& place) {
  return MakeError(absl::StatusCode::kInvalidArgument, "PARSE_FAILED", message,
                   PlaceMetadata(place));
}

absl::Status EncodingInvalid(std::string_view message, const FilePlace& place) {
  return MakeError(absl::StatusCode::kInvalidArgument, "ENCODING_INVALID", message,
                   PlaceMetadata(place));
}

absl::Status InputChanged(std::string_view message) {
  return MakeError(absl::StatusCode::kFailedPrecondition, "INPUT_CHANGED", message,
                   {{"category", "file"}});
}

absl::Status CompressionInvalid(std::string_view message, int64_t byte) {
  return MakeError(absl::StatusCode::kInvalidArgument, "COMPRESSION_INVALID", message,
                   {{"category", "file"}, {"byte", std::to_string(byte)}});
}

absl::Status UnpackedTooLarge(std::string_view message) {
  return MakeError(absl::StatusCode::kInvalidArgument, "UNPACKED_TOO_LARGE", message,
                   {{"category", "file"}});
}

absl::Status Cancelled() {
  return MakeError(absl::StatusCode::kCancelled, "CANCELLED", "the chain was cancelled",
                   {{"category", "processing"}});
}

absl::Status IoFailed(int error_number, std::string_view what) {
  const bool full = error_number == ENOSPC || error_number == EDQUOT || error_number == EFBIG;
  return MakeError(full ? absl::StatusCode::kResourceExhausted : absl::StatusCode::kUnavailable,
                   full ? "DISK_FULL" : "IO_FAILED",
                   std::string(what) + ": " + std::strerror(error_number) +
                       (full ? "; make room and run it again" : ""),
                   {{"category", "system"}, {"errno", std::to_string(error_number)}});
}

}  // namespace dq
