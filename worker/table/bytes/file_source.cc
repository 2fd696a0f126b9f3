#include "worker/table/bytes/file_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>

#define XXH_STATIC_LINKING_ONLY
#include "common/base/status_macros.h"
#include "worker/table/bytes/file_error.h"
#include "xxhash.h"

namespace dq {
namespace {

constexpr size_t kCheckBytes = size_t{1} << 20;

int64_t WrittenNs(const struct stat& info) {
  return int64_t{info.st_mtim.tv_sec} * 1'000'000'000 + info.st_mtim.tv_nsec;
}

}  // namespace

struct FileSource::Fingerprint {
  XXH3_state_t state;
};

absl::StatusOr<std::unique_ptr<FileSource>> FileSource::Open(int fd, Digest digest) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) return IoFailed(errno, "cannot look at the file");
  if (!S_ISREG(info.st_mode)) {
    return UnsupportedFormat("the input is not a regular file, which is needed to read it twice");
  }
  (void)::posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
  return std::unique_ptr<FileSource>(new FileSource(fd, info.st_size, WrittenNs(info), digest));
}

FileSource::FileSource(int fd, int64_t size_bytes, int64_t written_ns, Digest digest)
    : fd_(fd),
      size_bytes_(size_bytes),
      written_ns_(written_ns),
      fingerprint_(std::make_unique<Fingerprint>()),
      digest_(digest) {
  Rewind();
}

FileSource::~FileSource() = default;

void FileSource::StartPass() {
  position_ = 0;
  XXH3_64bits_reset(&fingerprint_->state);
}

void FileSource::Rewind() {
  // A pass that did not reach the end has no digest to keep.
  if (sha256_.empty() && digest_ == Digest::kWanted) hash_ = std::make_unique<Sha256>();
  StartPass();
}

absl::StatusOr<size_t> FileSource::Glance(int64_t offset, char* out, size_t size) {
  return ReadAt(std::min(offset, size_bytes_), out, size);
}

absl::StatusOr<size_t> FileSource::ReadAt(int64_t offset, char* out, size_t size) {
  const size_t wanted =
      static_cast<size_t>(std::min<int64_t>(static_cast<int64_t>(size), size_bytes_ - offset));
  size_t done = 0;
  while (done < wanted) {
    const ssize_t got =
        ::pread(fd_, out + done, wanted - done, offset + static_cast<int64_t>(done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return IoFailed(errno, "cannot read the file");
    if (got == 0) return InputChanged("the file became shorter while it was read; run it again");
    done += static_cast<size_t>(got);
  }
  return done;
}

absl::StatusOr<size_t> FileSource::Read(char* out, size_t size) {
  DQ_ASSIGN_OR_RETURN(const size_t done, ReadAt(position_, out, size));
  const bool ended = AtEnd();
  position_ += static_cast<int64_t>(done);
  XXH3_64bits_update(&fingerprint_->state, out, done);
  if (hash_ != nullptr) hash_->Update({out, done});
  if (AtEnd() && !ended) DQ_RETURN_IF_ERROR(EndPass());
  return done;
}

uint64_t FileSource::raw_fingerprint() const { return XXH3_64bits_digest(&fingerprint_->state); }

void FileSource::AssumeContent(uint64_t fingerprint, std::string_view sha256) {
  first_fingerprint_ = fingerprint;
  sha256_ = sha256;
  hash_.reset();
}

absl::StatusOr<uint64_t> FileSource::FingerprintOf(int fd, int64_t size,
                                                   const std::function<bool()>& stop) {
  DQ_ASSIGN_OR_RETURN(const std::unique_ptr<FileSource> source, Open(fd, Digest::kNotWanted));
  std::string buffer(kCheckBytes, '\0');
  while (source->position_ < size) {
    if (stop()) return absl::CancelledError("stopped while the file was compared");
    const int64_t wanted = std::min(size - source->position_, static_cast<int64_t>(kCheckBytes));
    DQ_ASSIGN_OR_RETURN(const size_t got, source->Read(buffer.data(), static_cast<size_t>(wanted)));
    if (got == 0) return InputChanged("the file is shorter than it was");
  }
  return source->raw_fingerprint();
}

absl::Status FileSource::EndPass() {
  struct stat info {};
  if (::fstat(fd_, &info) != 0) return IoFailed(errno, "cannot look at the file");
  const uint64_t fingerprint = XXH3_64bits_digest(&fingerprint_->state);
  if (info.st_size != size_bytes_ || WrittenNs(info) != written_ns_ ||
      first_fingerprint_.value_or(fingerprint) != fingerprint) {
    return InputChanged("the file changed while it was read; run it again");
  }
  first_fingerprint_ = fingerprint;
  if (hash_ != nullptr) sha256_ = hash_->Finish();
  hash_.reset();
  return absl::OkStatus();
}

}  // namespace dq
