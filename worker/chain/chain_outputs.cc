#include "worker/chain/chain_outputs.h"

#include <algorithm>
#include <array>
#include <variant>

#include "common/base/status_macros.h"
#include "worker/table/bytes/state_reader.h"
#include "worker/table/table_formatter.h"

namespace dq {
namespace {

constexpr std::array<std::string_view, 6> kChangesHeader = {"row",   "column", "before",
                                                            "after", "method", "confidence"};
constexpr std::array<std::string_view, 5> kClustersHeader = {"row", "cluster_id", "kept",
                                                             "confidence", "explanation"};

std::unique_ptr<OutputFile> MakeFile(int fd, std::string_view name,
                                     Compression compression = Compression::kNone) {
  return fd < 0 ? nullptr : std::make_unique<OutputFile>(fd, name, MakePacker(compression));
}

// Only fuzzy matches need an explanation.
std::span<const std::string_view> ClustersHeader(const ChainSpec& spec) {
  const bool explained =
      std::any_of(spec.stages.begin(), spec.stages.end(), [](const StageSpec& stage) {
        const auto* dedupe = std::get_if<DedupeOptions>(&stage);
        return dedupe != nullptr && dedupe->match == MatchKind::kFuzzy;
      });
  return std::span(kClustersHeader).first(kClustersHeader.size() - (explained ? 0 : 1));
}

}  // namespace

LastPassSink::LastPassSink(std::unique_ptr<OutputFile> file,
                           std::span<const std::string_view> header, FormulaGuard guard)
    : file_(std::move(file)), header_(header.begin(), header.end()), guard_(guard) {}

absl::Status LastPassSink::Open() {
  if (file_ == nullptr) return absl::OkStatus();
  writer_ = std::make_unique<CsvWriter>(*file_, Dialect{}, guard_);
  const std::vector<std::string_view> header(header_.begin(), header_.end());
  return writer_->Add(header);
}

void LastPassSink::GoOn(bool has_rows) {
  has_rows_ = has_rows;
  if (file_ != nullptr) writer_ = std::make_unique<CsvWriter>(*file_, Dialect{}, guard_);
}

absl::Status LastPassSink::Add(std::span<const std::string_view> cells) {
  if (writer_ == nullptr) return absl::OkStatus();
  has_rows_ = true;
  if (cells.size() == header_.size()) return writer_->Add(cells);
  std::vector<std::string_view> whole(cells.begin(), cells.end());
  whole.resize(header_.size());
  return writer_->Add(whole);
}

namespace {

bool KeepsIntermediate(const ChainSpec& spec) {
  return std::ranges::any_of(spec.stages, [](const StageSpec& stage) {
    const auto* const complete = std::get_if<CompleteOptions>(&stage);
    return complete != nullptr && complete->keep_intermediate;
  });
}

}  // namespace

ChainOutputs::ChainOutputs(const ChainFiles& files, const ChainSpec& spec, TaskPool& pool)
    : choice_(spec.form.output),
      pool_(pool),
      cleaned_(MakeFile(files.cleaned_fd, "the cleaned file", choice_.compression)),
      intermediate_(MakeFile(KeepsIntermediate(spec) ? files.intermediate_fd : -1,
                             "the intermediate file", choice_.compression)),
      report_(MakeFile(files.report_fd, "the report")),
      profile_(MakeFile(files.profile_fd, "the profile")),
      changes_(MakeFile(files.changes_fd, "the changes file"), kChangesHeader,
               spec.form.output.formula_guard),
      clusters_(MakeFile(files.clusters_fd, "the clusters file"), ClustersHeader(spec),
                spec.form.output.formula_guard),
      rejects_(MakeFile(files.rejects_fd, "the rejects file"), kRejectsHeader,
               spec.form.output.formula_guard) {}

absl::Status ChainOutputs::Open(const TableLayout& layout,
                                const std::vector<bool>& number_columns) {
  for (LastPassSink* sink : {&changes_, &clusters_, &rejects_}) DQ_RETURN_IF_ERROR(sink->Open());
  MakeWriters(layout, number_columns);
  if (intermediate_writer_ != nullptr) DQ_RETURN_IF_ERROR(intermediate_writer_->Start());
  return cleaned_writer_ == nullptr ? absl::OkStatus() : cleaned_writer_->Start();
}

void ChainOutputs::MakeWriters(const TableLayout& layout, const std::vector<bool>& number_columns) {
  const auto make = [&](std::unique_ptr<OutputFile>& file) {
    return file == nullptr ? nullptr
                           : std::make_unique<BatchWriter>(
                                 *file, MakeFormatter(layout, choice_, number_columns), pool_);
  };
  cleaned_writer_ = make(cleaned_);
  intermediate_writer_ = make(intermediate_);
}

absl::Status ChainOutputs::AddCleaned(const RowBatch& batch) {
  return cleaned_writer_ == nullptr ? absl::OkStatus() : cleaned_writer_->Add(batch);
}

absl::Status ChainOutputs::AddIntermediate(const RowBatch& batch) {
  return intermediate_writer_ == nullptr ? absl::OkStatus() : intermediate_writer_->Add(batch);
}

int64_t ChainOutputs::cells_guarded() const {
  return guarded_before_ + (cleaned_writer_ == nullptr ? 0 : cleaned_writer_->cells_guarded());
}

std::array<OutputFile*, 5> ChainOutputs::Files() {
  return {cleaned_.get(), changes_.file(), clusters_.file(), rejects_.file(), intermediate_.get()};
}

bool ChainOutputs::can_resume() const {
  return (cleaned_ == nullptr || !cleaned_->packed()) &&
         (intermediate_ == nullptr || !intermediate_->packed());
}

absl::Status ChainOutputs::FinishWriters() {
  if (intermediate_writer_ != nullptr) DQ_RETURN_IF_ERROR(intermediate_writer_->Finish());
  return cleaned_writer_ == nullptr ? absl::OkStatus() : cleaned_writer_->Finish();
}

absl::StatusOr<ChainOutputs::Places> ChainOutputs::Sync() {
  DQ_RETURN_IF_ERROR(FinishWriters());
  Places places;
  const auto files = Files();
  for (size_t i = 0; i < files.size(); ++i) {
    if (files[i] == nullptr) continue;
    DQ_RETURN_IF_ERROR(files[i]->Sync());
    places[i] = files[i]->place();
  }
  return places;
}

absl::Status ChainOutputs::Resume(const TableLayout& layout,
                                  const std::vector<bool>& number_columns, const Places& places,
                                  bool has_rejects, const std::function<bool()>& stop) {
  const auto files = Files();
  for (size_t i = 0; i < files.size(); ++i) {
    if ((files[i] == nullptr) != (places[i].size_bytes < 0)) {
      return CheckpointInvalid("other outputs were written");
    }
    if (files[i] != nullptr) DQ_RETURN_IF_ERROR(files[i]->Resume(places[i], stop));
  }
  DQ_RETURN_IF_ERROR(ClearReports());
  // Only of the rejects somebody asks.
  for (LastPassSink* sink : {&changes_, &clusters_, &rejects_}) sink->GoOn(has_rejects);
  MakeWriters(layout, number_columns);
  return absl::OkStatus();
}

absl::Status ChainOutputs::ClearReports() {
  if (profile_ != nullptr) DQ_RETURN_IF_ERROR(profile_->Clear());
  return report_ == nullptr ? absl::OkStatus() : report_->Clear();
}

absl::Status ChainOutputs::Clear() {
  for (OutputFile* file : Files()) {
    if (file != nullptr) DQ_RETURN_IF_ERROR(file->Clear());
  }
  return ClearReports();
}

absl::Status ChainOutputs::Finish() {
  DQ_RETURN_IF_ERROR(FinishWriters());
  for (OutputFile* file : Files()) {
    if (file != nullptr) DQ_RETURN_IF_ERROR(file->Finish());
  }
  return absl::OkStatus();
}

std::string ChainOutputs::CleanedSha256() const {
  return cleaned_ == nullptr ? "" : cleaned_->sha256();
}

absl::Status ChainOutputs::WriteReport(std::string_view json) {
  if (report_ == nullptr) return absl::OkStatus();
  report_->buffer() += json;
  return report_->Finish();
}

absl::Status ChainOutputs::WriteProfile(std::string_view lines) {
  if (profile_ == nullptr) return absl::OkStatus();
  profile_->buffer() += lines;
  return profile_->Finish();
}

std::vector<ChainOutput> ChainOutputs::Written() {
  std::vector<ChainOutput> written;
  const auto add = [&written](OutputKind kind, const OutputFile* file) {
    if (file != nullptr) written.push_back({kind, file->size_bytes(), file->sha256()});
  };
  add(OutputKind::kCleaned, cleaned_.get());
  add(OutputKind::kReport, report_.get());
  add(OutputKind::kChanges, changes_.file());
  add(OutputKind::kClusters, clusters_.file());
  add(OutputKind::kRejects, rejects_.file());
  add(OutputKind::kProfile, profile_.get());
  add(OutputKind::kIntermediate, intermediate_.get());
  return written;
}

}  // namespace dq
