#include "worker/stages/dedupe/cluster_stage.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <numeric>
#include <utility>

#include "common/base/status_macros.h"
#include "worker/stages/dedupe/dedupe_stage.h"

namespace dq {

absl::Status ClusterStage::Begin(Pass pass, const std::vector<std::string>& columns) {
  next_ = 0;
  exact_ = normalised_ = fuzzy_ = 0;
  if (pass == Pass::kApply) return absl::OkStatus();
  columns_ = columns;
  std::vector<size_t> compared;
  for (const std::string& name : options_.columns) {
    DQ_ASSIGN_OR_RETURN(const size_t index, FindColumn(columns, name, "option columns of dedupe"));
    compared.push_back(index);
  }
  if (options_.columns.empty()) {
    for (size_t i = 0; i < columns.size(); ++i) compared.push_back(i);
  }
  store_.emplace(std::move(compared), context_.memory);
  return absl::OkStatus();
}

absl::Status ClusterStage::Learn(const RowBatch& batch) {
  for (size_t row = 0; row < batch.row_count(); ++row) {
    if (!batch.row(row).dropped) DQ_RETURN_IF_ERROR(store_->Add(batch, row));
  }
  return absl::OkStatus();
}

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
    const bool equal = i > 0 && compare(order[i - 1], order[i]) == 0;
    equal_to[order[i]] = equal ? equal_to[order[i - 1]] : order[i];
  }
  return equal_to;
}

absl::Status ClusterStage::EndLearn() {
  equal_to_ = FindEqualRecords();
  matcher_ = std::make_unique<FuzzyMatcher>(*store_, equal_to_, context_.memory, context_.stop);
  DQ_ASSIGN_OR_RETURN(clusters_, matcher_->Run());
  sizes_.assign(store_->size(), 0);
  for (const RecordId leader : clusters_.leader_of) ++sizes_[leader];
  return absl::OkStatus();
}

absl::Status ClusterStage::Apply(RowBatch& batch) {
  for (size_t row = 0; row < batch.row_count(); ++row) {
    if (batch.row(row).dropped) continue;
    const RecordId record = next_++;
    const RecordId leader = clusters_.leader_of[record];
    if (sizes_[leader] < 2) continue;
    DQ_RETURN_IF_ERROR(WriteMember(record));
    if (record == leader) continue;
    batch.Drop(row);
    if (equal_to_[record] != equal_to_[leader]) {
      ++fuzzy_;
    } else {
      ++(store_->spelling(record) == store_->spelling(leader) ? exact_ : normalised_);
    }
  }
  return absl::OkStatus();
}

absl::Status ClusterStage::WriteMember(RecordId record) {
  if (context_.clusters == nullptr) return absl::OkStatus();
  const RecordId leader = clusters_.leader_of[record];
  const std::string row = std::to_string(store_->row(record));
  const std::string cluster = std::to_string(store_->row(leader));
  const double confidence = equal_to_[record] == equal_to_[leader]
                                ? (store_->spelling(record) == store_->spelling(leader) ? 1 : 0.95)
                                : matcher_->Confidence(record, leader);
  std::array<char, 32> number;
  std::snprintf(number.data(), number.size(), "%.4g", confidence);
  const std::array<std::string_view, 4> cells = {row, cluster, record == leader ? "true" : "false",
                                                 number.data()};
  return context_.clusters->Add(cells);
}

void ClusterStage::Settle(const RowBatch&) {}

absl::Status ClusterStage::Finish(Report& report) {
  report.duplicates_exact += exact_;
  report.duplicates_normalised += normalised_;
  report.duplicates_fuzzy += fuzzy_;
  report.clusters += std::count_if(sizes_.begin(), sizes_.end(), [](uint32_t n) { return n > 1; });
  const auto removed = static_cast<double>(exact_ + normalised_ + fuzzy_);
  const double before = next_ == 0 ? 100 : 100 * (1 - removed / static_cast<double>(next_));
  ReportDimension& uniqueness = report.dimensions["uniqueness"];
  if (uniqueness.weight == 0) uniqueness.score_before = before;
  uniqueness.score = 100;
  uniqueness.weight = kUniquenessWeight;
  return absl::OkStatus();
}

}  // namespace dq
