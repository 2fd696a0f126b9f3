// Tells rows of the reference apart whose keys are equal only after folding: by how they are
// spelled. Under ReferenceTable. Filled by one thread; then immutable and thread-safe.
#pragma once

#include <cstdint>
#include <optional>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "worker/chain/taken_bytes.h"

namespace dq {

class KeySpellings {
 public:
  // A row of the reference and the hash of its key as it is spelled.
  struct Spelled {
    uint64_t hash = 0;
    int64_t place = 0;
  };

  // `memory` outlives the spellings.
  explicit KeySpellings(MemoryBudget& memory)
      : taken_(memory, "the spellings of the reference's keys") {}

  // Notes that `later` has the folded key of `first`, which is the first row of all with that key;
  // `known` says whether there was such a row before. A spelling that occurs twice is never found.
  // OUT_OF_MEMORY.
  absl::Status Add(const Spelled& first, const Spelled& later, bool known);

  bool empty() const { return places_.empty(); }
  // The place of the only row that may have a key of this spelling: whether it does is for the
  // caller to see.
  std::optional<int64_t> Find(uint64_t hash) const;

 private:
  absl::Status Insert(const Spelled& spelled);

  static constexpr int64_t kTwice = -1;

  TakenBytes taken_;
  absl::flat_hash_map<uint64_t, int64_t> places_;  // By the hash; kTwice.
};

}  // namespace dq
