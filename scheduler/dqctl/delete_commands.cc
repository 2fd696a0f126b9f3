#include <utility>
#include <vector>

#include "common/base/status_macros.h"
#include "scheduler/dqctl/chain_request.h"
#include "scheduler/dqctl/inputs.h"
#include "scheduler/dqctl/record.h"
#include "scheduler/dqctl/run.h"

namespace dq::dqctl {
namespace {

// What was deleted, for people.
Table DeletedTable() { return Table({{"DELETED"}, {"FILES THAT STAY, BEING IN USE"}}); }

template <typename Response>
std::string KeptFiles(const Response& response) {
  std::string text;
  for (const std::string& file : response.kept_files()) text += (text.empty() ? "" : " ") + file;
  return text;
}
std::string KeptFiles(const dq::v1::DeleteFileResponse&) { return ""; }

// Deletes one after the other with `call` until one is refused; prints those that went.
template <typename Request, typename Call>
absl::StatusOr<ExitCode> DeleteAll(const DeleteCommand& command, const std::string& collection,
                                   const Session& session, Request request, const Call& call) {
  using Response = typename std::invoke_result_t<Call, const Request&>::value_type;
  std::vector<Response> responses;
  Table table = DeletedTable();
  absl::Status status;
  for (const std::string& text : command.names) {
    request.set_name(ResourceName(session.connection.project, collection, text));
    const auto response = call(request);
    status = response.status();
    if (!status.ok()) break;
    table.AddRow({request.name(), KeptFiles(*response)});
    responses.push_back(*response);
  }
  if (!responses.empty()) PrintRecords(session.console, command.format, responses, table);
  DQ_RETURN_IF_ERROR(status);
  return ExitCode::kOk;
}

}  // namespace

absl::StatusOr<ExitCode> Run(const DeleteCommand& command, Session& session) {
  DQ_ASSIGN_OR_RETURN(const auto client, Connect(session));
  switch (command.kind) {
    case DeleteCommand::Kind::kJob: {
      dq::v1::DeleteJobRequest request;
      request.set_reason(command.reason);
      request.set_with_input(command.with_input);
      return DeleteAll(command, "jobs", session, request,
                       [&](const auto& one) { return client->DeleteJob(one); });
    }
    case DeleteCommand::Kind::kBatch: {
      dq::v1::DeleteBatchRequest request;
      request.set_reason(command.reason);
      request.set_with_input(command.with_input);
      return DeleteAll(command, "batches", session, request,
                       [&](const auto& one) { return client->DeleteBatch(one); });
    }
    case DeleteCommand::Kind::kFile:
      return DeleteAll(command, "files", session, dq::v1::DeleteFileRequest(),
                       [&](const auto& one) { return client->DeleteFile(one); });
  }
  return absl::InternalError("no such kind");
}

}  // namespace dq::dqctl
