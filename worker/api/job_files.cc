#include "worker/api/job_files.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <utility>

#include "common/base/error.h"
#include "common/base/logging.h"
#include "common/base/status_macros.h"
#include "common/rpc/utf8.h"
#include "common/storage/attempt_directory.h"
#include "nlohmann/json.hpp"

namespace dq {
namespace {

// A stem is cut to this, so that the name fits into the 255 bytes of a file system.
constexpr size_t kStemBytesMax = 200;
// What follows the last dot is an extension up to this length, the dot included.
constexpr size_t kExtensionBytesMax = 32;

// Where the extension of `name` begins, or npos.
size_t ExtensionOf(const std::string& name) {
  const size_t dot = name.rfind('.');
  return dot != std::string::npos && name.size() - dot > kExtensionBytesMax ? std::string::npos
                                                                            : dot;
}

void RemovePacking(std::string& name) {
  for (const std::string_view packing : {".gz", ".zst"}) {
    if (name.ends_with(packing)) return name.resize(name.size() - packing.size());
  }
}

std::string_view PackingFor(Compression compression) {
  switch (compression) {
    case Compression::kGzip:
      return ".gz";
    case Compression::kZstd:
      return ".zst";
    case Compression::kNone:
      break;
  }
  return "";
}

std::string_view ExtensionFor(OutputFormat format) {
  switch (format) {
    case OutputFormat::kCsv:
      return ".csv";
    case OutputFormat::kTsv:
      return ".tsv";
    case OutputFormat::kJsonLines:
      return ".jsonl";
    case OutputFormat::kSame:
      break;
  }
  return "";
}

absl::StatusOr<UniqueFd> OpenChecked(ObjectStore& store, const InputOrder& input) {
  DQ_ASSIGN_OR_RETURN(UniqueFd fd, store.OpenRead(input.uri));
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return ErrnoError(errno, "IO_ERROR", input.uri);
  if (info.st_size != input.size_bytes) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "INPUT_CHANGED",
                     "\"" + input.uri + "\" has " + std::to_string(info.st_size) + " bytes, not " +
                         std::to_string(input.size_bytes) +
                         " as when it was registered: register it again",
                     {{"category", "file"}});
  }
  return fd;
}

absl::StatusOr<UniqueFd> OpenReference(ObjectStore& store, const InputOrder& reference) {
  absl::StatusOr<UniqueFd> fd = OpenChecked(store, reference);
  if (fd.status().code() != absl::StatusCode::kNotFound) return fd;
  return MakeError(absl::StatusCode::kNotFound, "REFERENCE_MISSING",
                   "the file of the reference is gone: " + MessageOf(fd.status()),
                   {{"category", "file"}});
}

std::string ManifestOf(const LeaseKey& lease, const std::vector<PublishedOutput>& outputs) {
  nlohmann::ordered_json files = nlohmann::ordered_json::array();
  for (const PublishedOutput& output : outputs) {
    files.push_back({{"kind", PublicNameOf(output.kind)},
                     {"name", output.name},
                     {"size_bytes", output.object.size_bytes},
                     {"sha256", output.object.sha256}});
  }
  const nlohmann::ordered_json manifest = {
      {"job", lease.job}, {"attempt", lease.attempt}, {"files", std::move(files)}};
  return manifest.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

// Removes earlier attempts but `kept`.
void RemoveEarlier(ObjectStore& store, const ChainOrder& order, std::string_view kept) {
  const auto is_earlier = [&](std::string_view directory) {
    const std::optional<int64_t> attempt = AttemptOfDirectory(directory);
    return attempt.has_value() && *attempt < order.attempt && directory != kept;
  };
  store.RemoveUnfinished(order.output_prefix, is_earlier).IgnoreError();
}

}  // namespace

std::string CleanedName(std::string_view display_name, const OutputChoice& choice) {
  return OutputName(display_name, ".cleaned", choice);
}

