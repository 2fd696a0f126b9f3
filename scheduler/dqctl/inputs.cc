#include "scheduler/dqctl/inputs.h"

#include <filesystem>
#include <utility>

#include "common/base/error.h"
#include "common/base/status_macros.h"
#include "scheduler/dqctl/chain_request.h"
#include "scheduler/dqctl/transfer.h"

namespace dq::dqctl {
namespace {

// Whether the call did nothing and would do nothing if it were repeated.
bool IsRefusal(const absl::Status& status) {
  if (ReasonOf(status) == "QUEUE_FULL") return false;
  switch (status.code()) {
    case absl::StatusCode::kOk:
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kUnknown:
      return false;
    default:
      return true;
  }
}

}  // namespace

bool IsLocalPath(const std::string& text, const std::string& collection) {
  std::error_code ignored;
  if (std::filesystem::exists(text, ignored)) return true;
  if (text.starts_with("projects/") || text.starts_with(collection + "/")) return false;
  return text.find_first_of("./") != std::string::npos;
}

absl::StatusOr<std::string> Inputs::ResolveFile(const std::string& text,
                                                const std::string& request_id) {
  const std::string& project = session_.connection.project;
  if (!IsLocalPath(text, "files")) return ResourceName(project, "files", text);
  const UploadRequest request{
      .project = project, .path = text, .file_id = "", .request_id = request_id};
  DQ_ASSIGN_OR_RETURN(const dq::v1::UploadFileResponse uploaded,
                      UploadPath(client_, request, [&](int64_t done, int64_t total) {
                        display_.ShowTransfer("uploading " + text, done, total);
                      }));
  display_.Clear();
  if (!uploaded.existed()) files_.push_back(uploaded.file().name());
  return uploaded.file().name();
}

absl::StatusOr<dq::v1::Reference> Inputs::AddReference(const ReferenceSource& source) {
  dq::v1::CreateReferenceRequest request;
  DQ_ASSIGN_OR_RETURN(const std::string file,
                      ResolveFile(source.text, source.request_id + "-file"));
  request.set_parent("projects/" + session_.connection.project);
  request.set_reference_id(source.reference_id);
  request.set_request_id(source.request_id);
  dq::v1::Reference* reference = request.mutable_reference();
  reference->set_stage(source.stage.empty() ? "complete" : source.stage);
  reference->set_file(file);
  reference->set_display_name(std::filesystem::path(source.text).filename().string());
  reference->mutable_key_columns()->Assign(source.key.begin(), source.key.end());
  reference->set_active(source.activate);
  request.set_skip_validation(source.skip_validation);
  DQ_ASSIGN_OR_RETURN(auto response, client_.CreateReference(request));
  if (!response.existed()) references_.push_back(response.reference().name());
  return std::move(*response.mutable_reference());
}

absl::Status Inputs::SetReference(const ChainOptions& chain, const std::string& request_id,
                                  dq::v1::JobSpec& spec) {
  if (chain.reference.empty()) return absl::OkStatus();
  if (!IsLocalPath(chain.reference, "references")) {
    if (!chain.reference_key.empty()) {
      return MakeError(absl::StatusCode::kInvalidArgument, "USAGE",
                       "--reference-key goes with a reference that is a path; one that the "
                       "scheduler has knows its own key columns");
    }
    spec.set_reference(ResourceName(session_.connection.project, "references", chain.reference));
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
  DQ_ASSIGN_OR_RETURN(const dq::v1::Reference reference, AddReference(source));
  spec.set_reference(reference.name());
  return absl::OkStatus();
}

absl::Status Inputs::DropAfter(const absl::Status& error) {
  if (!IsRefusal(error)) return error;
  const auto left = [this](const std::string& name, const absl::Status& status) {
    if (status.ok()) return;
    session_.console.err << name << " was made and is not used; it could not be deleted: "
                         << MessageOf(status) << "\n";
  };
  // A reference keeps its file.
  for (const std::string& name : references_) {
    dq::v1::DeleteReferenceRequest request;
    request.set_name(name);
    left(name, client_.DeleteReference(request).status());
  }
  for (const std::string& name : files_) {
    dq::v1::DeleteFileRequest request;
    request.set_name(name);
    left(name, client_.DeleteFile(request).status());
  }
  return error;
}

}  // namespace dq::dqctl
