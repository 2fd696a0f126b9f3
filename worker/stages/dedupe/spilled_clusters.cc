#include "worker/stages/dedupe/spilled_clusters.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <string_view>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "common/base/status_macros.h"
#include "worker/chain/stage.h"
#include "worker/stages/dedupe/dedupe_rules.h"

namespace dq {
namespace {

constexpr double kUndecided = std::numeric_limits<double>::quiet_NaN();
// Values of a partition whose meaning is remembered.
constexpr size_t kKnownValuesMax = 16'384;

template <typename T>
void AppendNumber(std::string& out, T number) {
  out.append(reinterpret_cast<const char*>(&number), sizeof(number));
}

template <typename T>
T TakeNumber(std::string_view& text) {
  T number{};
  std::memcpy(&number, text.data(), sizeof(number));
  text.remove_prefix(sizeof(number));
  return number;
}

// Gives the values that decide out again, by the rows they are of.
class ValueLookUp {
 public:
  ValueLookUp(const RecordRanks& ranks, PartitionedBytes::Cursor cursor, UnrankedCells& unranked)
      : ranks_(ranks), cursor_(std::move(cursor)), unranked_(unranked) {}

  // The rank of the record in `row`; rows ascend. Records before it that are alone count too.
  absl::StatusOr<double> RankOf(int64_t row) {
    for (;;) {
      DQ_ASSIGN_OR_RETURN(const auto entry, cursor_.Next());
      if (!entry.has_value()) return kNoRank;
      std::string_view value = *entry;
      const auto of = TakeNumber<int64_t>(value);
      const double rank = Decide(value, of);
      if (of == row) return rank;
    }
  }

 private:
  double Decide(std::string_view value, int64_t row) {
    if (known_.size() == kKnownValuesMax) known_.clear();
    const auto [known, is_new] = known_.try_emplace(std::string(value), kNoRank);
    if (is_new) known->second = ranks_.RankOf(value).value_or(kNoRank);
    if (known->second == kNoRank) unranked_.Add(value, row);
    return known->second;
  }

