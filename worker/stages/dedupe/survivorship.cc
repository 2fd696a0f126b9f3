#include "worker/stages/dedupe/survivorship.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "common/base/status_macros.h"
#include "worker/chain/stage.h"
#include "worker/table/values/value_type.h"

namespace dq {
namespace {

bool IsMissing(std::string_view cell) { return TrimSpace(cell).empty(); }

constexpr ValueId kValuesEach = 4096;  // Between two looks at whether to stop.

}  // namespace

absl::StatusOr<Survivorship> Survivorship::Create(const DedupeOptions& options,
                                                  const std::vector<std::string>& columns,
                                                  MemoryBudget& memory) {
  DQ_ASSIGN_OR_RETURN(RecordRanks ranks, RecordRanks::Create(options, columns));
  Survivorship made(std::move(ranks));
  made.chooses_ = options.survivor != SurvivorKind::kFirst;
  made.newest_name_ = options.newest_column;
  made.values_.emplace(memory);
  if (options.merge) {
    std::vector<size_t> all(columns.size());
    std::iota(all.begin(), all.end(), size_t{0});
    made.cells_ = std::make_unique<RecordStore>(std::move(all), CellForm::kAsWritten, memory);
  }
  return made;
}

absl::Status Survivorship::Add(const RowBatch& batch, size_t row) {
  if (cells_ != nullptr) DQ_RETURN_IF_ERROR(cells_->Add(batch, row));
  if (!chooses_) return absl::OkStatus();
  const std::optional<double> rank = ranking_.Rank(batch, row);
  if (!rank.has_value()) {
    DQ_ASSIGN_OR_RETURN(const ValueId id, values_->Add(ranking_.ValueOf(batch, row)));
    undecided_.push_back({static_cast<RecordId>(ranks_.size()), id, batch.row(row).number});
  }
  ranks_.push_back(rank.value_or(kNoRank));
  return absl::OkStatus();
}

absl::Status Survivorship::Decide(const std::function<bool()>& stop) {
  std::vector<double> rank_of(values_->size() + 1, kNoRank);
  UnrankedCells unranked = ranking_.unranked();
  for (ValueId id = 1; id <= values_->size(); ++id) {
    if (id % kValuesEach == 0) DQ_RETURN_IF_ERROR(CheckStop(stop));
    rank_of[id] = ranking_.RankOf(values_->text(id)).value_or(kNoRank);
  }
  for (const auto& [record, value, row] : undecided_) {
    ranks_[record] = rank_of[value];
    if (rank_of[value] == kNoRank) unranked.Add(values_->text(value), row);
  }
  values_.reset();
  std::vector<Undecided>().swap(undecided_);
  note_ = unranked.Note(newest_name_);
  return absl::OkStatus();
}

RecordId Survivorship::Choose(std::span<const RecordId> members) const {
  if (!chooses_) return members.front();
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
