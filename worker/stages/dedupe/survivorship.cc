#include "worker/stages/dedupe/survivorship.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "common/base/status_macros.h"
#include "worker/chain/stage.h"
#include "worker/table/values/value_type.h"

namespace dq {
namespace {

bool IsMissing(std::string_view cell) { return TrimSpace(cell).empty(); }

double CountPresent(const RowBatch& batch, size_t row) {
  double present = 0;
  for (size_t column = 0; column < batch.column_count(); ++column) {
    present += IsMissing(batch.cell(row, column)) ? 0 : 1;
  }
  return present;
}

// Where a date or number stands; what is neither is older than all.
double AgeRank(std::string_view cell) {
  const std::string_view value = TrimSpace(cell);
  if (value.empty()) return -std::numeric_limits<double>::infinity();
  switch (TypeOf(value)) {
    case ValueType::kDate:
      return MomentOf(value);
    case ValueType::kInteger:
    case ValueType::kDecimal:
      return NumberOf(value);
    case ValueType::kBoolean:
    case ValueType::kText:
      break;
  }
  return -std::numeric_limits<double>::infinity();
}

}  // namespace

absl::StatusOr<Survivorship> Survivorship::Create(const DedupeOptions& options,
                                                  const std::vector<std::string>& columns,
                                                  MemoryBudget& memory) {
  std::optional<size_t> newest;
  if (options.survivor == SurvivorKind::kNewest) {
    DQ_ASSIGN_OR_RETURN(
        newest, FindColumn(columns, options.newest_column, "option newest_column of dedupe"));
  }
  Survivorship made(options.survivor, newest);
  if (options.merge) {
    std::vector<size_t> all(columns.size());
    std::iota(all.begin(), all.end(), size_t{0});
    made.cells_ = std::make_unique<RecordStore>(std::move(all), CellForm::kAsWritten, memory);
  }
  return made;
}

absl::Status Survivorship::Add(const RowBatch& batch, size_t row) {
  if (cells_ != nullptr) DQ_RETURN_IF_ERROR(cells_->Add(batch, row));
  switch (kind_) {
    case SurvivorKind::kFirst:
      break;
    case SurvivorKind::kMostComplete:
      ranks_.push_back(CountPresent(batch, row));
      break;
    case SurvivorKind::kNewest:
      ranks_.push_back(AgeRank(batch.cell(row, *newest_column_)));
      break;
  }
  return absl::OkStatus();
}

RecordId Survivorship::Choose(std::span<const RecordId> members) const {
  if (kind_ == SurvivorKind::kFirst) return members.front();
  return *std::max_element(members.begin(), members.end(),
                           [this](RecordId a, RecordId b) { return ranks_[a] < ranks_[b]; });
}

std::vector<Survivorship::MergedCell> Survivorship::Merge(RecordId survivor,
                                                          std::span<const RecordId> members) const {
  std::vector<MergedCell> merged;
  if (cells_ == nullptr) return merged;
  const auto text = [this](RecordId record, size_t column) -> std::string_view {
    const ValueId id = cells_->cell(record, column);
    return id == kNoValue ? std::string_view() : cells_->values(column).text(id);
  };
  for (size_t column = 0; column < cells_->fields(); ++column) {
    if (!IsMissing(text(survivor, column))) continue;
    std::vector<std::pair<ValueId, RecordId>> held;  // Each value's first holder, in order.
    std::vector<size_t> times;
    absl::flat_hash_map<ValueId, size_t> places;  // In `held`.
    for (const RecordId member : members) {
      if (IsMissing(text(member, column))) continue;
      const ValueId id = cells_->cell(member, column);
      const auto [place, is_new] = places.try_emplace(id, held.size());
      if (is_new) {
        held.push_back({id, member});
        times.push_back(0);
      }
      ++times[place->second];
    }
    if (held.empty()) continue;
    const auto most = std::max_element(times.begin(), times.end()) - times.begin();
    const auto& [id, from] = held[static_cast<size_t>(most)];
    merged.push_back({column, cells_->values(column).text(id), from});
  }
  return merged;
}

}  // namespace dq
