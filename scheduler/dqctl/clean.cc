#include <filesystem>
#include <string_view>
#include <utility>

#include "common/base/error.h"
#include "common/base/random_id.h"
#include "common/base/status_macros.h"
#include "scheduler/dqctl/chain_request.h"
#include "scheduler/dqctl/clean_paths.h"
#include "scheduler/dqctl/follow.h"
#include "scheduler/dqctl/gate.h"
#include "scheduler/dqctl/inputs.h"
#include "scheduler/dqctl/local_clean.h"
#include "scheduler/dqctl/record.h"
#include "scheduler/dqctl/run.h"
#include "scheduler/dqctl/transfer.h"

namespace dq::dqctl {
namespace {

using dq::v1::Job;

// Uploads what has to be there first and creates the job. Every call carries a request id of this
// run, so that an answer that gets lost is asked for again without a second job.
absl::StatusOr<std::string> Submit(Client& client, const CleanCommand& command,
                                   dq::v1::JobSpec spec, const Session& session, Inputs& inputs) {
  const std::string run = "clean-" + RandomHex(12);
  DQ_ASSIGN_OR_RETURN(const std::string input, inputs.ResolveFile(command.file, run + "-input"));
  spec.set_input_file(input);
  DQ_RETURN_IF_ERROR(inputs.SetReference(command.chain, run + "-reference", spec));
  dq::v1::CreateJobRequest request;
  request.set_parent("projects/" + session.connection.project);
  request.set_request_id(run + "-job");
  *request.mutable_job()->mutable_spec() = std::move(spec);
  request.mutable_job()->set_display_name(std::filesystem::path(command.file).filename().string());
  DQ_ASSIGN_OR_RETURN(const auto response, client.CreateJob(request));
  return response.job().name();
}

// The name of the cleaned file says whether it is packed, unless a flag does; as in a local run.
void PackByName(std::string_view path, dq::v1::JobSpec& spec) {
  const char* const packing = path.ends_with(".gz")    ? "gzip"
                              : path.ends_with(".zst") ? "zstd"
                                                       : nullptr;
  if (packing != nullptr) spec.mutable_form()->insert({"output_compression", packing});
}

const dq::v1::OutputFile* FindOutput(const Job& job, dq::v1::OutputKind kind) {
  for (const dq::v1::OutputFile& output : job.output_files()) {
    if (output.kind() == kind) return &output;
  }
  return nullptr;
}

// Fetches the outputs that the command line asks for.
absl::Status Fetch(Client& client, const CleanCommand& command, const Job& job,
                   const dq::v1::Report& report, const Session& session) {
  ProgressDisplay display(session.console);
  const auto progress = [&display](int64_t done, int64_t total) {
    display.ShowTransfer("downloading", done, total);
  };
  for (const auto& [kind, path] : WantedOutputs(command, report)) {
    const dq::v1::OutputFile* output = FindOutput(job, kind);
    if (output == nullptr) {
      DQ_RETURN_IF_ERROR(WriteOutputWithoutRows(kind, path));
      continue;
    }
    dq::v1::File file;
    file.set_name(output->file());
    file.set_size_bytes(output->size_bytes());
    file.set_sha256(output->sha256());
    DQ_RETURN_IF_ERROR(DownloadToPath(client, file, path, progress));
  }
  RemoveStaleRejects(command, report);
  return absl::OkStatus();
}

absl::StatusOr<ExitCode> CleanWithFleet(const CleanCommand& command, Session& session) {
  DQ_ASSIGN_OR_RETURN(dq::v1::JobSpec spec, SpecOf(command.chain));
  PackByName(CleanedPath(command), spec);
  DQ_ASSIGN_OR_RETURN(const auto client, Connect(session));
  Inputs inputs(*client, session);
  const auto submitted = Submit(*client, command, std::move(spec), session, inputs);
  if (!submitted.ok()) return inputs.DropAfter(submitted.status());
  const std::string& name = *submitted;
  session.console.err << name << std::endl;
  if (command.detach) {
    DQ_ASSIGN_OR_RETURN(const Job job, client->GetJob(name));
    PrintRecord(session.console, command.format, job, JobDetails(job, session.console.now()));
    session.console.err << "detached. " << AttachHint(name) << std::endl;
    return ExitCode::kOk;
  }
  DQ_ASSIGN_OR_RETURN(const Job job, FollowJob(*client, name, session));
  if (job.state() != dq::v1::JOB_STATE_COMPLETED) return PrintEnd(job, session);
  const absl::StatusOr<dq::v1::Report> report = client->GetReport(job.report());
  DQ_RETURN_IF_ERROR(Detached(report.status(), name));
  DQ_RETURN_IF_ERROR(Detached(Fetch(*client, command, job, *report, session), name));
  PrintCleaned(command, *report, job.verdict(), session.console);
  return PrintEnd(job, session, FailedCondition(job.spec().gate(), *report));
}

// Refuses what would be ignored without a word.
absl::Status CheckOptions(const CleanCommand& command) {
  const auto usage = [](const char* message) {
    return MakeError(absl::StatusCode::kInvalidArgument, "USAGE", message);
  };
  DQ_ASSIGN_OR_RETURN(const dq::v1::Gate gate, ParseGate(command.chain.gate));
  if (gate.fail_on_schema_mismatch() && command.chain.reference.empty()) {
    return usage("--gate schema compares with a reference: give one with --reference");
  }
  const bool asks_for_files = !command.output.empty() || !command.report.empty() ||
                              !command.changes.empty() || !command.clusters.empty() ||
                              !command.rejects.empty() || !command.profile.empty() ||
                              !command.intermediate.empty();
  if (command.detach && asks_for_files) {
    return usage(
        "--detach writes no file here: leave out --output and the others, and fetch them "
        "with `dqctl file download` when the job is done");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ExitCode> Run(const CleanCommand& command, Session& session) {
  DQ_RETURN_IF_ERROR(CheckOptions(command));
  for (const std::string& stage : command.chain.stages) {
    if (stage != "noop") continue;
    return MakeError(absl::StatusCode::kInvalidArgument, "USAGE",
                     "the stage noop makes no file; use it with `dqctl job submit`");
  }
  if (command.local || IsLocalPath(command.file, "files")) {
    DQ_RETURN_IF_ERROR(CheckReadable(command.file));
  }
  DQ_RETURN_IF_ERROR(CheckOutputs(command));
  return command.local ? CleanLocally(command, session) : CleanWithFleet(command, session);
}

}  // namespace dq::dqctl
