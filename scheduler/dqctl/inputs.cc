#include "scheduler/dqctl/inputs.h"

#include <filesystem>
#include <utility>

#include "common/base/error.h"
#include "common/base/status_macros.h"
#include "scheduler/dqctl/chain_request.h"
#include "scheduler/dqctl/transfer.h"

namespace dq::dqctl {

bool IsLocalPath(const std::string& text, const std::string& collection) {
  std::error_code ignored;
  if (std::filesystem::exists(text, ignored)) return true;
  if (text.starts_with("projects/") || text.starts_with(collection + "/")) return false;
  return text.find_first_of("./") != std::string::npos;
}

absl::StatusOr<std::string> ResolveFile(Client& client, const Session& session,
                                        const std::string& text, const std::string& request_id,
                                        ProgressDisplay& display) {
  const std::string& project = session.connection.project;
  if (!IsLocalPath(text, "files")) return ResourceName(project, "files", text);
  const UploadRequest request{
      .project = project, .path = text, .file_id = "", .request_id = request_id};
  DQ_ASSIGN_OR_RETURN(const dq::v1::File file,
                      UploadPath(client, request, [&](int64_t done, int64_t total) {
                        display.ShowTransfer("uploading " + text, done, total);
                      }));
  display.Clear();
  return file.name();
}

absl::StatusOr<dq::v1::Reference> AddReference(Client& client, const Session& session,
                                               const ReferenceSource& source,
                                               ProgressDisplay& display) {
  dq::v1::CreateReferenceRequest request;
  DQ_ASSIGN_OR_RETURN(const std::string file, ResolveFile(client, session, source.text,
                                                          source.request_id + "-file", display));
  request.set_parent("projects/" + session.connection.project);
  request.set_reference_id(source.reference_id);
  request.set_request_id(source.request_id);
  dq::v1::Reference* reference = request.mutable_reference();
  reference->set_stage(source.stage.empty() ? "complete" : source.stage);
  reference->set_file(file);
  reference->set_display_name(std::filesystem::path(source.text).filename().string());
  reference->mutable_key_columns()->Assign(source.key.begin(), source.key.end());
  reference->set_active(source.activate);
  request.set_skip_validation(source.skip_validation);
  DQ_ASSIGN_OR_RETURN(auto response, client.CreateReference(request));
  return std::move(*response.mutable_reference());
}

absl::Status SetReference(Client& client, const Session& session, const ChainOptions& chain,
                          const std::string& request_id, ProgressDisplay& display,
                          dq::v1::JobSpec& spec) {
  if (chain.reference.empty()) return absl::OkStatus();
  if (!IsLocalPath(chain.reference, "references")) {
    if (!chain.reference_key.empty()) {
      return MakeError(absl::StatusCode::kInvalidArgument, "USAGE",
                       "--reference-key goes with a reference that is a path; one that the "
                       "scheduler has knows its own key columns");
    }
    spec.set_reference(ResourceName(session.connection.project, "references", chain.reference));
    return absl::OkStatus();
  }
  const ReferenceSource source{.text = chain.reference,
                               .reference_id = "",
                               .stage = "",
                               .key = chain.reference_key.empty() ? chain.key : chain.reference_key,
                               .request_id = request_id,
                               .activate = false,
                               // The one job that uses it finds out by itself.
                               .skip_validation = true};
  DQ_ASSIGN_OR_RETURN(const dq::v1::Reference reference,
                      AddReference(client, session, source, display));
  spec.set_reference(reference.name());
  return absl::OkStatus();
}

}  // namespace dq::dqctl
