#include <algorithm>
#include <string>
#include <vector>

#include "common/base/error.h"
#include "common/base/random_id.h"
#include "common/base/status_macros.h"
#include "scheduler/dqctl/chain_request.h"
#include "scheduler/dqctl/inputs.h"
#include "scheduler/dqctl/paging.h"
#include "scheduler/dqctl/record.h"
#include "scheduler/dqctl/run.h"

namespace dq::dqctl {
namespace {

using dq::v1::Reference;
using dq::v1::ReferenceVersion;

constexpr size_t kRequestIdBytes = 12;
constexpr absl::Duration kFirstWait = absl::Milliseconds(100);
constexpr absl::Duration kLongestWait = absl::Seconds(2);

std::string NameOf(const Session& session, const std::string& text) {
  return ResourceName(session.connection.project, "references", text);
}

absl::StatusOr<Reference> Get(Client& client, const std::string& name) {
  dq::v1::GetReferenceRequest request;
  request.set_name(name);
  DQ_ASSIGN_OR_RETURN(auto response, client.GetReference(request));
  return std::move(*response.mutable_reference());
}

absl::StatusOr<Reference> Update(Client& client, const dq::v1::UpdateReferenceRequest& request) {
  DQ_ASSIGN_OR_RETURN(auto response, client.UpdateReference(request));
  return std::move(*response.mutable_reference());
}

absl::Status RefusedBy(const Reference& reference, const ReferenceVersion& version) {
  ErrorMetadata metadata(version.error().metadata().begin(), version.error().metadata().end());
  metadata["reference"] = reference.name();
  if (!version.validation_job().empty()) metadata["job"] = version.validation_job();
  return MakeError(absl::StatusCode::kFailedPrecondition, version.error().reason(),
                   version.error().message(), metadata);
}

// Returns the reference once its newest version is not being validated any more.
absl::StatusOr<Reference> AwaitValidation(Client& client, Reference reference, Session& session) {
  ProgressDisplay display(session.console);
  absl::Duration wait = kFirstWait;
  while (reference.versions_size() > 0 &&
         reference.versions(0).state() == dq::v1::REFERENCE_STATE_VALIDATING) {
    if (wait == kFirstWait) {
      display.Note("validating " + reference.name() + " by " +
                   reference.versions(0).validation_job());
    }
    if (session.interrupt.Sleep(wait)) {
      return MakeError(absl::StatusCode::kCancelled, "INTERRUPTED",
                       "detached; the validation goes on: dqctl ref get " + reference.name());
    }
    wait = std::min(wait * 2, kLongestWait);
    DQ_ASSIGN_OR_RETURN(reference, Get(client, reference.name()));
  }
  return reference;
}

// Waits for the validation, unless nobody wants that, and prints what the reference is.
absl::StatusOr<ExitCode> Finish(Client& client, Reference reference, bool no_wait,
                                OutputFormat format, Session& session) {
  if (!no_wait) {
    DQ_ASSIGN_OR_RETURN(reference, AwaitValidation(client, std::move(reference), session));
  }
  PrintRecord(session.console, format, reference, ReferencesTable({&reference, 1}));
  const bool is_refused = reference.versions_size() > 0 &&
                          reference.versions(0).state() == dq::v1::REFERENCE_STATE_REFUSED;
  if (is_refused) return RefusedBy(reference, reference.versions(0));
  return ExitCode::kOk;
}

}  // namespace

absl::StatusOr<ExitCode> Run(const ReferenceAddCommand& command, Session& session) {
  DQ_ASSIGN_OR_RETURN(const auto client, Connect(session));
  const ReferenceSource source{.text = command.file,
                               .reference_id = command.reference_id,
                               .stage = command.stage,
                               .key = command.key,
                               .request_id = "ref-" + RandomHex(kRequestIdBytes),
                               .activate = command.activate,
                               .skip_validation = command.skip_validation};
  Inputs inputs(*client, session);
  absl::StatusOr<Reference> reference = inputs.AddReference(source);
  if (!reference.ok()) return inputs.DropAfter(reference.status());
  return Finish(*client, *std::move(reference), command.no_wait, command.format, session);
}

absl::StatusOr<ExitCode> Run(const ReferenceUpdateCommand& command, Session& session) {
  DQ_ASSIGN_OR_RETURN(const auto client, Connect(session));
  dq::v1::UpdateReferenceRequest request;
  Reference& reference = *request.mutable_reference();
  reference.set_name(NameOf(session, command.name));
  Inputs inputs(*client, session);
  if (!command.file.empty()) {
    DQ_ASSIGN_OR_RETURN(
        *reference.mutable_file(),
        inputs.ResolveFile(command.file, "ref-" + RandomHex(kRequestIdBytes) + "-file"));
  }
  reference.mutable_key_columns()->Add(command.key.begin(), command.key.end());
  request.set_skip_validation(command.skip_validation);
  absl::StatusOr<Reference> updated = Update(*client, request);
  if (!updated.ok()) return inputs.DropAfter(updated.status());
  return Finish(*client, *std::move(updated), command.no_wait, command.format, session);
}

absl::StatusOr<ExitCode> Run(const ReferenceGetCommand& command, Session& session) {
  DQ_ASSIGN_OR_RETURN(const auto client, Connect(session));
  DQ_ASSIGN_OR_RETURN(const Reference reference, Get(*client, NameOf(session, command.name)));
  PrintRecord(session.console, command.format, reference, ReferenceDetails(reference));
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> Run(const ReferenceActivateCommand& command, Session& session) {
  DQ_ASSIGN_OR_RETURN(const auto client, Connect(session));
  dq::v1::UpdateReferenceRequest request;
  request.mutable_reference()->set_name(NameOf(session, command.name));
  request.mutable_reference()->set_active(command.active);
  request.mutable_update_mask()->add_paths("active");
  DQ_ASSIGN_OR_RETURN(const Reference reference, Update(*client, request));
  PrintRecord(session.console, command.format, reference, ReferencesTable({&reference, 1}));
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> Run(const ReferenceDeleteCommand& command, Session& session) {
  DQ_ASSIGN_OR_RETURN(const auto client, Connect(session));
  dq::v1::DeleteReferenceRequest request;
  request.set_name(NameOf(session, command.name));
  DQ_RETURN_IF_ERROR(client->DeleteReference(request).status());
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> Run(const ReferenceListCommand& command, Session& session) {
  DQ_ASSIGN_OR_RETURN(const auto client, Connect(session));
  dq::v1::ListReferencesRequest request;
  request.set_parent("projects/" + session.connection.project);
  DQ_ASSIGN_OR_RETURN(
      const std::vector<Reference> references,
      (ListUpTo<Reference>(
          command.limit, request, [&](const auto& page) { return client->ListReferences(page); },
          [](const auto& response) { return response.references(); })));
  PrintRecords(session.console, command.format, references, ReferencesTable(references));
  return ExitCode::kOk;
}

}  // namespace dq::dqctl
