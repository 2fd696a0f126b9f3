#include <algorithm>
#include <utility>
#include <vector>

#include "common/base/error.h"
#include "common/base/status_macros.h"
#include "google/protobuf/util/time_util.h"
#include "scheduler/dqctl/chain_request.h"
#include "scheduler/dqctl/follow.h"
#include "scheduler/dqctl/inputs.h"
#include "scheduler/dqctl/paging.h"
#include "scheduler/dqctl/record.h"
#include "scheduler/dqctl/run.h"
#include "scheduler/dqctl/submit_lines.h"

namespace dq::dqctl {
namespace {

using dq::v1::Job;

constexpr int kAllEvents = 100'000;

std::string JobName(const Session& session, const std::string& text) {
  return ResourceName(session.connection.project, "jobs", text);
}

void PrintJob(const Session& session, OutputFormat format, const Job& job) {
  PrintRecord(session.console, format, job, JobDetails(job, session.console.now()));
}

// Uploads what has to be there first and creates the job.
absl::StatusOr<dq::v1::CreateJobResponse> Create(Client& client, const JobSubmitCommand& command,
                                                 Inputs& inputs,
                                                 dq::v1::CreateJobRequest& request) {
  dq::v1::JobSpec& spec = *request.mutable_job()->mutable_spec();
  if (!command.input.empty()) {
    DQ_ASSIGN_OR_RETURN(*spec.mutable_input_file(),
                        inputs.ResolveFile(command.input, request.request_id() + "-input"));
  }
  DQ_RETURN_IF_ERROR(inputs.SetReference(command.chain, request.request_id() + "-ref", spec));
  return client.CreateJob(request);
}

void SetTimes(const JobSubmitCommand& command, dq::v1::JobSpec& spec) {
  using google::protobuf::util::TimeUtil;
  if (command.timeout > absl::ZeroDuration()) {
    *spec.mutable_execution_timeout() =
        TimeUtil::MillisecondsToDuration(absl::ToInt64Milliseconds(command.timeout));
  }
  if (command.no_progress_timeout > absl::ZeroDuration()) {
    *spec.mutable_no_progress_timeout() =
        TimeUtil::MillisecondsToDuration(absl::ToInt64Milliseconds(command.no_progress_timeout));
  }
  if (command.not_before) {
    *spec.mutable_not_before() =
        TimeUtil::MillisecondsToTimestamp(absl::ToUnixMillis(*command.not_before));
  }
  if (command.start_deadline) {
    *spec.mutable_start_deadline() =
        TimeUtil::MillisecondsToTimestamp(absl::ToUnixMillis(*command.start_deadline));
  }
}

dq::v1::CreateJobRequest RequestOf(const JobSubmitCommand& command, const Session& session) {
  dq::v1::CreateJobRequest request;
  request.set_parent("projects/" + session.connection.project);
  request.set_job_id(command.job_id);
  const CreationOptions& creation = command.creation;
  request.set_request_id(RequestIdOf(creation, "submit-"));
  Job* job = request.mutable_job();
  job->set_display_name(creation.display_name);
  job->mutable_labels()->insert(creation.labels.begin(), creation.labels.end());
  return request;
}

}  // namespace

absl::StatusOr<ExitCode> Run(const JobSubmitCommand& command, Session& session) {
  if (!command.from_file.empty()) return SubmitLines(command, session);
  DQ_ASSIGN_OR_RETURN(dq::v1::JobSpec spec, SpecOf(command.chain));
  DQ_ASSIGN_OR_RETURN(const auto client, Connect(session));
  dq::v1::CreateJobRequest request = RequestOf(command, session);
  SetPlace(command.creation, spec);
  for (const std::string& job : command.depends_on) {
    spec.add_depends_on(JobName(session, job));
  }
  spec.set_concurrency_key(command.concurrency_key);
  spec.set_concurrency_limit(command.concurrency_limit);
  SetTimes(command, spec);
  *request.mutable_job()->mutable_spec() = std::move(spec);
  Inputs inputs(*client, session);
  const auto response = Create(*client, command, inputs, request);
  if (!response.ok()) return inputs.DropAfter(response.status());
  if (response->existed()) session.console.err << "the job existed already\n";
  PrintJob(session, command.format, response->job());
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> Run(const JobGetCommand& command, Session& session) {
  DQ_ASSIGN_OR_RETURN(const auto client, Connect(session));
  DQ_ASSIGN_OR_RETURN(const Job job, client->GetJob(JobName(session, command.name)));
  PrintJob(session, command.format, job);
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> Run(const JobListCommand& command, Session& session) {
  DQ_ASSIGN_OR_RETURN(const auto client, Connect(session));
  dq::v1::ListJobsRequest request;
  request.set_parent("projects/" + session.connection.project);
  request.set_filter(command.filter);
  DQ_ASSIGN_OR_RETURN(
      const std::vector<Job> jobs,
      (ListUpTo<Job>(
          command.limit, request, [&](const auto& page) { return client->ListJobs(page); },
          [](const auto& response) { return response.jobs(); })));
  PrintRecords(session.console, command.format, jobs, JobsTable(jobs));
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> Run(const JobFollowCommand& command, Session& session) {
  DQ_ASSIGN_OR_RETURN(const auto client, Connect(session));
  const std::string name = JobName(session, command.name);
  session.watch.timeout = command.timeout;
  absl::StatusOr<Job> job;
  if (command.show_progress) {
    job = FollowJob(*client, name, session);
  } else {
    const WatchObserver silent{.on_job = [](const Job&) {}, .on_connection = [](const auto&) {}};
    job = WatchJob(*client, name, session.watch, silent, session.interrupt);
    if (!job.ok()) return Detached(job.status(), name);
  }
  DQ_RETURN_IF_ERROR(job.status());
  PrintJob(session, command.format, *job);
  return PrintEnd(*job, session);
}

absl::StatusOr<ExitCode> Run(const JobActionCommand& command, Session& session) {
  DQ_ASSIGN_OR_RETURN(const auto client, Connect(session));
  const std::string name = JobName(session, command.name);
  DQ_ASSIGN_OR_RETURN(const Job job, client->ActOnJob(command.kind, name, command.reason));
  PrintJob(session, command.format, job);
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> Run(const JobEventsCommand& command, Session& session) {
  DQ_ASSIGN_OR_RETURN(const auto client, Connect(session));
  dq::v1::ListJobEventsRequest request;
  request.set_parent(JobName(session, command.name));
  DQ_ASSIGN_OR_RETURN(
      const std::vector<dq::v1::JobEvent> events,
      (ListUpTo<dq::v1::JobEvent>(
          kAllEvents, request, [&](const auto& page) { return client->ListJobEvents(page); },
          [](const auto& response) { return response.events(); })));
  PrintRecords(session.console, command.format, events, EventsTable(events));
  return ExitCode::kOk;
}

}  // namespace dq::dqctl
