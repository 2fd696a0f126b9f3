#include "scheduler/api/batch_codec.h"

#include <algorithm>
#include <string>

#include "scheduler/api/resource_name.h"
#include "scheduler/api/time_codec.h"
#include "scheduler/core/batch_rollup.h"

namespace dq {
namespace {

v1::BatchCounts CountsOf(const BatchView& view) {
  const BatchCounts counts = CountOperations(view);
  v1::BatchCounts proto;
  proto.set_total(OperationsOf(view.record));
  proto.set_pending(counts.pending);
  proto.set_queued(counts.queued);
  proto.set_processing(counts.processing);
  proto.set_pausing(counts.pausing);
  proto.set_paused(counts.paused);
  proto.set_cancelling(counts.cancelling);
  proto.set_completed(counts.completed);
  proto.set_failed(counts.failed);
  proto.set_cancelled(counts.cancelled);
  proto.set_skipped(counts.skipped);
  return proto;
}

// Sets how far a source has become operations, if there is one.
void SetExpansion(const BatchRecord& record, v1::Batch& batch) {
  if (record.expansion == BatchExpansion::kNone) return;
  v1::BatchExpansion& expansion = *batch.mutable_expansion();
  expansion.set_state(static_cast<v1::BatchExpansionState>(record.expansion));
  expansion.set_found(std::max(record.found, record.operations));
  expansion.set_recorded(record.operations);
  if (record.halt_reason.empty()) return;
  expansion.mutable_error()->set_reason(record.halt_reason);
  expansion.mutable_error()->set_message(record.halt_message);
  const bool by_user = record.halt_reason.starts_with("BATCH_");
  expansion.mutable_error()->mutable_metadata()->insert(
      {"category", by_user ? "processing" : "file"});
}

}  // namespace

v1::Batch ToProto(const BatchView& view, double running_share, absl::Time now) {
  const BatchRecord& record = view.record;
  v1::Batch batch;
  batch.set_name(ResourceText(record.project, kBatches, record.id));
  batch.set_uid(record.uid);
  batch.set_display_name(record.display_name);
  batch.set_mode(static_cast<v1::BatchMode>(record.mode));
  batch.set_max_parallel(record.max_parallel);
  batch.set_stop_on_error(record.stop_on_error);
  batch.mutable_labels()->insert(record.labels.begin(), record.labels.end());
  batch.set_state(static_cast<v1::BatchState>(RollUp(view)));
  *batch.mutable_counts() = CountsOf(view);
  batch.set_percent_complete(PercentComplete(view, running_share));
  if (const auto left = TimeRemaining(view, running_share, now)) {
    *batch.mutable_estimated_time_remaining() = ToProto(*left);
  }
  SetExpansion(record, batch);
  batch.set_retries(record.retries);
  batch.set_created_by(record.created_by);
  *batch.mutable_create_time() = ToProto(record.create_time);
  if (record.end_time != absl::InfinitePast()) {
    *batch.mutable_end_time() = ToProto(record.end_time);
  }
  batch.set_etag(std::to_string(record.version));
  return batch;
}

}  // namespace dq
