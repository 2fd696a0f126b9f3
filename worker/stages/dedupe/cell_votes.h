// What the records that stay take over from the others of their clusters, worked out for one
// partition of the records, whose cells lie in a temporary file. Sits under SpilledClusters. One
// call at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "worker/chain/taken_bytes.h"
#include "worker/table/row_batch.h"

namespace dq {

// Appends the cells of a row to `out`; TakeCell takes them from there, first to last. Well-formed
// as they were written: nobody else writes such bytes.
void AppendCells(std::string& out, const RowBatch& batch, size_t row);
std::string_view TakeCell(std::string_view& cells);

// A record of a cluster of two and more.
struct ClusteredRecord {
  int64_t row = 0;
  int64_t survivor = 0;        // The row of the record that stays; its own: it is that one.
  bool same_spelling = false;  // As that one's.
  std::string_view cells;      // As of AppendCells.
};

// A missing cell of the record that stays and what another record of its cluster holds there.
struct MergedCell {
  int64_t survivor = 0;
  uint32_t column = 0;
  bool same_spelling = false;  // Whether the first record that holds the value is spelled alike.
  std::string value;
};

class CellVotes {
 public:
  using Visit = std::function<absl::Status(const ClusteredRecord&)>;
  // Shows all records of the partition's clusters in the order of their rows, every time.
  using Scan = std::function<absl::Status(const Visit&)>;
  using Emit = std::function<absl::Status(const MergedCell&)>;

  // `memory` outlives the votes.
  CellVotes(size_t columns, MemoryBudget& memory);

  // Emits, by survivor and column, the value that most records of a cluster hold where the survivor
  // holds none, among equals the first. Scans again for every part of the survivors whose votes fit
  // in memory. OUT_OF_MEMORY when those of a single one do not.
  absl::Status Count(const Scan& scan, const Emit& emit);

 private:
  struct Key {
    uint32_t want;
    uint32_t column;
    uint64_t value_high;
    uint64_t value_low;
    bool operator==(const Key&) const = default;
    template <typename H>
    friend H AbslHashValue(H state, const Key& key) {
      return H::combine(std::move(state), key.want, key.column, key.value_low);
    }
  };
  struct Vote {
    int64_t times;
    int64_t first_row;
    bool same_spelling;
    size_t text_at;
    size_t text_bytes;
  };

  absl::Status NoteMissing(const ClusteredRecord& record);
  absl::Status Collect(const Scan& scan, size_t begin, size_t end);
  absl::Status AddVotes(const ClusteredRecord& record, size_t want);
  absl::Status AddVote(const ClusteredRecord& record, const Key& key, std::string_view value);
  absl::Status EmitWinners(const Emit& emit);
  bool Misses(size_t want, size_t column) const {
    return (missing_[want * words_ + column / 64] >> (column % 64) & 1) != 0;
  }

  size_t columns_;
  size_t words_;
  TakenBytes wants_bytes_;
  std::vector<int64_t> wants_;     // Rows of survivors that miss cells, ascending.
  std::vector<uint64_t> missing_;  // Of each, by column, a bit.
  TakenBytes votes_bytes_;
  absl::flat_hash_map<Key, Vote> votes_;
  std::string texts_;
};

}  // namespace dq
