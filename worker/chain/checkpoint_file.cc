#include "worker/chain/checkpoint_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <string>

#include "common/base/error.h"
#include "common/base/status_macros.h"
#include "common/base/write_all.h"
#include "worker/table/bytes/file_error.h"
#include "xxhash.h"

namespace dq {
namespace {

constexpr int64_t kHeadBytes = 64;
constexpr uint64_t kMark = 0x1A0A54504B435144;  // "DQCKPT\n\x1A".
constexpr int64_t kSequenceMax = int64_t{1} << 48;
constexpr size_t kDigestedWords = 6;
static_assert(std::endian::native == std::endian::little);

absl::Status CannotWrite(int error) { return IoFailed(error, "cannot write a checkpoint"); }

}  // namespace

struct CheckpointFile::Head {
  uint64_t mark = kMark;
  uint64_t format = kCheckpointFormat;
  int64_t sequence = 0;
  int64_t size_bytes = 0;
  StateDigest digest;
  uint64_t head_digest = 0;
  uint64_t zero = 0;

  uint64_t Digest() const { return XXH3_64bits(this, kDigestedWords * sizeof(uint64_t)); }
};

absl::StatusOr<CheckpointFile::Head> CheckpointFile::CheckSlot(int fd) const {
  static_assert(sizeof(Head) == kHeadBytes);
  struct stat info {};
  if (::fstat(fd, &info) != 0) return IoFailed(errno, "cannot read a checkpoint");
  if (info.st_size == 0) return CheckpointInvalid("there is none");
  Head head;
  const ssize_t got = ::pread(fd, &head, sizeof(head), 0);
  if (got < 0) return IoFailed(errno, "cannot read a checkpoint");
  if (got != kHeadBytes) return CheckpointInvalid("it is cut off");
  if (head.mark != kMark) return CheckpointInvalid("the file is no checkpoint");
  if (head.format > kCheckpointFormat) return CheckpointInvalid("a newer version wrote it");
  if (head.format < kCheckpointFormat) return CheckpointInvalid("an older version wrote it");
  if (head.head_digest != head.Digest() || head.sequence <= 0 || head.sequence > kSequenceMax ||
      head.size_bytes < 0) {
    return CheckpointInvalid("its bytes are damaged");
  }
  if (info.st_size < kHeadBytes || head.size_bytes > info.st_size - kHeadBytes) {
    return CheckpointInvalid("it is cut off");
  }
  DQ_ASSIGN_OR_RETURN(const StateDigest digest, DigestOfRange(fd, kHeadBytes, head.size_bytes));
  if (!(digest == head.digest)) return CheckpointInvalid("its bytes are damaged");
  return head;
}

bool CheckpointFile::empty() const {
  return std::all_of(files_.slot_fds.begin(), files_.slot_fds.end(), [](int fd) {
    struct stat info {};
    return ::fstat(fd, &info) == 0 && info.st_size == 0;
  });
}

absl::StatusOr<StateReader> CheckpointFile::OpenNewest() {
  std::optional<Head> newest;
  absl::Status why = CheckpointInvalid("there is none");
  for (size_t slot = 0; slot < files_.slot_fds.size(); ++slot) {
    const auto head = CheckSlot(files_.slot_fds[slot]);
    if (!head.ok()) {
      // An empty slot says less than a damaged one.
      if (!MessageOf(head.status()).ends_with("there is none")) why = head.status();
      continue;
    }
    if (newest.has_value() && newest->sequence >= head->sequence) continue;
    newest = *head;
    next_slot_ = 1 - slot;
  }
  if (!newest.has_value()) return why;
  sequence_ = newest->sequence;
  return StateReader(files_.slot_fds[1 - next_slot_], kHeadBytes, kHeadBytes + newest->size_bytes);
}

absl::StatusOr<int64_t> CheckpointFile::Write(
    const std::function<absl::Status(StateWriter&)>& put) {
  if (!learned_synced_ && ::fdatasync(files_.learned_fd) != 0) return CannotWrite(errno);
  learned_synced_ = true;
  const int fd = files_.slot_fds[next_slot_];
  absl::StatusOr<int64_t> bytes = WriteSlot(fd, put);
  if (!bytes.ok()) {
    (void)::ftruncate(fd, 0);
    return bytes;
  }
  ++sequence_;
  next_slot_ = 1 - next_slot_;
  return bytes;
}

absl::StatusOr<int64_t> CheckpointFile::WriteSlot(
    int fd, const std::function<absl::Status(StateWriter&)>& put) {
  StateWriter writer(fd, kHeadBytes);
  DQ_RETURN_IF_ERROR(put(writer));
  Head head{.sequence = sequence_ + 1, .size_bytes = writer.size_bytes(), .digest = {}};
  DQ_ASSIGN_OR_RETURN(head.digest, writer.Finish());
  head.head_digest = head.Digest();
  const int error = WriteAllAt(fd, {reinterpret_cast<const char*>(&head), sizeof(head)}, 0);
  if (error != 0) return CannotWrite(error);
  if (::ftruncate(fd, kHeadBytes + head.size_bytes) != 0 || ::fdatasync(fd) != 0) {
    return CannotWrite(errno);
  }
  return kHeadBytes + head.size_bytes;
}

absl::StatusOr<LearnedSection> CheckpointFile::Append(
    const std::function<absl::Status(StateWriter&)>& put) {
  StateWriter writer(files_.learned_fd, learned_bytes_);
  const absl::Status done = put(writer);
  const absl::StatusOr<StateDigest> digest = writer.Finish();
  if (!done.ok() || !digest.ok()) {
    (void)::ftruncate(files_.learned_fd, learned_bytes_);
    return done.ok() ? digest.status() : done;
  }
  const LearnedSection section{learned_bytes_, writer.size_bytes(), *digest};
  learned_bytes_ += section.size_bytes;
  learned_synced_ = false;
  return section;
}

absl::StatusOr<StateReader> CheckpointFile::OpenLearned(const LearnedSection& section) {
  DQ_ASSIGN_OR_RETURN(const StateDigest digest,
                      DigestOfRange(files_.learned_fd, section.offset, section.size_bytes));
  if (!(digest == section.digest)) return CheckpointInvalid("what was learned is damaged");
  learned_bytes_ = std::max(learned_bytes_, section.offset + section.size_bytes);
  return StateReader(files_.learned_fd, section.offset, section.offset + section.size_bytes);
}

absl::Status CheckpointFile::Clear() {
  sequence_ = learned_bytes_ = 0;
  next_slot_ = 0;
  for (const int fd : {files_.slot_fds[0], files_.slot_fds[1], files_.learned_fd}) {
    if (::ftruncate(fd, 0) != 0) return CannotWrite(errno);
  }
  return absl::OkStatus();
}

}  // namespace dq
