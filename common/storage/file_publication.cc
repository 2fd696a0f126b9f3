#include "common/storage/file_publication.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "common/base/error.h"
#include "common/base/random_id.h"
#include "common/base/sha256.h"
#include "common/base/status_macros.h"
#include "common/storage/object_uri.h"
#include "common/storage/storage_error.h"

namespace dq {
namespace {

constexpr char kManifestName[] = "manifest.json";

bool IsFileName(std::string_view name) {
  return !name.empty() && name != "." && name != ".." && name.find('/') == std::string_view::npos &&
         name.find('\0') == std::string_view::npos;
}

// Calls `visit` with the name of every entry of the directory. Returns false, with errno, when it
// cannot be read.
template <typename Visit>
bool ForEachName(int directory, Visit visit) {
  UniqueFd own(::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(own ? ::fdopendir(own.get()) : nullptr,
                                                   [](DIR* dir) { return ::closedir(dir); });
  if (stream == nullptr) return false;
  (void)own.Release();
  for (;;) {
    errno = 0;
    const dirent* const entry = ::readdir(stream.get());
    if (entry == nullptr) return errno == 0;
    visit(std::string(entry->d_name));
  }
}

// An unfinished directory is called kUnfinishedPrefix, the name it will have, '-', random digits.
constexpr int kRandomBytes = 4;
constexpr size_t kRandomSuffixBytes = 1 + 2 * kRandomBytes;

// Returns the name that the unfinished directory `unfinished` was to have; nothing for any other.
std::string_view NameOfUnfinished(std::string_view unfinished) {
  constexpr std::string_view kPrefix = kUnfinishedPrefix;
  if (!unfinished.starts_with(kPrefix)) return {};
  unfinished.remove_prefix(kPrefix.size());
  if (unfinished.size() <= kRandomSuffixBytes) return {};
  unfinished.remove_suffix(kRandomSuffixBytes);
  return unfinished;
}

// Removes a directory that holds files only. Returns false, with errno, when it could not.
bool RemoveFlatDirectory(int parent, const std::string& name) {
  const UniqueFd directory(
      ::openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!directory) return false;
  ForEachName(directory.get(), [&](const std::string& file) {
    if (IsFileName(file)) ::unlinkat(directory.get(), file.c_str(), 0);
  });
  return ::unlinkat(parent, name.c_str(), AT_REMOVEDIR) == 0;
}

// Creates the directory of a prefix. That it cannot be written is nobody's file's fault.
absl::StatusOr<UniqueFd> MakePrefix(const FileTree& tree, const std::string& prefix) {
  absl::StatusOr<UniqueFd> made = tree.MakeDirectory(prefix);
  const absl::StatusCode code = made.status().code();
  if (code == absl::StatusCode::kPermissionDenied || code == absl::StatusCode::kNotFound) {
    return MakeError(absl::StatusCode::kUnavailable, "IO_ERROR", MessageOf(made.status()),
                     {{"category", "system"}});
  }
  return made;
}

}  // namespace

absl::Status FilePublication::RemoveUnfinished(
    int parent, const std::function<bool(std::string_view name)>& is_dead) {
  absl::Status removed;
  const bool is_read = ForEachName(parent, [&](const std::string& entry) {
    const std::string_view name = NameOfUnfinished(entry);
    if (name.empty() || !is_dead(name)) return;
    if (RemoveFlatDirectory(parent, entry)) return;
    if (errno == ENOENT || errno == ENOTDIR) return;  // Gone meanwhile, or no publication.
    removed.Update(OutputError(errno, "cannot remove \"" + entry + "\""));
  });
  if (!is_read) removed.Update(OutputError(errno, "cannot list a job's directory"));
  return removed;
}

std::vector<std::string> FilePublication::ListUnfinished(int parent) {
  std::vector<std::string> names;
  ForEachName(parent, [&](const std::string& entry) {
    const std::string_view name = NameOfUnfinished(entry);
    if (!name.empty()) names.emplace_back(name);
  });
  return names;
}

absl::StatusOr<UniqueFd> FilePublication::OpenUnfinished(int parent, std::string_view name,
                                                         std::string_view file) {
  if (!IsFileName(file)) return BadObject(file, "is not a file name");
  UniqueFd found;
  ForEachName(parent, [&](const std::string& entry) {
    if (found || NameOfUnfinished(entry) != name) return;
    const UniqueFd directory(
        ::openat(parent, entry.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!directory) return;
    const std::string own(file);
    found = UniqueFd(::openat(directory.get(), own.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  });
  if (found) return found;
  return MakeError(absl::StatusCode::kNotFound, "FILE_MISSING",
                   "there is no unfinished \"" + std::string(file) + "\"",
                   {{"category", "system"}});
}

absl::Status FilePublication::RemovePublished(int parent, const std::string& name) {
  if (!IsFileName(name)) return BadObject(name, "is not a directory name");
  if (RemoveFlatDirectory(parent, name) || errno == ENOENT) return absl::OkStatus();
  return OutputError(errno, "cannot remove \"" + name + "\"");
}

absl::StatusOr<std::unique_ptr<Publication>> FilePublication::Create(const FileTree& tree,
                                                                     const std::string& prefix,
                                                                     const std::string& name) {
  if (!IsFileName(name)) return BadObject(name, "is not a directory name");
  DQ_ASSIGN_OR_RETURN(UniqueFd parent, MakePrefix(tree, prefix));
  std::string unfinished_name = kUnfinishedPrefix + name + "-" + RandomHex(kRandomBytes);
  if (::mkdirat(parent.get(), unfinished_name.c_str(), 0777) != 0) {
    return OutputError(errno, "cannot create a directory in \"" + prefix + "\"");
  }
  UniqueFd directory(::openat(parent.get(), unfinished_name.c_str(),
                              O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!directory) return OutputError(errno, "cannot open a directory in \"" + prefix + "\"");
  return std::unique_ptr<Publication>(new FilePublication(prefix, name, std::move(unfinished_name),
                                                          std::move(parent), std::move(directory)));
}

FilePublication::FilePublication(std::string prefix, std::string name, std::string unfinished_name,
                                 UniqueFd parent, UniqueFd directory)
    : prefix_(std::move(prefix)),
      name_(std::move(name)),
      unfinished_name_(std::move(unfinished_name)),
      parent_(std::move(parent)),
      directory_(std::move(directory)) {}

FilePublication::~FilePublication() { Abort(); }

absl::StatusOr<UniqueFd> FilePublication::CreateFile(std::string_view name) {
  if (!IsFileName(name)) return BadObject(name, "is not a file name");
  const std::string file(name);
  UniqueFd fd(::openat(directory_.get(), file.c_str(),
                       O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666));
  if (!fd) return OutputError(errno, "cannot create \"" + KeyOf(file) + "\"");
  files_.insert(file);
  return fd;
}

absl::StatusOr<WrittenObject> FilePublication::Seal(std::string_view name) {
  const std::string file(name);
  UniqueFd fd(::openat(directory_.get(), file.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd) return OutputError(errno, "cannot open \"" + KeyOf(file) + "\"");
  DQ_RETURN_IF_ERROR(Sync(fd.get(), KeyOf(file)));
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return OutputError(errno, "cannot stat \"" + file + "\"");
  DQ_ASSIGN_OR_RETURN(std::string sha256, Sha256OfFd(fd.get()));
  return WrittenObject{FileUri(KeyOf(file)), info.st_size, std::move(sha256)};
}

absl::Status FilePublication::Drop(std::string_view name) {
  const std::string file(name);
  if (files_.erase(file) == 0) return absl::OkStatus();
  if (::unlinkat(directory_.get(), file.c_str(), 0) != 0 && errno != ENOENT) {
    return OutputError(errno, "cannot remove \"" + KeyOf(file) + "\"");
  }
  return absl::OkStatus();
}

absl::StatusOr<WrittenObject> FilePublication::Commit(std::string_view manifest) {
  DQ_ASSIGN_OR_RETURN(const UniqueFd file, CreateFile(kManifestName));
  DQ_RETURN_IF_ERROR(WriteAll(file.get(), manifest, KeyOf(kManifestName)));
  DQ_RETURN_IF_ERROR(Sync(file.get(), KeyOf(kManifestName)));
  DQ_RETURN_IF_ERROR(Sync(directory_.get(), prefix_));
  DQ_RETURN_IF_ERROR(MoveIntoPlace());
  directory_.Reset();
  DQ_RETURN_IF_ERROR(Sync(parent_.get(), prefix_));
  return WrittenObject{FileUri(KeyOf(kManifestName)), static_cast<int64_t>(manifest.size()),
                       Sha256Of(manifest)};
}

absl::Status FilePublication::MoveIntoPlace() {
  // An empty or missing target is replaced, a published one never: rename answers ENOTEMPTY.
  if (::renameat(parent_.get(), unfinished_name_.c_str(), parent_.get(), name_.c_str()) == 0) {
    return absl::OkStatus();
  }
  if (errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR) {
    return MakeError(absl::StatusCode::kAlreadyExists, "ID_TAKEN",
                     "\"" + prefix_ + "/" + name_ + "\" is published already",
                     {{"category", "system"}});
  }
  return OutputError(errno, "cannot move \"" + prefix_ + "/" + name_ + "\" into place");
}

void FilePublication::Abort() {
  if (!directory_) return;
  for (const std::string& file : files_) ::unlinkat(directory_.get(), file.c_str(), 0);
  directory_.Reset();
  ::unlinkat(parent_.get(), unfinished_name_.c_str(), AT_REMOVEDIR);
}

}  // namespace dq
