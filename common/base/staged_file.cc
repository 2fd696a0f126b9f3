#include "common/base/staged_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <thread>
#include <utility>

#include "common/base/error.h"
#include "common/base/locked_file.h"
#include "common/base/random_id.h"
#include "common/base/sha256.h"
#include "common/base/status_macros.h"

namespace dq {
namespace {

// The reader of a pipe may have been started together with its writer.
constexpr std::chrono::milliseconds kReaderWait(10);
constexpr int kReaderWaits = 100;

// Returns what a symbolic link leads to, else `path` itself.
std::filesystem::path PlaceOf(const std::string& path) {
  std::error_code error;
  const std::filesystem::path target = std::filesystem::weakly_canonical(path, error);
  return error ? std::filesystem::path(path) : target;
}

// Whether `path` leads to a descriptor of this process, as /dev/stdout does.
bool IsDescriptor(std::filesystem::path path) {
  constexpr int kLinksMax = 40;
  std::error_code error;
  for (int links = 0; links < kLinksMax; ++links) {
    const std::filesystem::path folder = std::filesystem::canonical(path.parent_path(), error);
    if (!error && folder.string().starts_with("/proc/")) return true;
    const std::filesystem::path target = std::filesystem::read_symlink(path, error);
    if (error) return false;
    path = path.parent_path() / target;  // An absolute target stays.
  }
  return false;
}

bool IsWrittenInPlace(const std::string& path) {
  struct stat about {};
  return ::stat(path.c_str(), &about) == 0 && !S_ISREG(about.st_mode) && !S_ISDIR(about.st_mode);
}

bool IsLinkToNothing(const std::string& path) {
  std::error_code error;
  return std::filesystem::is_symlink(std::filesystem::symlink_status(path, error)) &&
         !std::filesystem::exists(path, error);
}

absl::Status CannotWrite(const std::string& path) {
  return ErrnoError(errno, "OUTPUT_FAILED", "cannot write " + path);
}

// Refuses what a file put in its place would not be found at.
absl::Status CheckPlace(const std::string& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) {
    errno = EISDIR;
    return CannotWrite(path);
  }
  if (IsDescriptor(path)) {
    return MakeError(absl::StatusCode::kInvalidArgument, "OUTPUT_FAILED",
                     path + " leads to a file that is open already; name the file itself");
  }
  if (IsLinkToNothing(path)) {
    errno = ENOENT;
    return CannotWrite(path);
  }
  return absl::OkStatus();
}

absl::Status CannotContinue(const std::string& path) {
  if (errno != EWOULDBLOCK) return CannotWrite(path);
  return MakeError(absl::StatusCode::kFailedPrecondition, "OUTPUT_FAILED",
                   "another process is writing " + path);
}

bool IsEmpty(int fd) {
  struct stat about {};
  return ::fstat(fd, &about) == 0 && about.st_size == 0;
}

bool IsPipe(const std::string& path) {
  struct stat about {};
  return ::stat(path.c_str(), &about) == 0 && S_ISFIFO(about.st_mode);
}

// Opens what is there. A pipe is not waited for: nobody may ever come to read it.
absl::StatusOr<UniqueFd> OpenInPlace(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NONBLOCK));
  for (int waited = 0; !fd && errno == ENXIO && IsPipe(path); ++waited) {
    if (waited == kReaderWaits) {
      return MakeError(absl::StatusCode::kFailedPrecondition, "OUTPUT_FAILED",
                       "nobody reads the pipe " + path + "; start its reader first");
    }
    std::this_thread::sleep_for(kReaderWait);
    fd = UniqueFd(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NONBLOCK));
  }
  if (!fd || ::fcntl(fd.get(), F_SETFL, 0) != 0) return CannotWrite(path);
  return fd;
}

std::string NewName(const std::filesystem::path& folder) {
  // Not made from the file's own name, which may be as long as a name can be.
  return (folder / (".dq-" + RandomHex(8) + ".tmp")).string();
}

