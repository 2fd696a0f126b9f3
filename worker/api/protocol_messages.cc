#include "worker/api/protocol_messages.h"

#include <utility>

#include "common/base/error.h"
#include "worker/api/outcome_messages.h"

namespace dq {
namespace {

// A lease report without its payload, roughly.
constexpr size_t kLeaseReportBytes = 160;

// What cannot be read here cannot be read by a scheduler either: it would end the stream, with
// every other lease on it.
void SetOutcome(const std::string& payload, v1::Outcome& outcome) {
  if (outcome.ParseFromString(payload)) return;
  const absl::Status unreadable =
      MakeError(absl::StatusCode::kInternal, "CRASHED",
                "the worker made an outcome that cannot be sent", {{"category", "system"}});
  outcome.ParseFromString(FailedOutcome(unreadable));
}

void SetStatus(const LeaseView& view, v1::LeaseReport& report) {
  switch (view.status) {
    case LeaseStatus::kRunning:
      if (!report.mutable_progress()->ParseFromString(*view.payload)) {
        report.mutable_progress()->Clear();
      }
      return;
    case LeaseStatus::kEnded:
      SetOutcome(*view.payload, *report.mutable_outcome());
      return;
    case LeaseStatus::kStopped:
      report.mutable_outcome()->mutable_stopped();
      return;
    case LeaseStatus::kReleased:
      report.mutable_outcome()->mutable_released();
      return;
  }
}

void SetCheckpoint(const LeaseView& view, v1::LeaseReport& report) {
  if (view.checkpoint->empty()) return;
  if (!report.mutable_checkpoint()->ParseFromString(*view.checkpoint)) report.clear_checkpoint();
}

}  // namespace

v1::Lease ToMessage(const LeaseKey& lease) {
  v1::Lease message;
  message.set_job(lease.job);
  message.set_attempt(lease.attempt);
  message.set_token(lease.token);
  return message;
}

LeaseKey FromMessage(const v1::Lease& lease) {
  return {lease.job(), lease.attempt(), lease.token()};
}

std::vector<LeaseKey> FromMessages(const google::protobuf::RepeatedPtrField<v1::Lease>& leases) {
  std::vector<LeaseKey> keys;
  keys.reserve(static_cast<size_t>(leases.size()));
  for (const v1::Lease& lease : leases) keys.push_back(FromMessage(lease));
  return keys;
}

v1::WorkRequest HelloRequest(v1::Hello hello) {
  v1::WorkRequest request;
  *request.mutable_hello() = std::move(hello);
  return request;
}

v1::WorkRequest ReportRequest(v1::WorkReport report) {
  v1::WorkRequest request;
  *request.mutable_report() = std::move(report);
  return request;
}

v1::WorkReport MakeReport(std::span<const LeaseView> views) {
  v1::WorkReport report;
  report.mutable_leases()->Reserve(static_cast<int>(views.size()));
  size_t bytes = views.size() * kLeaseReportBytes;
  for (const LeaseView& view : views) {
    v1::LeaseReport& lease = *report.add_leases();
    *lease.mutable_lease() = ToMessage(*view.lease);
    bytes += view.payload->size() + view.checkpoint->size();
    SetCheckpoint(view, lease);
    if (bytes > kReportMessageBytesMax) {
      bytes -= view.payload->size();
      lease.mutable_progress();
    } else {
      SetStatus(view, lease);
    }
  }
  return report;
}

std::string SerialiseProgress(const ChainProgress& progress, absl::Time eta) {
  v1::Progress message;
  message.set_percent(progress.percent);
  message.set_stage(progress.stage);
  message.set_stage_index(progress.stage_index);
  message.set_stage_count(progress.stage_count);
  message.set_rows_done(progress.rows_done);
  message.set_bytes_done(progress.bytes_done);
  message.set_bytes_total(progress.bytes_total);
  message.set_current_step(progress.current_step);
  if (eta != absl::InfiniteFuture()) {
    message.mutable_estimated_end_time()->set_seconds(absl::ToUnixSeconds(eta));
  }
  return message.SerializeAsString();
}

std::string SerialiseCheckpoint(const LeaseKey& lease, const std::string& directory,
                                const SavedCheckpoint& saved) {
  v1::Checkpoint message;
  message.set_attempt(lease.attempt);
  message.set_sequence(saved.sequence);
  message.set_directory(directory);
  message.set_percent(saved.percent);
  message.set_stage(saved.stage);
  message.set_size_bytes(saved.bytes);
  message.set_fingerprint(saved.fingerprint);
  return message.SerializeAsString();
}

absl::Duration DurationOf(const google::protobuf::Duration& duration) {
  return absl::Seconds(duration.seconds()) + absl::Nanoseconds(duration.nanos());
}

}  // namespace dq