  const RecordRanks& ranks_;
  PartitionedBytes::Cursor cursor_;
  UnrankedCells& unranked_;
  absl::flat_hash_map<std::string, double> known_;
};

}  // namespace

SpilledClusters::SpilledClusters(RecordRanks ranks, const DedupeOptions& options, size_t columns,
                                 MemoryBudget& memory)
    : ranks_(std::move(ranks)),
      newest_column_(options.newest_column),
      merges_(options.merge),
      columns_(columns),
      memory_(memory) {}

absl::StatusOr<std::unique_ptr<SpilledClusters>> SpilledClusters::Create(
    const DedupeOptions& options, const std::vector<std::string>& columns, int temp_dir_fd,
    MemoryBudget& memory) {
  DQ_ASSIGN_OR_RETURN(RecordRanks ranks, RecordRanks::Create(options, columns));
  std::unique_ptr<SpilledClusters> made(
      new SpilledClusters(std::move(ranks), options, columns.size(), memory));
  DQ_ASSIGN_OR_RETURN(made->records_, PartitionedSpill<Record>::Create(temp_dir_fd, kPartitions));
  DQ_ASSIGN_OR_RETURN(made->values_, PartitionedBytes::Create(temp_dir_fd, kPartitions + 1));
  DQ_ASSIGN_OR_RETURN(made->cells_, PartitionedBytes::Create(temp_dir_fd, kPartitions));
  DQ_ASSIGN_OR_RETURN(made->members_, PartitionedSpill<Member>::Create(temp_dir_fd, kPartitions));
  DQ_ASSIGN_OR_RETURN(made->merged_, PartitionedBytes::Create(temp_dir_fd, kPartitions));
  return made;
}

absl::Status SpilledClusters::Add(const RowBatch& batch, size_t row, const RecordHash& hash) {
  const size_t partition = hash.key_high % kPartitions;
  const int64_t number = batch.row(row).number;
  const std::optional<double> rank = ranks_.Rank(batch, row);
  if (!rank.has_value()) {
    text_.clear();
    AppendNumber(text_, number);
    text_ += ranks_.ValueOf(batch, row);
    DQ_RETURN_IF_ERROR(values_->Add(partition, text_));
  }
  if (merges_) {
    text_.clear();
    AppendCells(text_, batch, row);
    DQ_RETURN_IF_ERROR(cells_->Add(partition, text_));
  }
  return records_->Add(partition, {hash, number, rank.value_or(kUndecided)});
}

absl::Status SpilledClusters::AddAlone(const RowBatch& batch, size_t row) {
  if (ranks_.Rank(batch, row).has_value()) return absl::OkStatus();
  text_.clear();
  AppendNumber(text_, batch.row(row).number);
  text_ += ranks_.ValueOf(batch, row);
  return values_->Add(kPartitions, text_);
}

// As many as fit in memory beside each other; cells are merged by one at a time.
size_t SpilledClusters::PartitionsAtOnce(TaskPool& pool) const {
  if (merges_) return 1;
  int64_t records = 0;
  for (size_t i = 0; i < kPartitions; ++i) records = std::max(records, records_->count(i));
  const int64_t bytes =
      ClusterTable::BytesFor(records) + records * static_cast<int64_t>(sizeof(Member));
  return static_cast<size_t>(
      std::clamp<int64_t>(memory_.available_bytes() / bytes, 1, pool.threads()));
}

absl::Status SpilledClusters::Find(TaskPool& pool, const std::function<bool()>& stop) {
  UnrankedCells unranked = ranks_.unranked();
  const size_t at_once = PartitionsAtOnce(pool);
  for (size_t first = 0; first < kPartitions; first += at_once) {
    DQ_RETURN_IF_ERROR(CheckStop(stop));
    std::vector<Found> found(std::min(at_once, kPartitions - first));
    DQ_RETURN_IF_ERROR(
        pool.ParallelFor(found.size(), [&](size_t i) { return FindIn(first + i, found[i]); }));
    for (size_t i = 0; i < found.size(); ++i) {
      DQ_RETURN_IF_ERROR(Keep(first + i, found[i]));
      unranked.Add(found[i].unranked);
    }
  }
  ValueLookUp alone(ranks_, PartitionedBytes::Cursor(*values_, kPartitions), unranked);
  DQ_RETURN_IF_ERROR(alone.RankOf(std::numeric_limits<int64_t>::max()).status());
  note_ = unranked.Note(newest_column_);
  learned_bytes_ = spilled_bytes() - members_->spilled_bytes() - merged_->spilled_bytes();
  records_.reset();
  values_.reset();
  cells_.reset();
  return absl::OkStatus();
}

absl::Status SpilledClusters::FindIn(size_t partition, Found& found) const {
  found.table = std::make_unique<ClusterTable>(memory_);
  DQ_RETURN_IF_ERROR(BuildTable(partition, found));
  return ListMembers(partition, found);
}

absl::Status SpilledClusters::BuildTable(size_t partition, Found& found) const {
  DQ_RETURN_IF_ERROR(found.table->Reserve(records_->count(partition)));
  ValueLookUp values(ranks_, PartitionedBytes::Cursor(*values_, partition), found.unranked);
  PartitionedSpill<Record>::Cursor cursor(*records_, partition);
  for (;; cursor.Advance()) {
    DQ_ASSIGN_OR_RETURN(const Record* const record, cursor.Peek());
    if (record == nullptr) return absl::OkStatus();
    double rank = record->rank;
    if (std::isnan(rank)) {
      DQ_ASSIGN_OR_RETURN(rank, values.RankOf(record->row));
    }
    found.table->Add(record->hash, rank, record->row);
  }
}

absl::Status SpilledClusters::ListMembers(size_t partition, Found& found) const {
  size_t members = 0;
  for (const ClusterTable::Cluster& cluster : found.table->slots()) {
    if (cluster.records > 1) members += static_cast<size_t>(cluster.records);
  }
  found.members_bytes.emplace(memory_, "finding duplicates");
  DQ_RETURN_IF_ERROR(found.members_bytes->Take(members * sizeof(Member)));
  found.members.reserve(members);
  PartitionedSpill<Record>::Cursor cursor(*records_, partition);
  for (;; cursor.Advance()) {
    DQ_ASSIGN_OR_RETURN(const Record* const record, cursor.Peek());
    if (record == nullptr) return absl::OkStatus();
    const ClusterTable::Cluster& cluster = found.table->Of(record->hash);
    if (cluster.records < 2) continue;
    const bool same = record->hash.exact == cluster.spelling;
    found.members.push_back({record->row, cluster.row, same ? 1 : 0});
  }
}

absl::Status SpilledClusters::Keep(size_t partition, const Found& found) {
  for (const Member& member : found.members) {
    DQ_RETURN_IF_ERROR(members_->Add(partition, member));
  }
  for (const ClusterTable::Cluster& cluster : found.table->slots()) {
    if (cluster.records > 1) ++clusters_by_size_[ClusterSizeClass(cluster.records)];
  }
  return merges_ && !found.members.empty() ? Merge(partition, *found.table) : absl::OkStatus();
}

absl::Status SpilledClusters::Merge(size_t partition, const ClusterTable& table) {
  CellVotes votes(columns_, memory_);
  return votes.Count(
      [&](const CellVotes::Visit& visit) { return ScanClusters(partition, table, visit); },
      [&](const MergedCell& merged) { return AddMerged(partition, merged); });
}

absl::Status SpilledClusters::ScanClusters(size_t partition, const ClusterTable& table,
                                           const CellVotes::Visit& visit) const {
  PartitionedBytes::Cursor cells(*cells_, partition);
  PartitionedSpill<Record>::Cursor cursor(*records_, partition);
  for (;; cursor.Advance()) {
    DQ_ASSIGN_OR_RETURN(const Record* const record, cursor.Peek());
    if (record == nullptr) return absl::OkStatus();
    DQ_ASSIGN_OR_RETURN(const auto text, cells.Next());
    const ClusterTable::Cluster& cluster = table.Of(record->hash);
    if (cluster.records < 2) continue;
    DQ_RETURN_IF_ERROR(visit({.row = record->row,
                              .survivor = cluster.row,
                              .same_spelling = record->hash.exact == cluster.spelling,
                              .cells = *text}));
  }
}

absl::Status SpilledClusters::AddMerged(size_t partition, const MergedCell& merged) {
  text_.clear();
  AppendNumber(text_, merged.survivor);
  AppendNumber(text_, merged.column);
  text_ += merged.same_spelling ? '1' : '0';
  text_ += merged.value;
  return merged_->Add(partition, text_);
}

// Nothing for bytes that AddMerged does not make.
std::optional<MergedCell> SpilledClusters::DecodeMerged(std::string_view text) {
  MergedCell merged;
  if (text.size() < sizeof(merged.survivor) + sizeof(merged.column) + 1) return std::nullopt;
  merged.survivor = TakeNumber<int64_t>(text);
  merged.column = TakeNumber<uint32_t>(text);
  merged.same_spelling = text.front() == '1';
  merged.value = text.substr(1);
  return merged;
}

absl::Status SpilledClusters::NextMerged(MergeCursor& cursor) {
  DQ_ASSIGN_OR_RETURN(const auto text, cursor.cursor.Next());
  cursor.next = text.has_value() ? DecodeMerged(*text) : std::nullopt;
  return absl::OkStatus();
}

absl::Status SpilledClusters::Rewind() {
  member_cursors_.clear();
  merge_cursors_.clear();
  for (size_t i = 0; i < kPartitions; ++i) {
    member_cursors_.emplace_back(*members_, i);
    if (!merges_) continue;
    merge_cursors_.push_back({PartitionedBytes::Cursor(*merged_, i), {}});
    DQ_RETURN_IF_ERROR(NextMerged(merge_cursors_.back()));
  }
  return absl::OkStatus();
}

absl::Status SpilledClusters::LookUp(const RowBatch& batch, std::vector<Member>& members,
                                     std::vector<MergedCell>& merged) {
  members.assign(batch.row_count(), {});
  merged.clear();
  if (batch.row_count() == 0) return absl::OkStatus();
  const int64_t first = batch.row(0).number;
  const int64_t last = batch.row(batch.row_count() - 1).number;
  // Earlier ones belong to rows that a run before this one has seen.
  for (auto& cursor : member_cursors_) {
    for (;; cursor.Advance()) {
      DQ_ASSIGN_OR_RETURN(const Member* const member, cursor.Peek());
      if (member == nullptr || member->row > last) break;
      if (member->row >= first) members[batch.PlaceOf(member->row)] = *member;
    }
  }
  for (MergeCursor& cursor : merge_cursors_) {
    while (cursor.next.has_value() && cursor.next->survivor <= last) {
      if (cursor.next->survivor >= first) merged.push_back(std::move(*cursor.next));
      DQ_RETURN_IF_ERROR(NextMerged(cursor));
    }
  }
  std::sort(merged.begin(), merged.end(), [](const MergedCell& a, const MergedCell& b) {
    return std::pair(a.survivor, a.column) < std::pair(b.survivor, b.column);
  });
  return absl::OkStatus();
}

int64_t SpilledClusters::spilled_bytes() const {
  int64_t bytes = learned_bytes_ + members_->spilled_bytes() + merged_->spilled_bytes();
  if (records_ != nullptr) {
    bytes += records_->spilled_bytes() + values_->spilled_bytes() + cells_->spilled_bytes();
  }
  return bytes;
}

}  // namespace dq
