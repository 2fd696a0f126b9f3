#include "scheduler/api/job_codec.h"

#include <string_view>
#include "common/base/error.h"

#include "dq/v1/worker_service.pb.h"
#include "scheduler/api/resource_name.h"
#include "scheduler/api/time_codec.h"
#include "scheduler/core/state_table.h"

namespace dq {
namespace {

bool IsSet(absl::Time time) { return time > absl::InfinitePast() && time < absl::InfiniteFuture(); }

v1::JobState StateToProto(JobState state) { return static_cast<v1::JobState>(state); }

void SetStatus(const JobStatus& status, v1::Job& job) {
  job.set_state(StateToProto(status.state));
  job.set_attempt(status.attempt);
  job.set_charges(status.charges);
  if (!status.worker.empty()) job.set_worker("workers/" + status.worker);
  if (status.wait_reason != WaitReason::kNone) {
    job.mutable_wait()->set_reason(static_cast<v1::WaitReason>(status.wait_reason));
    if (IsSet(status.wait_until)) {
      *job.mutable_wait()->mutable_until() = ToProto(status.wait_until);
    }
  }
  if (!status.error.reason.empty()) {
    *job.mutable_error() = ToProto(status.error);
  }
  if (IsSet(status.start_time)) *job.mutable_start_time() = ToProto(status.start_time);
  if (IsSet(status.end_time)) *job.mutable_end_time() = ToProto(status.end_time);
  job.set_etag(std::to_string(status.version));
}

void SetResult(const JobRecord& record, v1::Job& job) {
  if (!record.result.has_value()) return;
  const JobResult& result = *record.result;
  job.set_verdict(static_cast<v1::Verdict>(result.verdict));
  if (result.quality_score.has_value()) job.set_quality_score(*result.quality_score);
  for (const JobOutput& output : result.outputs) {
    auto& file = *job.add_output_files();
    file.set_kind(static_cast<v1::OutputKind>(output.kind));
    file.set_file(ResourceText(record.name.project, kFiles, output.file_id));
    file.set_size_bytes(output.size_bytes);
    file.set_sha256(output.sha256);
    if (output.kind == v1::OUTPUT_KIND_REPORT) {
      job.set_report(ResourceText(record.name.project, kReports, record.name.id));
    }
  }
}

// Only a job that asked for an earlier result can have one.
void SetCachedFrom(const JobRecord& record, v1::Job& job) {
  v1::Grant grant;
  const bool may = job.spec().use_cached_result() && record.status.attempt == 0 &&
                   record.status.state == JobState::kCompleted;
  if (may && grant.ParseFromString(record.payload.grant)) job.set_cached_from(grant.cached_from());
}

void SetCheckpoint(const JobRecord& record, v1::Job& job) {
  if (record.checkpoint == nullptr) return;
  v1::JobCheckpoint& checkpoint = *job.mutable_checkpoint();
  checkpoint.set_attempt(record.checkpoint->attempt);
  checkpoint.set_percent(record.checkpoint->percent);
  checkpoint.set_stage(record.checkpoint->stage);
  *checkpoint.mutable_create_time() = ToProto(record.checkpoint->time);
}

}  // namespace

v1::Job ToProto(const JobRecord& record) {
  v1::Job job;
  job.set_name(JobText(record.name));
  job.set_uid(record.uid);
  job.set_display_name(record.display_name);
  if (!job.mutable_spec()->ParseFromString(record.payload.spec)) job.clear_spec();
  job.mutable_labels()->insert(record.labels.begin(), record.labels.end());
  job.set_created_by(record.created_by);
  job.set_batch(ResourceText(record.name.project, kBatches, record.batch.id));
  job.set_operation_index(record.batch.index);
  *job.mutable_create_time() = ToProto(record.create_time);
  SetStatus(record.status, job);
  SetResult(record, job);
  SetCachedFrom(record, job);
  SetCheckpoint(record, job);
  if (record.status.state == JobState::kCompleted) job.mutable_progress()->set_percent(100);
  return job;
}

v1::Job ToProto(const JobView& view) {
  v1::Job job = ToProto(view.record);
  if (IsLeased(view.record.status.state)) *job.mutable_progress() = ToProto(view.progress);
  if (view.record.status.state == JobState::kQueued) {
    job.mutable_wait()->set_position(view.queue_position);
  }
  return job;
}

v1::Progress ToProto(const JobProgress& progress) {
  v1::Progress proto;
  proto.set_percent(progress.percent);
  proto.set_stage(progress.stage);
  proto.set_stage_index(progress.stage_index);
  proto.set_stage_count(progress.stage_count);
  proto.set_rows_done(progress.rows_done);
  proto.set_bytes_done(progress.bytes_done);
  proto.set_bytes_total(progress.bytes_total);
  proto.set_current_step(progress.current_step);
  if (IsSet(progress.estimated_end_time)) {
    *proto.mutable_estimated_end_time() = ToProto(progress.estimated_end_time);
  }
  return proto;
}

v1::JobEvent ToProto(const JobEventRecord& event) {
  v1::JobEvent proto;
  proto.set_sequence(event.sequence);
  *proto.mutable_time() = ToProto(event.time);
  proto.set_event(std::string(EventName(event.event)));
  if (event.from.has_value()) proto.set_from_state(StateToProto(*event.from));
  proto.set_to_state(StateToProto(event.to));
  proto.set_attempt(event.attempt);
  proto.set_worker(event.worker);
  proto.set_actor(event.actor);
  proto.set_reason(event.reason);
  proto.set_message(event.message);
  return proto;
}

v1::JobError ToProto(const JobFailure& failure) {
  v1::JobError error;
  error.set_reason(failure.reason);
  error.set_message(failure.message);
  error.mutable_metadata()->insert(failure.metadata.begin(), failure.metadata.end());
  return error;
}

v1::JobError ErrorToProto(const absl::Status& status) {
  return ToProto(JobFailure{ReasonOf(status), MessageOf(status), MetadataOf(status)});
}

}  // namespace dq
