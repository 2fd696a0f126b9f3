#include "worker/stages/dedupe/cluster_stage.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <numeric>
#include <utility>

#include "common/base/status_macros.h"
#include "worker/stages/dedupe/dedupe_rules.h"
#include "worker/table/bytes/file_error.h"

namespace dq {
namespace {

// Of a record: what it equals, its leader, its place among the members, the one that stays, and
// what sorting and counting takes.
constexpr size_t kBytesEach = 7 * sizeof(RecordId);

std::string NumberText(double number) {
  std::array<char, 32> text;
  const int size = std::snprintf(text.data(), text.size(), "%.4g", number);
  return std::string(text.data(), static_cast<size_t>(size));
}

}  // namespace

absl::Status ClusterStage::Begin(Pass pass, const std::vector<std::string>& columns) {
  next_ = 0;
  exact_ = normalised_ = fuzzy_ = merged_ = 0;
  if (pass == Pass::kApply) return absl::OkStatus();
  columns_ = columns;
  DQ_ASSIGN_OR_RETURN(std::vector<size_t> compared, ComparedColumns(options_, columns));
  std::vector<CellForm> forms = FormsOf(options_, compared.size(), forms_);
  store_ = std::make_unique<RecordStore>(std::move(compared), std::move(forms), context_.memory);
  DQ_ASSIGN_OR_RETURN(Survivorship survivorship,
                      Survivorship::Create(options_, columns, context_.memory));
  survivorship_.emplace(std::move(survivorship));
  return absl::OkStatus();
}

absl::Status ClusterStage::Learn(const RowBatch& batch) {
  for (size_t row = 0; row < batch.row_count(); ++row) {
    if (batch.row(row).dropped) continue;
    DQ_RETURN_IF_ERROR(store_->Add(batch, row));
    DQ_RETURN_IF_ERROR(survivorship_->Add(batch, row));
  }
  return absl::OkStatus();
}

// For every record the first one with equal cells.
std::vector<RecordId> ClusterStage::FindEqualRecords() const {
  std::vector<RecordId> order(store_->size());
  std::iota(order.begin(), order.end(), RecordId{0});
  const size_t bytes = store_->fields() * sizeof(ValueId);
  const auto compare = [&](RecordId a, RecordId b) {
    return std::memcmp(store_->cells(a), store_->cells(b), bytes);
  };
  std::sort(order.begin(), order.end(), [&](RecordId a, RecordId b) {
    const int difference = compare(a, b);
    return difference != 0 ? difference < 0 : a < b;
  });
  std::vector<RecordId> equal_to(store_->size());
  for (size_t i = 0; i < order.size(); ++i) {
    // Records without any of the chosen columns say nothing about being the same.
    const bool says_nothing = !options_.columns.empty() && store_->blank(order[i]);
    const bool equal = i > 0 && !says_nothing && compare(order[i - 1], order[i]) == 0;
    equal_to[order[i]] = equal ? equal_to[order[i - 1]] : order[i];
  }
  return equal_to;
}

absl::Status ClusterStage::EndLearn() {
  taken_.emplace(context_.memory, "the clusters of records");
  DQ_RETURN_IF_ERROR(taken_->Take(store_->size() * kBytesEach));
  DQ_RETURN_IF_ERROR(survivorship_->Decide(context_.stop));
  equal_to_ = FindEqualRecords();
  clusters_.leader_of = equal_to_;
  if (options_.match == MatchKind::kFuzzy) {
    matcher_ =
        std::make_unique<FuzzyMatcher>(*store_, equal_to_, options_.match_threshold, context_);
    DQ_ASSIGN_OR_RETURN(clusters_, matcher_->Run());
  }
  ChooseSurvivors();
  return absl::OkStatus();
}

void ClusterStage::ChooseSurvivors() {
  begins_.assign(store_->size() + 1, 0);
  for (const RecordId leader : clusters_.leader_of) ++begins_[leader + 1];
  std::partial_sum(begins_.begin(), begins_.end(), begins_.begin());
  members_.resize(store_->size());
  std::vector<RecordId> next = begins_;
  for (RecordId record = 0; record < store_->size(); ++record) {
    members_[next[clusters_.leader_of[record]]++] = record;
  }
  survivor_of_.resize(store_->size());
  for (RecordId record = 0; record < store_->size(); ++record) {
    const std::span<const RecordId> members = MembersOf(record);
    if (!members.empty()) survivor_of_[record] = survivorship_->Choose(members);
  }
}

std::span<const RecordId> ClusterStage::MembersOf(RecordId leader) const {
  return std::span(members_).subspan(begins_[leader], begins_[leader + 1] - begins_[leader]);
}

ClusterStage::Kinship ClusterStage::KinshipOf(RecordId record, RecordId survivor) const {
  if (equal_to_[record] != equal_to_[survivor]) return Kinship::kFuzzy;
  return store_->spelling(record) == store_->spelling(survivor) ? Kinship::kExact
                                                                : Kinship::kNormalised;
}

absl::Status ClusterStage::Apply(RowBatch& batch) {
  for (size_t row = 0; row < batch.row_count(); ++row) {
    if (batch.row(row).dropped) continue;
    if (next_ == store_->size()) {
      return InputChanged("the input has more rows than when it was read first");
    }
    const RecordId record = next_++;
    const RecordId leader = clusters_.leader_of[record];
    if (MembersOf(leader).size() < 2) continue;
    const RecordId survivor = survivor_of_[leader];
    DQ_RETURN_IF_ERROR(WriteMember(record, survivor));
    if (record == survivor) {
      DQ_RETURN_IF_ERROR(MergeCells(batch, row, survivor));
      continue;
    }
    if (options_.duplicates == DuplicateHandling::kRemove) batch.Drop(row);
    switch (KinshipOf(record, survivor)) {
      case Kinship::kExact:
        ++exact_;
        break;
      case Kinship::kNormalised:
        ++normalised_;
        break;
      case Kinship::kFuzzy:
        ++fuzzy_;
        break;
    }
  }
  return absl::OkStatus();
}

double ClusterStage::ConfidenceOf(RecordId record, RecordId survivor) const {
  switch (KinshipOf(record, survivor)) {
    case Kinship::kExact:
      return 1;
    case Kinship::kNormalised:
      return kNormalisedConfidence;
    case Kinship::kFuzzy:
      break;
  }
  return matcher_->Confidence(record, survivor);
}

std::string ClusterStage::ExplanationOf(RecordId record, RecordId survivor) const {
  if (record == survivor) return "";
  switch (KinshipOf(record, survivor)) {
    case Kinship::kExact:
      return "equal";
    case Kinship::kNormalised:
      return "equal after folding";
    case Kinship::kFuzzy:
      break;
  }
  return matcher_->Explain(record, survivor, columns_);
}

absl::Status ClusterStage::WriteMember(RecordId record, RecordId survivor) {
  if (context_.clusters == nullptr) return absl::OkStatus();
  const std::string row = std::to_string(store_->row(record));
  const std::string cluster = std::to_string(store_->row(survivor));
  const std::string confidence = NumberText(ConfidenceOf(record, survivor));
  const bool stays = record == survivor || options_.duplicates == DuplicateHandling::kKeep;
  const std::string_view kept = stays ? "true" : "false";
  if (options_.match != MatchKind::kFuzzy) {
    const std::array<std::string_view, 4> cells = {row, cluster, kept, confidence};
    return context_.clusters->Add(cells);
  }
  const std::string explanation = ExplanationOf(record, survivor);
  const std::array<std::string_view, 5> cells = {row, cluster, kept, confidence, explanation};
  return context_.clusters->Add(cells);
}

absl::Status ClusterStage::MergeCells(RowBatch& batch, size_t row, RecordId survivor) {
  const RecordId leader = clusters_.leader_of[survivor];
  for (const auto& merged : survivorship_->Merge(survivor, MembersOf(leader))) {
    ++merged_;
    if (context_.changes != nullptr) {
      const std::string number = std::to_string(store_->row(survivor));
      const std::string confidence = NumberText(ConfidenceOf(merged.from, survivor));
      const std::array<std::string_view, 6> cells = {
          number,    columns_[merged.column], batch.cell(row, merged.column), merged.value, "merge",
          confidence};
      DQ_RETURN_IF_ERROR(context_.changes->Add(cells));
    }
    batch.SetCell(row, merged.column, merged.value);
  }
  return absl::OkStatus();
}

absl::Status ClusterStage::Finish(Report& report) {
  report.duplicates_exact += exact_;
  report.duplicates_normalised += normalised_;
  report.duplicates_fuzzy += fuzzy_;
  report.cells_filled += merged_;
  report.pairs_compared += clusters_.pairs_compared;
  for (RecordId record = 0; record < store_->size(); ++record) {
    const size_t size = MembersOf(record).size();
    if (size < 2) continue;
    ++report.clusters;
    ++report.clusters_by_size[ClusterSizeClass(static_cast<int64_t>(size))];
  }
  AddUniqueness(options_, next_, exact_ + normalised_ + fuzzy_, report);
  NoteColumnsThatDiffer(options_, next_, report);
  if (!survivorship_->note().empty()) report.limits.push_back(survivorship_->note());
  if (matcher_ == nullptr) return absl::OkStatus();
  report.matching = matcher_->Describe(columns_);
  for (std::string& limit : matcher_->Limits(columns_)) report.limits.push_back(std::move(limit));
  return absl::OkStatus();
}

}  // namespace dq
