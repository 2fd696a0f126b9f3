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
  // `memory` outlives the spellings.
  explicit KeySpellings(MemoryBudget& memory)
      : taken_(memory, "the spellings of the reference's keys") {}

  // Notes where the row is that stands for all rows whose key is spelled like this. A spelling that
  // was forgotten stays so. OUT_OF_MEMORY.
  absl::Status Set(uint64_t hash, int64_t place);
  // Lets no row be found by this hash: there are two spellings of it.
  void Forget(uint64_t hash);

  bool empty() const { return places_.empty(); }
  // The place of the only row that may have a key of this spelling: whether it does is for the
  // caller to see.
  std::optional<int64_t> Find(uint64_t hash) const;

 private:
  static constexpr int64_t kForgotten = -1;

  TakenBytes taken_;
  absl::flat_hash_map<uint64_t, int64_t> places_;  // By the hash; kForgotten.
};

}  // namespace dq
