#include "scheduler/dqctl/batch_results.h"

#include <algorithm>
#include <filesystem>
#include <limits>
#include <map>
#include <utility>

#include "common/base/error.h"
#include "common/base/status_macros.h"
#include "scheduler/dqctl/chain_request.h"
#include "scheduler/dqctl/paging.h"
#include "scheduler/dqctl/progress_display.h"
#include "scheduler/dqctl/run.h"
#include "scheduler/dqctl/transfer.h"

namespace dq::dqctl {
namespace {

using dq::v1::File;
using dq::v1::Job;

// The server's name may hold no slash; only its last part is trusted all the same.
std::string OwnName(const File& file) {
  const std::string name = file.display_name().substr(file.display_name().rfind('/') + 1);
  return name.empty() || name == "." || name == ".." ? "cleaned" : name;
}

// Returns the operations that are COMPLETED, in order.
absl::StatusOr<std::vector<Job>> CompletedOperations(Client& client, const dq::v1::Batch& batch) {
  dq::v1::ListJobsRequest request;
  request.set_parent(batch.name().substr(0, batch.name().find("/batches/")));
  request.set_filter("batch = \"" + batch.name() + "\" AND state = \"COMPLETED\"");
  DQ_ASSIGN_OR_RETURN(std::vector<Job> jobs,
                      (ListUpTo<Job>(
                          std::numeric_limits<int>::max(), request,
                          [&](const auto& page) { return client.ListJobs(page); },
                          [](const auto& response) { return response.jobs(); })));
  std::ranges::sort(jobs, {}, &Job::operation_index);
  return jobs;
}

absl::Status MakeFolder(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (!error) return absl::OkStatus();
  return ErrnoError(error.value(), "OUTPUT_FAILED", "cannot make the folder " + path);
}

}  // namespace

std::string CleanedFileOf(const Job& job) {
  for (const dq::v1::OutputFile& output : job.output_files()) {
    if (output.kind() == dq::v1::OUTPUT_KIND_CLEANED) return output.file();
  }
  return "";
}

std::vector<std::string> NamesSideBySide(std::span<const Job> jobs, std::span<const File> files) {
  std::map<std::string, int> uses;
  for (const File& file : files) ++uses[OwnName(file)];
  std::vector<std::string> names;
  for (size_t i = 0; i < files.size(); ++i) {
    const std::string own = OwnName(files[i]);
    const std::string numbered = std::to_string(jobs[i].operation_index()) + "-" + own;
    names.push_back(uses.at(own) == 1 ? own : numbered);
  }
  return names;
}

absl::StatusOr<ExitCode> Run(const BatchResultsCommand& command, Session& session) {
  DQ_ASSIGN_OR_RETURN(const auto client, Connect(session));
  DQ_ASSIGN_OR_RETURN(
      const dq::v1::Batch batch,
      client->GetBatch(ResourceName(session.connection.project, "batches", command.name)));
  DQ_ASSIGN_OR_RETURN(std::vector<Job> jobs, CompletedOperations(*client, batch));
  std::erase_if(jobs, [](const Job& job) { return CleanedFileOf(job).empty(); });
  std::vector<File> files;
  for (const Job& job : jobs) {
    DQ_ASSIGN_OR_RETURN(files.emplace_back(), client->GetFile(CleanedFileOf(job)));
  }
  DQ_RETURN_IF_ERROR(MakeFolder(command.output_dir));
  const std::vector<std::string> names = NamesSideBySide(jobs, files);
  ProgressDisplay display(session.console);
  for (size_t i = 0; i < files.size(); ++i) {
    const std::string path = std::filesystem::path(command.output_dir) / names[i];
    DQ_RETURN_IF_ERROR(DownloadToPath(*client, files[i], path, [&](int64_t done, int64_t total) {
      display.ShowTransfer("downloading " + path, done, total);
    }));
    display.Clear();
    session.console.out << path << "\n";
  }
  const auto left = batch.counts().total() - static_cast<int64_t>(files.size());
  if (left > 0) display.Note(std::to_string(left) + " operations have no cleaned file");
  return ExitCode::kOk;
}

}  // namespace dq::dqctl
