// Finds the rows of the reference by the hashes of their keys: 8 bytes a place, built once when all
// keys are known. Whether a row really has the key is for the caller to see. Thread-safe once
// built.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "worker/chain/taken_bytes.h"
#include "worker/table/bytes/huge_array.h"
#include "worker/table/bytes/spill_file.h"

namespace dq {

class ReferenceIndex {
 public:
  struct Entry {
    uint64_t hash = 0;
    int64_t place = 0;  // Of the row, below 2^40.
  };

  // Entries wait in a temporary file when there is a directory for it (not -1).
  ReferenceIndex(MemoryBudget& memory, int temp_dir_fd)
      : taken_(memory, "the index of the reference"), temp_dir_fd_(temp_dir_fd) {}

  // Notes a key for Build. OUT_OF_MEMORY, DISK_FULL, IO_FAILED.
  absl::Status Add(const Entry& entry);
  // A row that is in the index and one that is not, of keys with about the same hash.
  struct Clash {
    int64_t first_place = 0;
    int64_t place = 0;
  };
  // Returns where the row that stands for both is from now on; nothing when their keys differ.
  using Join = std::function<absl::StatusOr<std::optional<int64_t>>(const Clash&)>;
  // What Build will take.
  int64_t bytes_to_build() const {
    return static_cast<int64_t>(slots_to_build() * sizeof(uint64_t));
  }
  // Puts all noted keys in their places, a row a key.
  absl::Status Build(const Join& join);

  // What may be the row with this hash, after the one the cursor was at; false when there is none.
  // A fresh cursor starts.
  struct Cursor {
    size_t slot = SIZE_MAX;
    int64_t place = 0;
  };
  bool Next(uint64_t hash, Cursor& cursor) const;
  [[gnu::always_inline]] void Prefetch(uint64_t hash) const {
    if (slots_.size() > 0) __builtin_prefetch(&slots_[SlotOf(hash)]);
  }
  int64_t spilled_bytes() const { return file_ == nullptr ? 0 : file_->size_bytes(); }

 private:
  // By the upper half of the hash; the slot itself holds 24 bits of the lower half.
  size_t SlotOf(uint64_t hash) const { return ((hash >> 32) * slots_.size()) >> 32; }
  size_t slots_to_build() const { return count_ + count_ / 4 + 1; }
  absl::Status Flush();
  absl::Status Insert(const Entry& entry, const Join& join);
  absl::Status InsertAll(const std::vector<Entry>& entries, const Join& join);

  TakenBytes taken_;
  int temp_dir_fd_;
  std::vector<Entry> entries_;  // Not in the file.
  std::unique_ptr<SpillFile> file_;
  size_t count_ = 0;
  HugeArray<uint64_t> slots_;  // Hash (24 bits), place + 1 (40); 0: free.
};

}  // namespace dq
