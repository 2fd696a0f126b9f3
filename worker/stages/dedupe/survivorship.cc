#include "worker/stages/dedupe/survivorship.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "common/base/status_macros.h"
#include "worker/chain/stage.h"
#include "worker/stages/dedupe/age_ranks.h"
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
  if (newest.has_value()) {
    made.newest_name_ = options.newest_column;
    made.ages_.emplace(memory);
  }
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
    case SurvivorKind::kNewest: {
      DQ_ASSIGN_OR_RETURN(const ValueId id,
                          ages_->Add(TrimSpace(batch.cell(row, *newest_column_))));
      age_of_.push_back(id);
      break;
    }
  }
  return absl::OkStatus();
}

absl::Status Survivorship::Decide(const std::function<bool()>& stop) {
  if (!ages_.has_value()) return absl::OkStatus();
  DQ_ASSIGN_OR_RETURN(const AgeRanks ages, RankByAge(*ages_, stop));
  ages_.reset();
  ranks_.reserve(age_of_.size());
  for (const ValueId id : age_of_) ranks_.push_back(ages.rank[id]);
  std::vector<ValueId>().swap(age_of_);
  if (ages.unranked_cells == 0) return absl::OkStatus();
  note_ = std::to_string(ages.unranked_cells) + " cells of \"" + newest_name_ +
          "\" hold no number and no date of which it is certain what it means, such as \"" +
          ages.unranked + "\": for the newest record they count as oldest.";
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