std::string OutputName(std::string_view display_name, std::string_view what,
                       const OutputChoice& choice) {
  if (const size_t slash = display_name.rfind('/'); slash != std::string_view::npos) {
    display_name.remove_prefix(slash + 1);
  }
  std::string name = ValidUtf8(display_name, display_name.size());
  for (char& c : name) {
    if (static_cast<unsigned char>(c) < 0x20 || c == '\\' || c == 0x7f) c = '_';
  }
  RemovePacking(name);
  const size_t dot = ExtensionOf(name);
  std::string extension = dot == std::string::npos ? "" : name.substr(dot);
  if (choice.format != OutputFormat::kSame) extension = ExtensionFor(choice.format);
  extension += PackingFor(choice.compression);
  const std::string stem = ValidUtf8(name.substr(0, dot), kStemBytesMax);
  return (stem.empty() ? "output" : stem) + std::string(what) + extension;
}

void RemoveEarlierAttempts(ObjectStore& store, const ChainOrder& order) {
  RemoveEarlier(store, order, "");
}

absl::Status AttemptStopped() {
  return MakeError(absl::StatusCode::kCancelled, "CANCELLED", "the attempt was stopped");
}

absl::StatusOr<JobFiles> JobFiles::Open(ObjectStore& store, const ChainOrder& order,
                                        const std::function<bool()>& stopped) {
  JobFiles files;
  DQ_ASSIGN_OR_RETURN(files.input_, OpenChecked(store, order.input));
  if (order.reference.has_value()) {
    DQ_ASSIGN_OR_RETURN(files.reference_, OpenReference(store, *order.reference));
  }
  DQ_ASSIGN_OR_RETURN(files.publication_,
                      store.Publish(order.output_prefix, order.output_directory));
  DQ_RETURN_IF_ERROR(files.Create(OutputKind::kCleaned,
                                  CleanedName(order.spec.display_name, order.spec.form.output)));
  DQ_RETURN_IF_ERROR(files.Create(OutputKind::kReport, "report.json"));
  DQ_RETURN_IF_ERROR(files.CreateOutputsOfComplete(order));
  if (HasStage<DedupeOptions>(order.spec)) {
    DQ_RETURN_IF_ERROR(files.Create(OutputKind::kClusters, "clusters.csv"));
  }
  DQ_RETURN_IF_ERROR(files.Create(OutputKind::kRejects, "rejects.csv"));
  DQ_RETURN_IF_ERROR(files.CreateCheckpoints());
  files.TakeOver(store, order, stopped);
  if (stopped()) return AttemptStopped();
  // What is recorded stays until this attempt has come to its end: its own may never be recorded.
  RemoveEarlier(store, order, order.resume.has_value() ? order.resume->directory : "");
  return files;
}

void JobFiles::TakeOver(ObjectStore& store, const ChainOrder& order,
                        const std::function<bool()>& stopped) {
  if (!order.resume.has_value()) return;
  const absl::Status taken = TakeOverEarlierAttempt(
      store, order.output_prefix, order.resume->directory, ContinuedFiles(), stopped);
  if (taken.ok()) {
    resume_ = order.resume->checkpoint;
    return;
  }
  if (taken.code() == absl::StatusCode::kCancelled) return;
  Log(LogLevel::kWarning, "the granted checkpoint is gone: the attempt starts over",
      {{"prefix", order.output_prefix},
       {"attempt", order.attempt},
       {"directory", order.resume->directory},
       {"message", MessageOf(taken)}});
}

absl::Status JobFiles::Create(OutputKind kind, const std::string& name) {
  DQ_ASSIGN_OR_RETURN(UniqueFd fd, publication_->CreateFile(name));
  outputs_.push_back({kind, name, std::move(fd)});
  return absl::OkStatus();
}

