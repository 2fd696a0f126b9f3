#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include "common/base/error.h"
#include "common/base/status_macros.h"
#include "common/storage/file_publication.h"
#include "common/storage/file_tree.h"
#include "common/storage/file_writer.h"
#include "common/storage/object_store.h"
#include "common/storage/object_uri.h"
#include "common/storage/storage_error.h"

namespace dq {
namespace {

ObjectInfo InfoOf(const std::string& key, const struct stat& info) {
  return {FileUri(key), info.st_size, absl::TimeFromTimespec(info.st_mtim)};
}

absl::StatusOr<struct stat> StatPlainFile(int fd, std::string_view uri) {
  struct stat info {};
  if (::fstat(fd, &info) != 0)
    return StorageError(errno, "cannot stat \"" + std::string(uri) + "\"");
  if (S_ISDIR(info.st_mode)) return BadObject(uri, "is a directory, not a file");
  if (!S_ISREG(info.st_mode)) return BadObject(uri, "is not a plain file");
  return info;
}

// Calls `visit(name)` for every finished entry of the directory; takes the descriptor over.
template <typename Visit>
absl::Status ForEachEntry(UniqueFd directory, const std::string& key, Visit visit) {
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(directory.get()), ::closedir);
  if (stream == nullptr) return StorageError(errno, "cannot list \"" + key + "\"");
  (void)directory.Release();
  for (;;) {
    errno = 0;
    const dirent* const entry = ::readdir(stream.get());
    if (entry == nullptr && errno != 0) return StorageError(errno, "cannot list \"" + key + "\"");
    if (entry == nullptr) return absl::OkStatus();
    const std::string name = entry->d_name;
    if (name == "." || name == ".." || name.rfind(kUnfinishedPrefix, 0) == 0) continue;
    DQ_RETURN_IF_ERROR(visit(::dirfd(stream.get()), name));
  }
}

// Calls `visit(key, info)` for every plain file beneath `directory`, and looks into the directories
// that `enters(key)` says. What vanishes meanwhile and everything that is neither file nor
// directory are passed over.
template <typename Enters, typename Visit>
absl::Status VisitTree(UniqueFd directory, const std::string& key, const Enters& enters,
                       const Visit& visit) {
  return ForEachEntry(std::move(directory), key, [&](int fd, const std::string& name) {
    const std::string child = key + "/" + name;
    struct stat info {};
    if (::fstatat(fd, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) return absl::OkStatus();
    if (S_ISREG(info.st_mode)) return absl::Status(visit(child, info));
    if (!S_ISDIR(info.st_mode) || !enters(child)) return absl::OkStatus();
    UniqueFd below(::openat(fd, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!below) return errno == ENOENT ? absl::OkStatus() : StorageError(errno, child);
    return VisitTree(std::move(below), child, enters, visit);
  });
}

class FileObjectStore final : public ObjectStore {
 public:
  explicit FileObjectStore(UniqueFd root) : tree_(std::move(root)) {}

  absl::StatusOr<UniqueFd> OpenRead(std::string_view uri) override {
    DQ_ASSIGN_OR_RETURN(const std::string key, ObjectKeyOf(uri));
    // O_NONBLOCK: opening a FIFO must not hang; it means nothing for plain files.
    DQ_ASSIGN_OR_RETURN(UniqueFd fd, tree_.Open(key, O_RDONLY | O_NONBLOCK | O_NOCTTY));
    DQ_RETURN_IF_ERROR(StatPlainFile(fd.get(), uri).status());
    return fd;
  }

  absl::StatusOr<ObjectInfo> Stat(std::string_view uri) override {
    DQ_ASSIGN_OR_RETURN(const std::string key, ObjectKeyOf(uri));
    DQ_ASSIGN_OR_RETURN(const UniqueFd fd, tree_.Open(key, O_PATH));
    DQ_ASSIGN_OR_RETURN(const struct stat info, StatPlainFile(fd.get(), uri));
    return InfoOf(key, info);
  }

  absl::StatusOr<std::unique_ptr<ObjectWriter>> Create(std::string_view uri) override {
    DQ_ASSIGN_OR_RETURN(const std::string key, ObjectKeyOf(uri));
    return FileWriter::Create(tree_, key);
  }

  absl::StatusOr<std::unique_ptr<Publication>> Publish(std::string_view prefix_uri,
                                                       std::string_view name) override {
    DQ_ASSIGN_OR_RETURN(const std::string prefix, ObjectKeyOf(prefix_uri));
    return FilePublication::Create(tree_, prefix, std::string(name));
  }

  absl::Status RemoveUnfinished(
      std::string_view prefix_uri,
      const std::function<bool(std::string_view name)>& is_dead) override {
    DQ_ASSIGN_OR_RETURN(const std::string prefix, ObjectKeyOf(prefix_uri));
    const absl::StatusOr<UniqueFd> directory = tree_.OpenDirectory(prefix);
    if (directory.status().code() == absl::StatusCode::kNotFound) return absl::OkStatus();
    DQ_RETURN_IF_ERROR(directory.status());
    return FilePublication::RemoveUnfinished(directory->get(), is_dead);
  }

  absl::StatusOr<std::vector<std::string>> ListUnfinished(std::string_view prefix_uri) override {
    DQ_ASSIGN_OR_RETURN(const std::string prefix, ObjectKeyOf(prefix_uri));
    const absl::StatusOr<UniqueFd> directory = tree_.OpenDirectory(prefix);
    if (directory.status().code() == absl::StatusCode::kNotFound) {
      return std::vector<std::string>();
    }
    DQ_RETURN_IF_ERROR(directory.status());
    return FilePublication::ListUnfinished(directory->get());
  }

  absl::StatusOr<UniqueFd> OpenUnfinished(std::string_view prefix_uri, std::string_view name,
                                          std::string_view file) override {
    DQ_ASSIGN_OR_RETURN(const std::string prefix, ObjectKeyOf(prefix_uri));
    DQ_ASSIGN_OR_RETURN(const UniqueFd directory, tree_.OpenDirectory(prefix));
    return FilePublication::OpenUnfinished(directory.get(), name, file);
  }

  absl::Status Unpublish(std::string_view prefix_uri, std::string_view name) override {
    DQ_ASSIGN_OR_RETURN(const std::string prefix, ObjectKeyOf(prefix_uri));
    const absl::StatusOr<UniqueFd> directory = tree_.OpenDirectory(prefix);
    if (directory.status().code() == absl::StatusCode::kNotFound) return absl::OkStatus();
    DQ_RETURN_IF_ERROR(directory.status());
    return FilePublication::RemovePublished(directory->get(), std::string(name));
  }

  absl::StatusOr<std::vector<ObjectInfo>> List(std::string_view prefix_uri) override {
    DQ_ASSIGN_OR_RETURN(const std::string key, ObjectKeyOf(prefix_uri));
    std::vector<ObjectInfo> found;
    absl::StatusOr<UniqueFd> directory = tree_.OpenDirectory(key);
    if (directory.status().code() == absl::StatusCode::kNotFound) return found;
    DQ_RETURN_IF_ERROR(directory.status());
    const auto enter_all = [](const std::string&) { return true; };
    DQ_RETURN_IF_ERROR(VisitTree(std::move(directory).value(), key, enter_all,
                                 [&found](const std::string& child, const struct stat& info) {
                                   found.push_back(InfoOf(child, info));
                                   return absl::OkStatus();
                                 }));
    std::sort(found.begin(), found.end(),
              [](const ObjectInfo& a, const ObjectInfo& b) { return a.uri < b.uri; });
    return found;
  }

  absl::Status VisitFiles(
      std::string_view prefix_uri, const std::function<bool(const std::string& path)>& enters,
      const std::function<absl::Status(const std::string& path)>& visit) override {
    DQ_ASSIGN_OR_RETURN(const std::string key, ObjectKeyOf(prefix_uri));
    DQ_ASSIGN_OR_RETURN(UniqueFd directory, tree_.OpenDirectory(key));
    const size_t above = key.size() + 1;
    return VisitTree(
        std::move(directory), key,
        [&](const std::string& child) { return enters(child.substr(above)); },
        [&](const std::string& child, const struct stat&) { return visit(child.substr(above)); });
  }

  absl::Status Remove(std::string_view uri) override {
    DQ_ASSIGN_OR_RETURN(const std::string key, ObjectKeyOf(uri));
    const KeyParts parts = SplitKey(key);
    const absl::StatusOr<UniqueFd> directory = tree_.OpenDirectory(parts.directory);
    if (directory.status().code() == absl::StatusCode::kNotFound) return absl::OkStatus();
    DQ_RETURN_IF_ERROR(directory.status());
    if (::unlinkat(directory->get(), parts.name.c_str(), 0) != 0 && errno != ENOENT) {
      return StorageError(errno, "cannot remove \"" + key + "\"");
    }
    return absl::OkStatus();
  }

  absl::Status RemoveEmptyDirectory(std::string_view prefix_uri) override {
    DQ_ASSIGN_OR_RETURN(const std::string key, ObjectKeyOf(prefix_uri));
    const KeyParts parts = SplitKey(key);
    const absl::StatusOr<UniqueFd> above = tree_.OpenDirectory(parts.directory);
    if (above.status().code() == absl::StatusCode::kNotFound) return absl::OkStatus();
    DQ_RETURN_IF_ERROR(above.status());
    const bool removed = ::unlinkat(above->get(), parts.name.c_str(), AT_REMOVEDIR) == 0;
    if (removed || errno == ENOENT || errno == ENOTEMPTY || errno == EEXIST)
      return absl::OkStatus();
    return StorageError(errno, "cannot remove \"" + key + "\"");
  }

 private:
  const FileTree tree_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<ObjectStore>> OpenFileObjectStore(const std::string& root) {
  UniqueFd fd(::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!fd) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "STORAGE_ROOT_UNUSABLE",
                     "cannot use the storage root \"" + root + "\": " + std::strerror(errno),
                     {{"category", "configuration"}});
  }
  return std::unique_ptr<ObjectStore>(new FileObjectStore(std::move(fd)));
}

}  // namespace dq
