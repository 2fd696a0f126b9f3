#include <fnmatch.h>

#include <algorithm>
#include <filesystem>
#include <utility>
#include <vector>

#include "common/base/error.h"
#include "common/base/sha256.h"
#include "common/base/status_macros.h"
#include "common/rpc/connection_limits.h"
#include "scheduler/dqctl/batch_text.h"
#include "scheduler/dqctl/chain_request.h"
#include "scheduler/dqctl/inputs.h"
#include "scheduler/dqctl/paging.h"
#include "scheduler/dqctl/progress_display.h"
#include "scheduler/dqctl/record.h"
#include "scheduler/dqctl/run.h"

namespace dq::dqctl {
namespace {

using dq::v1::Batch;

constexpr size_t kUploadCharacters = 32;
constexpr size_t kFilesMax = 100'000;
constexpr absl::Duration kLookInterval = absl::Milliseconds(500);

std::string BatchName(const Session& session, const std::string& text) {
  return ResourceName(session.connection.project, "batches", text);
}

void PrintBatch(const Session& session, OutputFormat format, const Batch& batch) {
  PrintRecord(session.console, format, batch, BatchDetails(batch));
}

// Returns the files that are meant, those of a folder by name.
absl::StatusOr<std::vector<std::string>> FilesOf(const BatchSubmitCommand& command) {
  if (command.folder.empty()) return command.files;
  std::error_code error;
  std::vector<std::string> files;
  for (std::filesystem::directory_iterator entry(command.folder, error), end;
       !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename();
    const bool fits = ::fnmatch(command.glob.c_str(), name.c_str(), FNM_PERIOD) == 0;
    if (fits && entry->is_regular_file(error)) files.push_back(entry->path());
  }
  if (error) {
    return ErrnoError(error.value(), "DIRECTORY_UNREADABLE", "cannot list " + command.folder);
  }
  std::ranges::sort(files);
  return files;
}

absl::StatusOr<dq::v1::JobSpec> SpecOfAll(const BatchSubmitCommand& command,
                                          const std::string& request_id, Inputs& inputs) {
  DQ_ASSIGN_OR_RETURN(dq::v1::JobSpec spec, SpecOf(command.chain));
  DQ_RETURN_IF_ERROR(inputs.SetReference(command.chain, request_id + "-ref", spec));
  SetPlace(command.creation, spec);
  return spec;
}

dq::v1::CreateBatchRequest RequestOf(const BatchSubmitCommand& command, const Session& session) {
  dq::v1::CreateBatchRequest request;
  request.set_parent("projects/" + session.connection.project);
  request.set_batch_id(command.batch_id);
  const CreationOptions& creation = command.creation;
  request.set_request_id(RequestIdOf(creation, "batch-"));
  Batch& batch = *request.mutable_batch();
  batch.set_display_name(creation.display_name);
  batch.mutable_labels()->insert(creation.labels.begin(), creation.labels.end());
  batch.set_mode(command.sequential ? dq::v1::BATCH_MODE_SEQUENTIAL : dq::v1::BATCH_MODE_PARALLEL);
  batch.set_max_parallel(command.max_parallel);
  batch.set_stop_on_error(command.stop_on_error);
  return request;
}

absl::Status TooLarge(const std::string& what) {
  return MakeError(absl::StatusCode::kInvalidArgument, "USAGE",
                   what + ": submit several batches of fewer files");
}

// Adds an operation for each file, with the files uploaded.
absl::Status AddOperations(const std::vector<std::string>& files, const dq::v1::JobSpec& spec,
                           const std::string& uploads, Inputs& inputs,
                           dq::v1::CreateBatchRequest& request) {
  for (const std::string& file : files) {
    dq::v1::BatchOperation& operation = *request.mutable_batch()->add_operations();
    operation.set_display_name(std::filesystem::path(file).filename());
    *operation.mutable_spec() = spec;
  }
  size_t names = 0;  // What the names of the files add, as far as that is known.
  for (size_t i = 0; i < files.size(); ++i) {
    if (i < 2 && request.ByteSizeLong() + names > size_t{kBatchBytesMax}) {
      return TooLarge("the operations make more than 64 MiB");
    }
    auto& operation = *request.mutable_batch()->mutable_operations(static_cast<int>(i));
    DQ_ASSIGN_OR_RETURN(*operation.mutable_spec()->mutable_input_file(),
                        inputs.ResolveFile(files[i], uploads + "-" + std::to_string(i + 1)));
    names = operation.spec().input_file().size() * (files.size() - 1);
  }
  return absl::OkStatus();
}

// Whether the scheduler makes the operations.
bool HasSource(const BatchSubmitCommand& command) {
  return !command.server_folder.empty() || command.generate > 0;
}

// Checks that it is said what the operations are, and that they are not too many.
absl::Status CheckFiles(const BatchSubmitCommand& command, const std::vector<std::string>& files) {
  if (command.generate > 0 && files.size() > 1) {
    return MakeError(absl::StatusCode::kInvalidArgument, "USAGE",
                     "--generate goes with one file, or with none");
  }
  if (files.size() > kFilesMax) {
    return TooLarge(std::to_string(files.size()) + " files, and a batch has at most 100,000");
  }
  if (!files.empty() || HasSource(command)) return absl::OkStatus();
  return MakeError(absl::StatusCode::kInvalidArgument, "USAGE",
                   command.folder.empty()
                       ? "name the files, or their directory with --dir or --server-dir"
                       : "no file in " + command.folder + " fits " + command.glob);
}

// Returns the uri of a directory beneath the storage root that a user named.
std::string PrefixOf(std::string folder) {
  constexpr std::string_view kScheme = "file:///";
  while (folder.ends_with('/')) folder.pop_back();
  return folder.starts_with(kScheme) ? folder : std::string(kScheme) + folder;
}

void SetSource(const BatchSubmitCommand& command, const dq::v1::JobSpec& spec, Batch& batch) {
  if (command.generate > 0) {
    dq::v1::BatchGenerator& generator = *batch.mutable_generator();
    generator.set_count(command.generate);
    generator.mutable_template_()->set_display_name(command.operation_name);
    *generator.mutable_template_()->mutable_spec() = spec;
    return;
  }
  dq::v1::BatchDirectory& directory = *batch.mutable_directory();
  directory.set_prefix(PrefixOf(command.server_folder));
  directory.set_glob(command.glob);
  directory.set_recursive(command.recursive);
  *directory.mutable_template_() = spec;
}

// Uploads what has to be there first and creates the batch.
absl::StatusOr<dq::v1::CreateBatchResponse> Create(Client& client,
                                                   const BatchSubmitCommand& command,
                                                   const std::vector<std::string>& files,
                                                   Inputs& inputs,
                                                   dq::v1::CreateBatchRequest& request) {
  // The same for a repetition, and with what is added to it short enough for a request id.
  const std::string uploads =
      "batch-" + Sha256Of(request.request_id()).substr(0, kUploadCharacters);
  DQ_ASSIGN_OR_RETURN(dq::v1::JobSpec spec, SpecOfAll(command, uploads, inputs));
  if (!HasSource(command)) {
    DQ_RETURN_IF_ERROR(AddOperations(files, spec, uploads, inputs, request));
    return client.CreateBatch(request);
  }
  if (!files.empty()) {
    DQ_ASSIGN_OR_RETURN(*spec.mutable_input_file(), inputs.ResolveFile(files[0], uploads));
  }
  SetSource(command, spec, *request.mutable_batch());
  return client.CreateBatch(request);
}

absl::Status TimedOut(const Batch& batch) {
  return MakeError(absl::StatusCode::kDeadlineExceeded, "WAIT_TIMED_OUT",
                   "the batch has not ended in time; it is " + BatchLine(batch));
}

absl::Status Detached(const std::string& name) {
  return MakeError(absl::StatusCode::kCancelled, "INTERRUPTED",
                   "detached; the batch goes on. Attach again: dqctl batch watch " + name);
}

// Returns the batch once it has ended.
absl::StatusOr<Batch> FollowBatch(Client& client, const std::string& name, absl::Duration timeout,
                                  Session& session) {
  ProgressDisplay display(session.console);
  const absl::Time deadline = session.console.now() + timeout;
  while (true) {
    absl::StatusOr<Batch> batch = client.GetBatch(name);
    if (ReasonOf(batch.status()) == "INTERRUPTED") return Detached(name);
    DQ_RETURN_IF_ERROR(batch.status());
    display.ShowLine(BatchLine(*batch));
    if (IsTerminal(batch->state())) return batch;
    const absl::Duration left = deadline - session.console.now();
    if (left <= absl::ZeroDuration()) return TimedOut(*batch);
    if (session.interrupt.Sleep(std::min(kLookInterval, left))) return Detached(name);
  }
}

// Returns the first operations that `term` of a filter fits, as far as people read on.
absl::StatusOr<std::vector<dq::v1::Job>> OperationsWith(Client& client, const Batch& batch,
                                                        const std::string& term) {
  constexpr int kShownMax = 20;
  dq::v1::ListJobsRequest request;
  request.set_parent(batch.name().substr(0, batch.name().find("/batches/")));
  request.set_page_size(kShownMax);
  request.set_filter("batch = \"" + batch.name() + "\" AND " + term);
  DQ_ASSIGN_OR_RETURN(const auto response, client.ListJobs(request));
  return std::vector<dq::v1::Job>(response.jobs().begin(), response.jobs().end());
}

// Names what went wrong in a batch that has ended, and returns the exit code that says it.
absl::StatusOr<ExitCode> PrintBatchEnd(Client& client, const Batch& batch, const Session& session) {
  std::vector<dq::v1::Job> failed;
  if (batch.counts().failed() > 0) {
    DQ_ASSIGN_OR_RETURN(failed, OperationsWith(client, batch, "state = \"FAILED\""));
  }
  DQ_ASSIGN_OR_RETURN(const std::vector<dq::v1::Job> below,
                      OperationsWith(client, batch, "verdict = \"FAILED\""));
  PrintFailedOperations(session.console, batch, failed, below);
  const ExitCode code = ExitCodeOf(batch);
  return code == ExitCode::kOk && !below.empty() ? ExitCode::kGateFailed : code;
}

}  // namespace

absl::StatusOr<ExitCode> Run(const BatchSubmitCommand& command, Session& session) {
  DQ_ASSIGN_OR_RETURN(const std::vector<std::string> files, FilesOf(command));
  DQ_RETURN_IF_ERROR(CheckFiles(command, files));
  dq::v1::CreateBatchRequest request = RequestOf(command, session);
  DQ_ASSIGN_OR_RETURN(const auto client, Connect(session));
  Inputs inputs(*client, session);
  const auto response = Create(*client, command, files, inputs, request);
  if (!response.ok()) return inputs.DropAfter(response.status());
  if (response->existed()) session.console.err << "the batch existed already\n";
  PrintBatch(session, command.format, response->batch());
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> Run(const BatchGetCommand& command, Session& session) {
  DQ_ASSIGN_OR_RETURN(const auto client, Connect(session));
  DQ_ASSIGN_OR_RETURN(const Batch batch, client->GetBatch(BatchName(session, command.name)));
  PrintBatch(session, command.format, batch);
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> Run(const BatchListCommand& command, Session& session) {
  DQ_ASSIGN_OR_RETURN(const auto client, Connect(session));
  dq::v1::ListBatchesRequest request;
  request.set_parent("projects/" + session.connection.project);
  DQ_ASSIGN_OR_RETURN(
      const std::vector<Batch> batches,
      (ListUpTo<Batch>(
          command.limit, request, [&](const auto& page) { return client->ListBatches(page); },
          [](const auto& response) { return response.batches(); })));
  PrintRecords(session.console, command.format, batches, BatchesTable(batches));
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> Run(const BatchWatchCommand& command, Session& session) {
  DQ_ASSIGN_OR_RETURN(const auto client, Connect(session));
  DQ_ASSIGN_OR_RETURN(const Batch batch, FollowBatch(*client, BatchName(session, command.name),
                                                     command.timeout, session));
  PrintBatch(session, command.format, batch);
  return PrintBatchEnd(*client, batch, session);
}

absl::StatusOr<ExitCode> Run(const BatchActionCommand& command, Session& session) {
  DQ_ASSIGN_OR_RETURN(const auto client, Connect(session));
  DQ_ASSIGN_OR_RETURN(const Batch batch,
                      client->ActOnBatch(command.kind, BatchName(session, command.name),
                                         command.reason, command.etag));
  PrintBatch(session, command.format, batch);
  return ExitCode::kOk;
}

}  // namespace dq::dqctl
