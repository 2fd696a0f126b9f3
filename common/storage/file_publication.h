// The Publication of files: a directory ".tmp-…" that is renamed into place. Not thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/unique_fd.h"
#include "common/storage/file_tree.h"
#include "common/storage/object_store.h"

namespace dq {

class FilePublication final : public Publication {
 public:
  // Creates the unfinished directory for `prefix`/`name` in `tree`.
  static absl::StatusOr<std::unique_ptr<Publication>> Create(const FileTree& tree,
                                                             const std::string& prefix,
                                                             const std::string& name);
  // As ObjectStore::RemoveUnfinished(), for the directory `parent`.
  static absl::Status RemoveUnfinished(int parent,
                                       const std::function<bool(std::string_view name)>& is_dead);
  // As ObjectStore::ListUnfinished() and OpenUnfinished(), for the directory `parent`.
  static std::vector<std::string> ListUnfinished(int parent);
  static absl::StatusOr<UniqueFd> OpenUnfinished(int parent, std::string_view name,
                                                 std::string_view file);
  // Removes the directory `name` of `parent` with its files. OK when it is not there.
  static absl::Status RemovePublished(int parent, const std::string& name);
  ~FilePublication() override;

  absl::StatusOr<UniqueFd> CreateFile(std::string_view name) override;
  int scratch_directory_fd() const override { return directory_.get(); }
  absl::StatusOr<WrittenObject> Seal(std::string_view name) override;
  absl::Status Drop(std::string_view name) override;
  absl::StatusOr<WrittenObject> Commit(std::string_view manifest) override;
  void Abort() override;
  void Leave() override { directory_.Reset(); }

 private:
  FilePublication(std::string prefix, std::string name, std::string unfinished_name,
                  UniqueFd parent, UniqueFd directory);
  absl::Status MoveIntoPlace();
  std::string KeyOf(const std::string& file) const { return prefix_ + "/" + name_ + "/" + file; }

  const std::string prefix_;
  const std::string name_;
  const std::string unfinished_name_;
  const UniqueFd parent_;
  UniqueFd directory_;           // Empty once committed or aborted.
  std::set<std::string> files_;  // What Abort() has to remove.
};

}  // namespace dq
