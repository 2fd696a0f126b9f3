#include "scheduler/engine/attempt_folders.h"

#include <algorithm>

#include "common/base/status_macros.h"

namespace dq {

std::string FolderIn(const std::string& uri, const std::string& prefix) {
  if (!uri.starts_with(prefix + "/")) return "";
  const std::string rest = uri.substr(prefix.size() + 1);
  const size_t slash = rest.find('/');
  return slash == std::string::npos ? "" : rest.substr(0, slash);
}

absl::StatusOr<AttemptFolders> ListAttemptFolders(ObjectStore& objects, const std::string& prefix) {
  AttemptFolders folders;
  DQ_ASSIGN_OR_RETURN(const std::vector<std::string> unfinished, objects.ListUnfinished(prefix));
  folders.unfinished.insert(unfinished.begin(), unfinished.end());
  DQ_ASSIGN_OR_RETURN(const std::vector<ObjectInfo> files, objects.List(prefix));
  for (const ObjectInfo& file : files) {
    const std::string folder = FolderIn(file.uri, prefix);
    if (!folder.empty()) folders.published[folder].push_back(file.uri);
  }
  return folders;
}

absl::Status RemoveAttemptFolders(ObjectStore& objects, const std::string& prefix,
                                  const AttemptFolders& folders,
                                  const std::function<bool(std::string_view folder)>& is_owed,
                                  const std::set<std::string>& kept_uris) {
  absl::Status removed = objects.RemoveUnfinished(prefix, [&](std::string_view name) {
    return folders.unfinished.contains(std::string(name)) && is_owed(name);
  });
  for (const auto& [folder, uris] : folders.published) {
    if (!is_owed(folder)) continue;
    const auto is_kept = [&](const std::string& uri) { return kept_uris.contains(uri); };
    if (std::ranges::none_of(uris, is_kept)) {
      removed.Update(objects.Unpublish(prefix, folder));
      continue;
    }
    for (const std::string& uri : uris) {
      if (!is_kept(uri)) removed.Update(objects.Remove(uri));
    }
  }
  return removed;
}

}  // namespace dq
