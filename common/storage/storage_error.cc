#include "common/storage/storage_error.h"

#include <cerrno>
#include <cstring>
#include <string>

#include "common/base/error.h"

namespace dq {
namespace {

struct Kind {
  absl::StatusCode code;
  const char* reason;
  const char* category;
};

constexpr Kind kIoError = {absl::StatusCode::kUnavailable, "IO_ERROR", "system"};

Kind KindOf(int error_number) {
  switch (error_number) {
    case ENOENT:
      return {absl::StatusCode::kNotFound, "FILE_MISSING", "file"};
    case EACCES:
    case EPERM:
    case EROFS:
      return {absl::StatusCode::kPermissionDenied, "FILE_UNREADABLE", "file"};
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return {absl::StatusCode::kResourceExhausted, "DISK_FULL", "system"};
    case EXDEV:  // What openat2 answers for a path that leaves the root.
    case ELOOP:
    case EISDIR:
    case ENOTDIR:
    case ENAMETOOLONG:
    case ENXIO:  // A FIFO without a reader, a socket.
      return {absl::StatusCode::kInvalidArgument, "BAD_FIELD", "configuration"};
    default:
      return kIoError;
  }
}

absl::Status ErrorOf(const Kind& kind, int error_number, std::string_view what) {
  std::string text = std::string(what) + ": ";
  text += error_number == EXDEV ? "the path leaves the storage root" : std::strerror(error_number);
  return MakeError(kind.code, kind.reason, text,
                   {{"category", kind.category}, {"errno", std::to_string(error_number)}});
}

}  // namespace

absl::Status StorageError(int error_number, std::string_view what) {
  return ErrorOf(KindOf(error_number), error_number, what);
}

absl::Status OutputError(int error_number, std::string_view what) {
  const Kind kind = KindOf(error_number);
  return ErrorOf(std::string_view(kind.category) == "file" ? kIoError : kind, error_number, what);
}

absl::Status BadObject(std::string_view uri, std::string_view why) {
  return MakeError(absl::StatusCode::kInvalidArgument, "BAD_FIELD",
                   "\"" + std::string(uri) + "\" " + std::string(why),
                   {{"field", "uri"}, {"category", "configuration"}});
}

}  // namespace dq
