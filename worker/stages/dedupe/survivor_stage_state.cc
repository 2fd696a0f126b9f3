// How the stage of survivors is saved and restored: the clusters that its learn pass has found, and
// its counts while it applies.
#include "common/base/status_macros.h"
#include "worker/stages/dedupe/survivor_stage.h"
#include "worker/table/bytes/state_reader.h"
#include "worker/table/bytes/state_writer.h"

namespace dq {
namespace {

constexpr size_t kNoteBytesMax = size_t{1} << 20;
constexpr size_t kMergedBytesMax = size_t{1} << 30;
constexpr int64_t kSizeClassesMax = 100;

}  // namespace

absl::Status SpilledClusters::Save(StateWriter& writer) const {
  writer.Put(learned_bytes_);
  writer.PutText(note_);
  writer.Put(uint64_t{clusters_by_size_.size()});
  for (const auto& [size, clusters] : clusters_by_size_) {
    writer.Put(size);
    writer.Put(clusters);
  }
  for (size_t partition = 0; partition < kPartitions; ++partition) {
    writer.Put(members_->count(partition));
    PartitionedSpill<Member>::Cursor members(*members_, partition);
    for (;; members.Advance()) {
      DQ_ASSIGN_OR_RETURN(const Member* const member, members.Peek());
      if (member == nullptr) break;
      writer.Put(*member);
    }
    PartitionedBytes::Cursor merged(*merged_, partition);
    for (;;) {
      DQ_ASSIGN_OR_RETURN(const auto text, merged.Next());
      writer.Put(static_cast<uint8_t>(text.has_value()));
      if (!text.has_value()) break;
      writer.PutText(*text);
    }
  }
  return absl::OkStatus();
}

absl::Status SpilledClusters::Restore(StateReader& reader) {
  records_.reset();
  values_.reset();
  cells_.reset();
  learned_bytes_ = reader.GetCount(kStateCountMax);
  note_ = reader.GetText(kNoteBytesMax);
  const int64_t classes = reader.GetCount(kSizeClassesMax);
  for (int64_t i = 0; i < classes && reader.ok(); ++i) {
    const int64_t size = reader.GetCount(kStateCountMax);
    clusters_by_size_[size] = reader.GetCount(kStateCountMax);
  }
  for (size_t partition = 0; partition < kPartitions && reader.ok(); ++partition) {
    DQ_RETURN_IF_ERROR(RestorePartition(partition, reader));
  }
  return reader.status();
}

absl::Status SpilledClusters::RestorePartition(size_t partition, StateReader& reader) {
  const int64_t count = reader.GetCount(kStateCountMax);
  int64_t before = 0;
  for (int64_t i = 0; i < count && reader.ok(); ++i) {
    const auto member = reader.Get<Member>();
    if (member.row <= before) reader.Fail("its duplicates do not ascend");
    before = member.row;
    if (reader.ok()) DQ_RETURN_IF_ERROR(members_->Add(partition, member));
  }
  while (reader.ok() && reader.GetBool()) {
    const std::string text = reader.GetText(kMergedBytesMax);
    const std::optional<MergedCell> merged = DecodeMerged(text);
    if (!merged.has_value() || merged->column >= columns_) reader.Fail("a merged cell is broken");
    if (reader.ok()) DQ_RETURN_IF_ERROR(merged_->Add(partition, text));
  }
  return reader.status();
}

absl::Status SurvivorStage::SaveLearned(StateWriter& writer) const {
  return clusters_->Save(writer);
}

absl::Status SurvivorStage::RestoreLearned(StateReader& reader) {
  return clusters_->Restore(reader);
}

absl::Status SurvivorStage::SaveApplied(StateWriter& writer) const {
  for (const int64_t count : {rows_, exact_, normalised_, merged_cells_}) writer.Put(count);
  return absl::OkStatus();
}

absl::Status SurvivorStage::RestoreApplied(StateReader& reader) {
  for (int64_t* count : {&rows_, &exact_, &normalised_, &merged_cells_}) {
    *count = reader.GetCount(kStateCountMax);
  }
  // What was found is given out from the next row on.
  return reader.status();
}

}  // namespace dq
