#include "scheduler/api/job_creation.h"

#include <utility>
#include <vector>

#include "common/base/error.h"
#include "common/base/random_id.h"
#include "common/base/sha256.h"
#include "common/base/status_macros.h"
#include "common/storage/object_uri.h"
#include "dq/v1/worker_service.pb.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "scheduler/api/chain_defaults.h"
#include "scheduler/api/resource_name.h"

namespace dq {
namespace {

constexpr char kConfiguration[] = "configuration";
constexpr char kStageComplete[] = "complete";

// Replaces NOT_FOUND by what it means for a job to come.
absl::Status NotReady(const absl::Status& status, std::string_view reason, const std::string& name,
                      const std::string& advice) {
  if (!absl::IsNotFound(status)) return status;
  return MakeError(absl::StatusCode::kFailedPrecondition, reason,
                   "'" + name + "' does not exist; " + advice,
                   {{"name", name}, {"category", kConfiguration}});
}

absl::StatusOr<FileRecord> FindFile(const std::string& project, const std::string& id,
                                    CatalogStore& catalog) {
  auto file = catalog.GetFile(project, id);
  if (file.ok()) return file;
  return NotReady(file.status(), "FILE_NOT_READY", ResourceText(project, kFiles, id),
                  "upload it first, or wait until its upload has ended");
}

absl::Status Refused(const ReferenceRecord& reference) {
  const std::string text = ResourceText(reference.project, kReferences, reference.id);
  return MakeError(absl::StatusCode::kFailedPrecondition, "REFERENCE_REFUSED",
                   "version " + std::to_string(reference.version) + " of '" + text +
                       "' was refused when it was validated: see what GetReference says of it, and "
                       "update it",
                   {{"name", text},
                    {"version", std::to_string(reference.version)},
                    {"category", kConfiguration}});
}

// Returns the reference in that version; 0: the current one.
absl::StatusOr<ReferenceRecord> FindReference(const ProjectResource& name, int32_t version,
                                              CatalogStore& catalog) {
  const std::string text = ResourceText(name.project, kReferences, name.id);
  auto reference = catalog.GetReference(name.project, name.id);
  if (!reference.ok()) {
    return NotReady(reference.status(), "REFERENCE_MISSING", text, "create it first");
  }
  if (reference->stage != kStageComplete) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "REFERENCE_MISSING",
                     "'" + text + "' serves the stage " + reference->stage +
                         "; name one that serves the stage complete",
                     {{"name", text}, {"stage", reference->stage}, {"category", kConfiguration}});
  }
  if (version != 0 && version != reference->version) {
    const auto own = catalog.GetReferenceVersion(name.project, name.id, version);
    if (!own.ok()) {
      return NotReady(own.status(), "REFERENCE_MISSING",
                      "version " + std::to_string(version) + " of " + text,
                      "name one that GetReference tells");
    }
    reference->version = own->version;
    reference->file_id = own->file_id;
    reference->key_columns = own->key_columns;
    reference->state = own->state;
  }
  if (reference->state == ReferenceState::kRefused) return Refused(*reference);
  return reference;
}

// Whether the project's active reference will do.
bool TakesActive(const v1::JobSpec& spec) {
  return spec.reference().empty() && !spec.no_reference() && HasComplete(spec);
}

// Returns the reference that the job takes; one without id, when it takes none.
absl::StatusOr<ReferenceRecord> ReferenceOf(const v1::JobSpec& spec, const std::string& project,
                                            CatalogStore& catalog) {
  if (!spec.reference().empty()) {
    DQ_ASSIGN_OR_RETURN(const ProjectResource name,
                        ParseResource(spec.reference(), kReferences, "job.spec.reference"));
    return FindReference(name, spec.reference_version(), catalog);
  }
  if (!TakesActive(spec)) return ReferenceRecord();
  auto active = catalog.GetActiveReference(project, kStageComplete);
  if (absl::IsNotFound(active.status())) return ReferenceRecord();
  return active;
}

v1::InputFile ToInputFile(const FileRecord& file) {
  v1::InputFile input;
  input.set_uri(file.uri);
  input.set_size_bytes(file.size_bytes);
  input.set_sha256(file.sha256);
  input.set_display_name(file.display_name);
  return input;
}

v1::Grant MakeGrant(const v1::JobSpec& spec, const JobInputs& inputs, const JobName& name) {
  v1::Grant grant;
  const std::vector<std::string>& keys = inputs.reference.key_columns;
  for (v1::Stage& stage : ResolveChain(spec)) {
    if (stage.has_complete() && stage.complete().key_columns().empty()) {
      stage.mutable_complete()->mutable_key_columns()->Add(keys.begin(), keys.end());
    }
    *grant.add_stages() = std::move(stage);
  }
  if (!inputs.input.id.empty()) *grant.mutable_input() = ToInputFile(inputs.input);
  if (!inputs.reference.id.empty()) {
    *grant.mutable_reference() = ToInputFile(inputs.reference_file);
    grant.mutable_reference()->mutable_key_columns()->Add(keys.begin(), keys.end());
  }
  if (spec.has_gate()) *grant.mutable_gate() = spec.gate();
  *grant.mutable_form() = spec.form();
  grant.set_output_prefix(FileUri(JobText(name)));
  if (spec.has_execution_timeout()) {
    *grant.mutable_execution_timeout() = spec.execution_timeout();
  }
  return grant;
}

