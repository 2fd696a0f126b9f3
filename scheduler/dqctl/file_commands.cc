#include <utility>
#include <vector>

#include "common/base/random_id.h"
#include "common/base/status_macros.h"
#include "scheduler/dqctl/chain_request.h"
#include "scheduler/dqctl/paging.h"
#include "scheduler/dqctl/progress_display.h"
#include "scheduler/dqctl/record.h"
#include "scheduler/dqctl/run.h"
#include "scheduler/dqctl/transfer.h"

namespace dq::dqctl {
namespace {

using dq::v1::File;

}  // namespace

absl::StatusOr<ExitCode> Run(const FileUploadCommand& command, Session& session) {
  DQ_ASSIGN_OR_RETURN(const auto client, Connect(session));
  ProgressDisplay display(session.console);
  const UploadRequest request{.project = session.connection.project,
                              .path = command.path,
                              .file_id = command.file_id,
                              .request_id = "upload-" + RandomHex(12)};
  DQ_ASSIGN_OR_RETURN(const dq::v1::UploadFileResponse uploaded,
                      UploadPath(*client, request, [&](int64_t done, int64_t total) {
                        display.ShowTransfer("uploading " + command.path, done, total);
                      }));
  display.Clear();
  const std::vector<File> files = {uploaded.file()};
  PrintRecord(session.console, command.format, uploaded.file(), FilesTable(files));
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> Run(const FileRegisterCommand& command, Session& session) {
  DQ_ASSIGN_OR_RETURN(const auto client, Connect(session));
  dq::v1::RegisterFileRequest request;
  request.set_parent("projects/" + session.connection.project);
  request.set_file_id(command.file_id);
  request.set_uri(command.uri);
  request.set_request_id("register-" + RandomHex(12));
  DQ_ASSIGN_OR_RETURN(const auto response, client->RegisterFile(request));
  const std::vector<File> files = {response.file()};
  PrintRecord(session.console, command.format, response.file(), FilesTable(files));
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> Run(const FileListCommand& command, Session& session) {
  DQ_ASSIGN_OR_RETURN(const auto client, Connect(session));
  dq::v1::ListFilesRequest request;
  request.set_parent("projects/" + session.connection.project);
  DQ_ASSIGN_OR_RETURN(
      const std::vector<File> files,
      (ListUpTo<File>(
          command.limit, request, [&](const auto& page) { return client->ListFiles(page); },
          [](const auto& response) { return response.files(); })));
  PrintRecords(session.console, command.format, files, FilesTable(files));
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> Run(const FileGetCommand& command, Session& session) {
  DQ_ASSIGN_OR_RETURN(const auto client, Connect(session));
  DQ_ASSIGN_OR_RETURN(const File file, client->GetFile(ResourceName(session.connection.project,
                                                                    "files", command.name)));
  const std::vector<File> files = {file};
  PrintRecord(session.console, command.format, file, FilesTable(files));
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> Run(const FileDownloadCommand& command, Session& session) {
  DQ_ASSIGN_OR_RETURN(const auto client, Connect(session));
  DQ_ASSIGN_OR_RETURN(const File file, client->GetFile(ResourceName(session.connection.project,
                                                                    "files", command.name)));
  if (command.output == "-") {
    DQ_RETURN_IF_ERROR(DownloadToStream(*client, file, session.console.out));
    return ExitCode::kOk;
  }
  // The server's name may hold no slash; only its last part is trusted all the same.
  const std::string own_name = file.display_name().substr(file.display_name().rfind('/') + 1);
  const std::string path = command.output.empty() ? own_name : command.output;
  ProgressDisplay display(session.console);
  DQ_RETURN_IF_ERROR(DownloadToPath(*client, file, path, [&](int64_t done, int64_t total) {
    display.ShowTransfer("downloading " + path, done, total);
  }));
  display.Note("wrote " + path);
  return ExitCode::kOk;
}

}  // namespace dq::dqctl