std::string DescriptorPath(int fd) { return "/proc/self/fd/" + std::to_string(fd); }

// Opens a file without a name in the folder, of which nothing stays however this process ends;
// nothing where the file system, or this machine without /proc, cannot give it a name later.
UniqueFd OpenNameless(const std::filesystem::path& folder) {
  UniqueFd fd(::open(folder.c_str(), O_WRONLY | O_TMPFILE | O_CLOEXEC, 0666));
  if (fd && ::access(DescriptorPath(fd.get()).c_str(), F_OK) != 0) return UniqueFd();
  return fd;
}

}  // namespace

absl::StatusOr<StagedFile> StagedFile::Create(const std::string& path) {
  if (IsWrittenInPlace(path)) {
    DQ_ASSIGN_OR_RETURN(UniqueFd fd, OpenInPlace(path));
    return StagedFile(path, "", std::move(fd), Kind::kInPlace);
  }
  DQ_RETURN_IF_ERROR(CheckPlace(path));
  const std::filesystem::path place = PlaceOf(path);
  if (UniqueFd nameless = OpenNameless(place.parent_path())) {
    return StagedFile(place.string(), "", std::move(nameless), Kind::kNameless);
  }
  const std::string temporary = NewName(place.parent_path());
  UniqueFd fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  if (!fd) return CannotWrite(path);
  return StagedFile(place.string(), temporary, std::move(fd), Kind::kNew);
}

absl::StatusOr<StagedFile> StagedFile::Continue(const std::string& path) {
  if (IsWrittenInPlace(path)) {
    errno = ESPIPE;
    return CannotWrite(path);
  }
  DQ_RETURN_IF_ERROR(CheckPlace(path));
  const std::filesystem::path place = PlaceOf(path);
  const std::string name = ".dq-" + Sha256Of(place.string()).substr(0, 16) + ".part";
  const std::string temporary = (place.parent_path() / name).string();
  UniqueFd fd = OpenLocked(temporary);
  if (!fd) return CannotContinue(path);
  return StagedFile(place.string(), temporary, std::move(fd), Kind::kContinued);
}

StagedFile::StagedFile(std::string path, std::string temporary, UniqueFd fd, Kind kind)
    : path_(std::move(path)), temporary_(std::move(temporary)), fd_(std::move(fd)), kind_(kind) {}

StagedFile::StagedFile(StagedFile&& other) noexcept
    : path_(std::move(other.path_)),
      temporary_(std::exchange(other.temporary_, {})),
      fd_(std::move(other.fd_)),
      kind_(other.kind_) {}

StagedFile::~StagedFile() {
  if (kind_ != Kind::kContinued || IsEmpty(fd_.get())) Discard();
}

void StagedFile::Discard() {
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
  temporary_.clear();
}

absl::Status StagedFile::Sync() {
  // A device or a pipe has nothing to wait for and says EINVAL or ENOTSUP.
  if (kind_ == Kind::kInPlace || ::fsync(fd_.get()) == 0) return absl::OkStatus();
  return CannotWrite(path_);
}

absl::Status StagedFile::GiveName() {
  const std::string name = NewName(std::filesystem::path(path_).parent_path());
  if (::linkat(AT_FDCWD, DescriptorPath(fd_.get()).c_str(), AT_FDCWD, name.c_str(),
               AT_SYMLINK_FOLLOW) != 0) {
    return CannotWrite(path_);
  }
  temporary_ = name;
  kind_ = Kind::kNew;
  return absl::OkStatus();
}

absl::Status StagedFile::Publish() {
  if (kind_ == Kind::kNameless) DQ_RETURN_IF_ERROR(GiveName());
  if (temporary_.empty()) return absl::OkStatus();
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) return CannotWrite(path_);
  temporary_.clear();
  return absl::OkStatus();
}

}  // namespace dq