// Returns the spec as the job shows it: with the reference that it takes.
v1::JobSpec WithTaken(v1::JobSpec spec, const ReferenceRecord& reference) {
  if (reference.id.empty()) return spec;
  spec.set_reference(ResourceText(reference.project, kReferences, reference.id));
  spec.set_reference_version(reference.version);
  return spec;
}

// Serializes with maps in a fixed order.
std::string CanonicalBytes(const google::protobuf::Message& message) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    message.SerializeToCodedStream(&coded);
  }
  return bytes;
}

}  // namespace

bool NeedsCatalog(const v1::CreateJobRequest& request) {
  return !request.job().spec().input_file().empty() || !request.job().spec().reference().empty();
}

const absl::StatusOr<FileRecord>& InputLookup::File(const std::string& project,
                                                    const std::string& id) {
  const auto [entry, is_new] = files_.try_emplace(project + "/" + id);
  if (is_new) entry->second = FindFile(project, id, catalog_);
  return entry->second;
}

const absl::StatusOr<ReferenceRecord>& InputLookup::Reference(const std::string& project,
                                                              const v1::JobSpec& spec) {
  const std::string said = project + " " + spec.reference() + " " +
                           std::to_string(spec.reference_version()) +
                           (TakesActive(spec) ? " active" : "");
  const auto [entry, is_new] = references_.try_emplace(said);
  if (is_new) entry->second = ReferenceOf(spec, project, catalog_);
  return entry->second;
}

absl::StatusOr<JobInputs> InputLookup::Resolve(const v1::CreateJobRequest& request) {
  const v1::JobSpec& spec = request.job().spec();
  JobInputs inputs;
  if (!spec.input_file().empty()) {
    DQ_ASSIGN_OR_RETURN(const ProjectResource name,
                        ParseResource(spec.input_file(), kFiles, "job.spec.input_file"));
    DQ_ASSIGN_OR_RETURN(inputs.input, File(name.project, name.id));
  }
  DQ_ASSIGN_OR_RETURN(const std::string project, ParseProject(request.parent(), "parent"));
  DQ_ASSIGN_OR_RETURN(inputs.reference, Reference(project, spec));
  if (!inputs.reference.id.empty()) {
    DQ_ASSIGN_OR_RETURN(inputs.reference_file, File(project, inputs.reference.file_id));
  }
  return inputs;
}

absl::StatusOr<JobInputs> ResolveInputs(const v1::CreateJobRequest& request,
                                        CatalogStore& catalog) {
  return InputLookup(catalog).Resolve(request);
}

JobRecord MakeJobRecord(const v1::CreateJobRequest& request, const JobInputs& inputs,
                        const std::string& created_by, absl::Time now) {
  const v1::Job& job = request.job();
  JobRecord record;
  record.name.project = *ParseProject(request.parent(), "parent");
  record.name.id = request.job_id().empty() ? TimeOrderedId("j-", now) : request.job_id();
  record.display_name = job.display_name();
  record.request_id = request.request_id();
  if (!request.request_id().empty()) record.request_hash = RequestHash(request);
  record.created_by = created_by;
  record.labels.insert(job.labels().begin(), job.labels().end());
  record.create_time = now;
  if (!inputs.input.id.empty()) record.file_ids.push_back(inputs.input.id);
  if (!inputs.reference.id.empty()) {
    record.file_ids.push_back(inputs.reference_file.id);
    record.reference_ids.push_back(inputs.reference.id);
  }
  for (const std::string& name : job.spec().depends_on()) {
    record.dependencies.push_back({.id = ParseJobName(name, "job.spec.depends_on")->id});
  }
  record.rules = ResolveRules(job.spec());
  record.payload.spec = WithTaken(job.spec(), inputs.reference).SerializeAsString();
  record.payload.grant = MakeGrant(job.spec(), inputs, record.name).SerializeAsString();
  return record;
}

absl::StatusOr<JobRecord> FindEarlier(const v1::CreateJobRequest& request, const absl::Status& why,
                                      JobReader& jobs) {
  if (!absl::IsFailedPrecondition(why) || request.request_id().empty()) return why;
  const std::string project = *ParseProject(request.parent(), "parent");
  auto earlier = jobs.GetJobByRequest(project, request.request_id());
  if (absl::IsUnavailable(earlier.status())) return earlier.status();
  // A reused request id is told only once the inputs are there.
  if (!earlier.ok() || earlier->request_hash != RequestHash(request)) return why;
  return earlier;
}

std::string BodyHash(const google::protobuf::Message& body) {
  return Sha256Of(CanonicalBytes(body));
}

std::string RequestHash(const v1::CreateJobRequest& request) {
  v1::CreateJobRequest body;
  body.set_parent(request.parent());
  body.set_job_id(request.job_id());
  body.mutable_job()->set_display_name(request.job().display_name());
  *body.mutable_job()->mutable_spec() = request.job().spec();
  *body.mutable_job()->mutable_labels() = request.job().labels();
  return BodyHash(body);
}

}  // namespace dq
