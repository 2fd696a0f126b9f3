#include "worker/stages/dedupe/cluster_table.h"

#include "common/base/status_macros.h"

namespace dq {

int64_t ClusterTable::BytesFor(int64_t records) {
  return static_cast<int64_t>(sizeof(Cluster)) * (records + records / 4 + 8);
}

absl::Status ClusterTable::Reserve(int64_t records) {
  const int64_t bytes = BytesFor(records);
  DQ_RETURN_IF_ERROR(taken_.Take(static_cast<size_t>(bytes)));
  slots_ = HugeArray<Cluster>(static_cast<size_t>(bytes) / sizeof(Cluster));
  return absl::OkStatus();
}

void ClusterTable::Add(const RecordHash& hash, double rank, int64_t row) {
  Cluster& cluster = slots_[Find(hash)];
  if (cluster.records == 0) {
    cluster = {hash.key_high, hash.key_low, hash.exact, rank, row, 1};
    return;
  }
  ++cluster.records;
  if (rank <= cluster.rank) return;
  cluster.spelling = hash.exact;
  cluster.rank = rank;
  cluster.row = row;
}

// The slot that holds the record's cluster, or the free one where it belongs.
size_t ClusterTable::Find(const RecordHash& hash) const {
  size_t slot = ((hash.key_low >> 32) * slots_.size()) >> 32;
  for (;; slot = slot + 1 == slots_.size() ? 0 : slot + 1) {
    const Cluster& cluster = slots_[slot];
    if (cluster.records == 0) return slot;
    if (cluster.key_low == hash.key_low && cluster.key_high == hash.key_high) return slot;
  }
}

}  // namespace dq
