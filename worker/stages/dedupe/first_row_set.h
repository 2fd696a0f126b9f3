// Remembers the first row of every record seen, by a 128-bit hash, 24 bytes a slot. The memory that
// stage `dedupe` needs. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "worker/chain/taken_bytes.h"
#include "worker/table/bytes/huge_array.h"

namespace dq {

class StateReader;
class StateWriter;

// A record by its hashes: `key` decides equality, `exact` tells equal spellings apart.
struct RecordHash {
  uint64_t key_high = 0;
  uint64_t key_low = 0;
  uint64_t exact = 0;
};

class FirstRowSet {
 public:
  // What is known about a record that was there before.
  struct Earlier {
    int64_t row = 0;             // Its first row.
    bool same_spelling = false;  // Whether `exact` is equal too (24 bits of it).
    bool first_repeat = false;   // Whether this is the first duplicate of that row.
  };

  // `memory` must outlive the set; its bytes are taken as the set grows.
  explicit FirstRowSet(MemoryBudget& memory) : taken_(memory, "finding duplicates") {}

  // What so many records need.
  static int64_t BytesFor(int64_t records);
  // Makes room for so many records at once. OUT_OF_MEMORY.
  absl::Status Reserve(int64_t records);
  // Adds a record that `row` (1 to 2^39) holds; row 0 in the answer: it is new. Records are equal
  // when the 128 bits of `key` are. OUT_OF_MEMORY when the set may not grow.
  absl::StatusOr<Earlier> Add(const RecordHash& hash, int64_t row);
  // Makes sure that so many records more can be put in. OUT_OF_MEMORY.
  absl::Status MakeRoom(size_t records);
  // Add() where there is room.
  Earlier Put(const RecordHash& hash, int64_t row);
  // Brings the place of a record that is added soon into the cache.
  // (Inlined by force: gcc takes a function that only prefetches for one without effect.)
  [[gnu::always_inline]] void Prefetch(const RecordHash& hash) const {
    if (slots_.size() == 0) return;
    const auto* const slot = reinterpret_cast<const char*>(&slots_[Place(hash.key_low)]);
    __builtin_prefetch(slot, 1);
    __builtin_prefetch(slot + sizeof(Slot) - 1, 1);  // Some lie in two lines.
  }
  // Writes all records; Restore reads them into an empty set. OUT_OF_MEMORY, and CHECKPOINT_INVALID
  // for what cannot be a set.
  void Save(StateWriter& writer) const;
  absl::Status Restore(StateReader& reader);
  // Forgets everything and gives the memory back.
  void Clear();

 private:
  struct Slot {
    uint64_t key_high;
    uint64_t key_low;
    uint64_t packed;  // Row (39 bits), repeated (1 bit), exact (24 bits); 0: free.
  };

  // Maps the hash to a slot in order of the hash, so that growing moves through memory in order.
  // The capacity is below 2^32: 96 GiB.
  size_t Place(uint64_t key_low) const { return ((key_low >> 32) * slots_.size()) >> 32; }
  size_t After(size_t place) const { return place + 1 == slots_.size() ? 0 : place + 1; }
  absl::Status Grow(size_t capacity);

  TakenBytes taken_;
  HugeArray<Slot> slots_;
  size_t used_ = 0;
};

}  // namespace dq
