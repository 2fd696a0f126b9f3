#include "scheduler/api/earlier_result.h"

#include <algorithm>
#include <future>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/base/status_macros.h"
#include "dq/v1/report.pb.h"
#include "google/protobuf/util/json_util.h"
#include "scheduler/api/job_creation.h"
#include "scheduler/api/resource_name.h"

namespace dq {
namespace {

constexpr int kJobsLookedAtMax = 100;

// What of a grant decides about the result.
v1::Grant WorkOf(const v1::Grant& grant) {
  v1::Grant work;
  *work.mutable_stages() = grant.stages();
  work.mutable_input()->set_sha256(grant.input().sha256());
  work.mutable_input()->set_display_name(grant.input().display_name());
  if (grant.has_reference()) {
    work.mutable_reference()->set_sha256(grant.reference().sha256());
    *work.mutable_reference()->mutable_key_columns() = grant.reference().key_columns();
  }
  if (grant.has_gate()) *work.mutable_gate() = grant.gate();
  *work.mutable_form() = grant.form();
  return work;
}

bool Offers(const WorkerView& worker, const std::vector<std::string>& stages) {
  return worker.is_connected && !worker.drain.has_value() &&
         std::ranges::all_of(stages, [&](const std::string& stage) {
           return std::ranges::find(worker.stages, stage) != worker.stages.end();
         });
}

// Returns the versions of the connected workers that could run these stages; none, when the
// scheduler does not know them.
std::set<std::string> EngineVersions(Scheduler& scheduler, const std::vector<std::string>& stages) {
  const auto answer = std::make_shared<std::promise<absl::StatusOr<std::vector<WorkerView>>>>();
  scheduler.ListWorkers([answer](absl::StatusOr<std::vector<WorkerView>> workers) {
    answer->set_value(std::move(workers));
  });
  const auto workers = answer->get_future().get();
  std::set<std::string> versions;
  if (!workers.ok()) return versions;
  for (const WorkerView& worker : *workers) {
    if (Offers(worker, stages)) versions.insert(worker.version);
  }
  return versions;
}

// Returns the version of the engine that wrote a report; empty for what is no report.
std::string EngineOf(const std::string& report_json) {
  v1::Report report;
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  const auto parsed = google::protobuf::util::JsonStringToMessage(report_json, &report, options);
  return parsed.ok() ? report.provenance().version() : "";
}

// Returns whether every output is there as it was recorded.
absl::StatusOr<bool> HasItsFiles(const ApiPorts& ports, const JobRecord& job) {
  for (const JobOutput& output : job.result->outputs) {
    const auto file = ports.catalog.GetFile(job.name.project, output.file_id);
    if (absl::IsUnavailable(file.status())) return file.status();
    if (!file.ok()) return false;
    const auto object = ports.objects.Stat(file->uri);
    if (!object.ok() || object->size_bytes != output.size_bytes) return false;
  }
  return !job.result->outputs.empty();
}

// Returns the result of `job` with its report; nothing, when it is not to be had or of another
// engine.
absl::StatusOr<std::optional<JobResult>> ResultOf(const ApiPorts& ports, const JobRecord& job,
                                                  const std::set<std::string>& engines) {
  auto report = ports.jobs.GetReportJson(job.name);
  if (absl::IsUnavailable(report.status())) return report.status();
  if (!report.ok() || !engines.contains(EngineOf(*report))) return std::nullopt;
  DQ_ASSIGN_OR_RETURN(const bool has_files, HasItsFiles(ports, job));
  if (!has_files) return std::nullopt;
  JobResult result = *job.result;
  result.report_json = *std::move(report);
  return result;
}

bool WaitsForSomething(const JobRecord& record, absl::Time now) {
  return !record.dependencies.empty() || record.rules.not_before > now;
}

}  // namespace

bool IsSameWork(const v1::Grant& a, const v1::Grant& b) {
  return BodyHash(WorkOf(a)) == BodyHash(WorkOf(b));
}

absl::Status UseEarlierResult(const ApiPorts& ports, const v1::JobSpec& spec, JobRecord& record) {
  const bool looks = spec.use_cached_result() && !record.file_ids.empty() &&
                     !WaitsForSomething(record, ports.clock.Now());
  if (!looks) return absl::OkStatus();
  const std::set<std::string> engines = EngineVersions(ports.scheduler, record.rules.stages);
  v1::Grant grant;
  if (engines.empty() || !grant.ParseFromString(record.payload.grant)) return absl::OkStatus();
  DQ_ASSIGN_OR_RETURN(const std::vector<JobRecord> jobs,
                      ports.jobs.FindCompleted(record.name.project, record.file_ids.front(),
                                               grant.input().sha256(), kJobsLookedAtMax));
  for (const JobRecord& job : jobs) {
    v1::Grant earlier;
    if (!earlier.ParseFromString(job.payload.grant) || !IsSameWork(grant, earlier)) continue;
    DQ_ASSIGN_OR_RETURN(std::optional<JobResult> result, ResultOf(ports, job, engines));
    if (!result) continue;
    // The one that ran.
    grant.set_cached_from(earlier.cached_from().empty() ? JobText(job.name)
                                                        : earlier.cached_from());
    record.payload.grant = grant.SerializeAsString();
    record.result = *std::move(result);
    record.has_earlier_result = true;
    return absl::OkStatus();
  }
  return absl::OkStatus();
}

}  // namespace dq