absl::Status JobFiles::CreateOutputsOfComplete(const ChainOrder& order) {
  for (const StageSpec& stage : order.spec.stages) {
    const auto* const complete = std::get_if<CompleteOptions>(&stage);
    if (complete == nullptr) continue;
    DQ_RETURN_IF_ERROR(Create(OutputKind::kChanges, "changes.csv"));
    DQ_RETURN_IF_ERROR(Create(OutputKind::kProfile, "profile.jsonl"));
    if (!complete->keep_intermediate) continue;
    DQ_RETURN_IF_ERROR(
        Create(OutputKind::kIntermediate,
               OutputName(order.spec.display_name, ".intermediate", order.spec.form.output)));
  }
  return absl::OkStatus();
}

absl::Status JobFiles::CreateCheckpoints() {
  for (size_t i = 0; i < kCheckpointNames.size(); ++i) {
    checkpoints_[i].name = kCheckpointNames[i];
    DQ_ASSIGN_OR_RETURN(checkpoints_[i].fd, publication_->CreateFile(kCheckpointNames[i]));
  }
  return absl::OkStatus();
}

// Slots first: what they name is there when the rest is copied.
std::vector<OwnFile> JobFiles::ContinuedFiles() const {
  std::vector<OwnFile> files;
  for (size_t i = checkpoints_.size(); i-- > 0;) {
    files.push_back({checkpoints_[i].name, checkpoints_[i].fd.get()});
  }
  for (const Output& output : outputs_) {
    const bool at_the_end =
        output.kind == OutputKind::kReport || output.kind == OutputKind::kProfile;
    if (!at_the_end) files.push_back({output.name, output.fd.get()});
  }
  return files;
}

CheckpointFiles JobFiles::checkpoint_files() const {
  return {checkpoints_[0].fd.get(), {checkpoints_[1].fd.get(), checkpoints_[2].fd.get()}};
}

int JobFiles::FdOf(OutputKind kind) const {
  for (const Output& output : outputs_) {
    if (output.kind == kind) return output.fd.get();
  }
  return -1;
}

ChainFiles JobFiles::chain_files() const {
  ChainFiles files;
  files.input_fd = input_.get();
  files.reference_fd = reference_.get();
  files.cleaned_fd = FdOf(OutputKind::kCleaned);
  files.report_fd = FdOf(OutputKind::kReport);
  files.changes_fd = FdOf(OutputKind::kChanges);
  files.clusters_fd = FdOf(OutputKind::kClusters);
  files.rejects_fd = FdOf(OutputKind::kRejects);
  files.profile_fd = FdOf(OutputKind::kProfile);
  files.intermediate_fd = FdOf(OutputKind::kIntermediate);
  files.temp_dir_fd = publication_->scratch_directory_fd();
  return files;
}

void JobFiles::CloseFiles() {
  input_.Reset();
  reference_.Reset();
  for (Output& output : outputs_) output.fd.Reset();
  for (Output& file : checkpoints_) file.fd.Reset();
}

absl::StatusOr<JobFiles::Published> JobFiles::Publish(const ChainResult& result,
                                                      const LeaseKey& lease,
                                                      const std::function<bool()>& stopped) {
  for (const Output& file : checkpoints_) DQ_RETURN_IF_ERROR(publication_->Drop(file.name));
  Published published;
  for (const Output& output : outputs_) {
    if (stopped()) return AttemptStopped();
    if (output.kind == OutputKind::kRejects && !result.has_rejects) {
      DQ_RETURN_IF_ERROR(publication_->Drop(output.name));
      continue;
    }
    DQ_ASSIGN_OR_RETURN(WrittenObject object, publication_->Seal(output.name));
    published.outputs.push_back({output.kind, output.name, std::move(object)});
  }
  if (stopped()) return AttemptStopped();
  DQ_ASSIGN_OR_RETURN(published.manifest,
                      publication_->Commit(ManifestOf(lease, published.outputs)));
  return published;
}

}  // namespace dq
