// How stage `complete` is saved and restored: while it learns, its profiles and its sample, from
// which EndLearn derives the rest again; while it applies, its counts.
#include "common/base/status_macros.h"
#include "worker/stages/complete/complete_stage.h"
#include "worker/table/bytes/state_reader.h"
#include "worker/table/bytes/state_writer.h"

namespace dq {

absl::Status CompleteStage::SaveLearned(StateWriter& writer) const {
  for (const ColumnProfile& profile : profiles_) profile.Save(writer);
  sample_->Save(writer);
  return absl::OkStatus();
}

absl::Status CompleteStage::RestoreLearned(StateReader& reader) {
  for (ColumnProfile& profile : profiles_) {
    profile.Restore(reader);
    DQ_RETURN_IF_ERROR(reader.status());
  }
  DQ_RETURN_IF_ERROR(TakeProfileMemory());
  return sample_->Restore(reader);
}

absl::Status CompleteStage::SaveApplied(StateWriter& writer) const {
  for (const int64_t count : {after_.cells, after_.missing, after_.invalid}) writer.Put(count);
  for (size_t column = 0; column < columns_.size(); ++column) {
    FillCounts sum;
    for (const RowFiller& filler : fillers_) sum.Add(filler.counts()[column]);
    writer.Put(sum.filled);
    writer.Put(sum.cleared);
    writer.Put(sum.left_missing);
    for (const int64_t bin : sum.histogram) writer.Put(bin);
  }
  return absl::OkStatus();
}

// The sums are one filler's: it does not matter whose.
absl::Status CompleteStage::RestoreApplied(StateReader& reader) {
  for (int64_t* count : {&after_.cells, &after_.missing, &after_.invalid}) {
    *count = reader.GetCount(kStateCountMax);
  }
  for (size_t column = 0; column < columns_.size(); ++column) {
    FillCounts sum;
    sum.filled = reader.GetCount(kStateCountMax);
    sum.cleared = reader.GetCount(kStateCountMax);
    sum.left_missing = reader.GetCount(kStateCountMax);
    for (int64_t& bin : sum.histogram) bin = reader.GetCount(kStateCountMax);
    fillers_.front().AddCounts(column, sum);
  }
  return reader.status();
}

}  // namespace dq
