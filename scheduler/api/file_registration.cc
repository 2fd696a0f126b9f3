#include "scheduler/api/file_registration.h"

#include "common/base/error.h"
#include "common/base/sha256.h"
#include "common/base/status_macros.h"
#include "common/rpc/utf8.h"
#include "common/storage/object_uri.h"

namespace dq {
namespace {

constexpr size_t kDisplayNameBytesMax = 255;
// The part of the storage root that the product itself writes.
constexpr std::string_view kOwnDirectory = "projects";

// Replaces the storage's words for a missing object by the API's.
absl::Status AsFileNotFound(const absl::Status& status, const std::string& uri) {
  if (!absl::IsNotFound(status)) return status;
  return MakeError(absl::StatusCode::kNotFound, "FILE_NOT_FOUND",
                   "there is nothing at '" + uri + "' beneath the storage root", {{"uri", uri}});
}

}  // namespace

bool IsOwnUri(std::string_view uri) {
  const auto key = ObjectKeyOf(uri);
  return key.ok() && key->substr(0, key->find('/')) == kOwnDirectory;
}

void RequireRegistrable(const std::string& uri, std::string_view field, Violations& violations) {
  violations.Require(ObjectKeyOf(uri).ok(), field,
                     "\"file:///key\" with a key beneath the storage root, without \"..\"");
  violations.Require(!IsOwnUri(uri), field,
                     "beneath projects/, where uploads and results are kept: they are files "
                     "already");
}

absl::StatusOr<FileRecord> DescribeStoredFile(const std::string& uri, ObjectStore& objects,
                                              const std::function<bool()>& goes_on) {
  const auto info = objects.Stat(uri);
  if (!info.ok()) return AsFileNotFound(info.status(), uri);
  DQ_ASSIGN_OR_RETURN(const UniqueFd fd, objects.OpenRead(uri));
  FileRecord record;
  DQ_ASSIGN_OR_RETURN(record.sha256, Sha256OfFd(fd.get(), goes_on));
  record.uri = uri;
  record.size_bytes = info->size_bytes;
  record.display_name = ValidUtf8(uri.substr(uri.rfind('/') + 1), kDisplayNameBytesMax);
  return record;
}

}  // namespace dq
