// How stage `dedupe` is saved and restored: the duplicates that a learn pass has found, or the
// records it knows while it applies.
#include "common/base/status_macros.h"
#include "worker/stages/dedupe/dedupe_stage.h"
#include "worker/table/bytes/state_reader.h"
#include "worker/table/bytes/state_writer.h"

namespace dq {

void FirstRowSet::Save(StateWriter& writer) const {
  writer.Put(uint64_t{used_});
  for (const Slot& slot : slots_) {
    if (slot.packed != 0) writer.Put(slot);
  }
}

absl::Status FirstRowSet::Restore(StateReader& reader) {
  const int64_t records = reader.GetCount(reader.left_bytes() / static_cast<int64_t>(sizeof(Slot)));
  DQ_RETURN_IF_ERROR(reader.status());
  DQ_RETURN_IF_ERROR(Reserve(records));
  for (int64_t i = 0; i < records && reader.ok(); ++i) {
    const auto slot = reader.Get<Slot>();
    if (slot.packed == 0) reader.Fail("a record in it has no row");
    size_t to = Place(slot.key_low);
    while (slots_[to].packed != 0) to = After(to);
    slots_[to] = slot;
    ++used_;
  }
  return reader.status();
}

absl::Status SpilledDuplicates::Save(StateWriter& writer) const {
  writer.Put(records_bytes_);
  for (size_t partition = 0; partition < kPartitions; ++partition) {
    writer.Put(duplicates_->count(partition));
    PartitionedSpill<Duplicate>::Cursor cursor(*duplicates_, partition);
    for (;;) {
      DQ_ASSIGN_OR_RETURN(const Duplicate* const duplicate, cursor.Peek());
      if (duplicate == nullptr) break;
      writer.Put(duplicate->row);
      writer.Put(duplicate->earlier.row);
      writer.Put(static_cast<uint8_t>((duplicate->earlier.same_spelling ? 1 : 0) |
                                      (duplicate->earlier.first_repeat ? 2 : 0)));
      cursor.Advance();
    }
  }
  return absl::OkStatus();
}

absl::Status SpilledDuplicates::Restore(StateReader& reader) {
  records_.reset();
  records_bytes_ = reader.GetCount(kStateCountMax);
  for (size_t partition = 0; partition < kPartitions; ++partition) {
    const int64_t count = reader.GetCount(kStateCountMax);
    int64_t before = 0;
    for (int64_t i = 0; i < count && reader.ok(); ++i) {
      Duplicate duplicate;
      duplicate.row = reader.GetCount(kStateCountMax);
      duplicate.earlier.row = reader.GetCount(kStateCountMax);
      const auto flags = reader.Get<uint8_t>();
      duplicate.earlier.same_spelling = (flags & 1) != 0;
      duplicate.earlier.first_repeat = (flags & 2) != 0;
      if (duplicate.row <= before) reader.Fail("its duplicates do not ascend");
      before = duplicate.row;
      if (reader.ok()) DQ_RETURN_IF_ERROR(duplicates_->Add(partition, duplicate));
    }
  }
  return reader.status();
}

absl::Status DedupeStage::SaveLearned(StateWriter& writer) const { return spilled_->Save(writer); }

absl::Status DedupeStage::RestoreLearned(StateReader& reader) { return spilled_->Restore(reader); }

absl::Status DedupeStage::SaveApplied(StateWriter& writer) const {
  for (const int64_t count : {rows_, exact_, normalised_, cluster_count_}) writer.Put(count);
  if (spilled_ != nullptr) return absl::OkStatus();
  for (const FirstRowSet& rows : first_rows_) rows.Save(writer);
  return absl::OkStatus();
}

absl::Status DedupeStage::RestoreApplied(StateReader& reader) {
  for (int64_t* count : {&rows_, &exact_, &normalised_, &cluster_count_}) {
    *count = reader.GetCount(kStateCountMax);
  }
  // The duplicates that were found in a pass of their own are given out from the next row on.
  if (spilled_ != nullptr) return reader.status();
  for (FirstRowSet& rows : first_rows_) DQ_RETURN_IF_ERROR(rows.Restore(reader));
  return reader.status();
}

}  // namespace dq
