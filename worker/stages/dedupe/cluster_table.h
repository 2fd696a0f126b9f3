// The clusters of equal records of one partition, each with the record that stays: 48 bytes a slot,
// whatever the size of a cluster. Sits under SpilledClusters. Not thread-safe while records are
// added; then read by many.
#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "worker/chain/taken_bytes.h"
#include "worker/stages/dedupe/first_row_set.h"
#include "worker/table/bytes/huge_array.h"

namespace dq {

class ClusterTable {
 public:
  struct Cluster {
    uint64_t key_high;
    uint64_t key_low;
    uint64_t spelling;  // Of the record that stays, as is its row.
    double rank;        // The highest of its records.
    int64_t row;
    int64_t records;  // 0: a free slot.
  };

  // `memory` outlives the table.
  explicit ClusterTable(MemoryBudget& memory) : taken_(memory, "finding duplicates") {}

  // What so many records need.
  static int64_t BytesFor(int64_t records);
  // Makes room for so many records, once. OUT_OF_MEMORY.
  absl::Status Reserve(int64_t records);
  // Adds a record; rows ascend. The one with the highest rank stays, among equals the first.
  void Add(const RecordHash& hash, double rank, int64_t row);
  // The cluster of a record that was added.
  const Cluster& Of(const RecordHash& hash) const { return slots_[Find(hash)]; }
  // All slots, free ones too.
  const HugeArray<Cluster>& slots() const { return slots_; }

 private:
  size_t Find(const RecordHash& hash) const;

  TakenBytes taken_;
  HugeArray<Cluster> slots_;
};

}  // namespace dq
