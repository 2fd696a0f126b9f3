// The folders of a job's attempts in storage: listed first, removed later, so that whoever asks the
// record in between takes nothing that came after he asked. Stateless.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/storage/object_store.h"

namespace dq {

// What attempts have left beneath a job's prefix.
struct AttemptFolders {
  std::set<std::string> unfinished;
  std::map<std::string, std::vector<std::string>> published;  // With the uris of their files.
};

// Returns the first part of `uri` behind `prefix`, a directory; empty when there is none.
std::string FolderIn(const std::string& uri, const std::string& prefix);

// Lists them. Blocks.
absl::StatusOr<AttemptFolders> ListAttemptFolders(ObjectStore& objects, const std::string& prefix);

// Removes those among `folders` that `is_owed`; of a published one whose files are among
// `kept_uris` only the others. What cannot be removed stays, the rest goes all the same: the first
// error is returned. Blocks.
absl::Status RemoveAttemptFolders(ObjectStore& objects, const std::string& prefix,
                                  const AttemptFolders& folders,
                                  const std::function<bool(std::string_view folder)>& is_owed,
                                  const std::set<std::string>& kept_uris = {});

}  // namespace dq
