// Files that lie beneath the storage root already: which may be registered, and what is recorded of
// one. Thread-safe.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/storage/object_store.h"
#include "scheduler/api/violations.h"
#include "scheduler/core/catalog_store.h"

namespace dq {

// Returns whether what lies at `uri` is the product's own: uploads and results.
bool IsOwnUri(std::string_view uri);

// Notes against `field` a uri at or beneath which nothing can be registered.
void RequireRegistrable(const std::string& uri, std::string_view field, Violations& violations);

// Describes what lies at `uri`; reads all of it for the hash, as long as `goes_on` says so. Blocks.
// Id, request id, project, creator and time are the caller's to set. NOT_FOUND FILE_NOT_FOUND; else
// as of ObjectStore::OpenRead() and Sha256OfFd().
absl::StatusOr<FileRecord> DescribeStoredFile(
    const std::string& uri, ObjectStore& objects,
    const std::function<bool()>& goes_on = [] { return true; });

}  // namespace dq
