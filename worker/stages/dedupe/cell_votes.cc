#include "worker/stages/dedupe/cell_votes.h"

#include <algorithm>
#include <utility>

#include "common/base/error.h"
#include "common/base/status_macros.h"
#include "worker/table/values/value_type.h"

#define XXH_INLINE_ALL
#include "xxhash.h"

namespace dq {
namespace {

// What a vote takes besides its text: a slot of a table that is half empty, and a place among those
// that are sorted.
constexpr size_t kVoteBytes = 3 * 72;

bool IsMissing(std::string_view cell) { return TrimSpace(cell).empty(); }

}  // namespace

void AppendCells(std::string& out, const RowBatch& batch, size_t row) {
  for (size_t column = 0; column < batch.column_count(); ++column) {
    const std::string_view cell = batch.cell(row, column);
    size_t size = cell.size();
    for (; size >= 0x80; size >>= 7) out += static_cast<char>(0x80 | (size & 0x7F));
    out += static_cast<char>(size);
    out += cell;
  }
}

std::string_view TakeCell(std::string_view& cells) {
  size_t size = 0;
  size_t at = 0;
  for (unsigned shift = 0;; shift += 7) {
    const auto byte = static_cast<uint8_t>(cells[at++]);
    size |= size_t{byte & 0x7Fu} << shift;
    if (byte < 0x80) break;
  }
  const std::string_view cell = cells.substr(at, size);
  cells.remove_prefix(at + size);
  return cell;
}

CellVotes::CellVotes(size_t columns, MemoryBudget& memory)
    : columns_(columns),
      words_((columns + 63) / 64),
      wants_bytes_(memory, "merging cells of duplicates"),
      votes_bytes_(memory, "merging cells of duplicates") {}

absl::Status CellVotes::Count(const Scan& scan, const Emit& emit) {
  DQ_RETURN_IF_ERROR(scan([this](const ClusteredRecord& record) { return NoteMissing(record); }));
  size_t step = wants_.size();
  for (size_t begin = 0; begin < wants_.size();) {
    const size_t end = std::min(wants_.size(), begin + step);
    const absl::Status collected = Collect(scan, begin, end);
    if (ReasonOf(collected) == "OUT_OF_MEMORY" && end - begin > 1) {
      step = (end - begin) / 2;
      continue;
    }
    DQ_RETURN_IF_ERROR(collected);
    DQ_RETURN_IF_ERROR(EmitWinners(emit));
    begin = end;
  }
  return absl::OkStatus();
}

absl::Status CellVotes::NoteMissing(const ClusteredRecord& record) {
  if (record.row != record.survivor) return absl::OkStatus();
  std::string_view cells = record.cells;
  const size_t first_word = wants_.size() * words_;
  for (size_t column = 0; column < columns_; ++column) {
    if (!IsMissing(TakeCell(cells))) continue;
    if (missing_.size() == first_word) {
      // The lists grow by doubling.
      DQ_RETURN_IF_ERROR(wants_bytes_.Take(3 * (words_ + 1) * sizeof(uint64_t)));
      missing_.resize(first_word + words_, 0);
    }
    missing_[first_word + column / 64] |= uint64_t{1} << (column % 64);
  }
  if (missing_.size() > first_word) wants_.push_back(record.row);
  return absl::OkStatus();
}

absl::Status CellVotes::Collect(const Scan& scan, size_t begin, size_t end) {
  votes_ = {};
  texts_ = {};
  votes_bytes_.Clear();
  const auto first = wants_.begin() + static_cast<ptrdiff_t>(begin);
  const auto last = wants_.begin() + static_cast<ptrdiff_t>(end);
  return scan([&](const ClusteredRecord& record) {
    const auto want = std::lower_bound(first, last, record.survivor);
    if (want == last || *want != record.survivor || record.row == record.survivor) {
      return absl::OkStatus();
    }
    return AddVotes(record, static_cast<size_t>(want - wants_.begin()));
  });
}

absl::Status CellVotes::AddVotes(const ClusteredRecord& record, size_t want) {
  std::string_view cells = record.cells;
  for (size_t column = 0; column < columns_; ++column) {
    const std::string_view value = TakeCell(cells);
    if (!Misses(want, column) || IsMissing(value)) continue;
    const XXH128_hash_t hash = XXH3_128bits(value.data(), value.size());
    const Key key{static_cast<uint32_t>(want), static_cast<uint32_t>(column), hash.high64,
                  hash.low64};
    DQ_RETURN_IF_ERROR(AddVote(record, key, value));
  }
  return absl::OkStatus();
}

absl::Status CellVotes::AddVote(const ClusteredRecord& record, const Key& key,
                                std::string_view value) {
  if (const auto known = votes_.find(key); known != votes_.end()) {
    ++known->second.times;
    return absl::OkStatus();
  }
  DQ_RETURN_IF_ERROR(votes_bytes_.Take(kVoteBytes + 3 * value.size()));
  votes_[key] = {.times = 1,
                 .first_row = record.row,
                 .same_spelling = record.same_spelling,
                 .text_at = texts_.size(),
                 .text_bytes = value.size()};
  texts_ += value;
  return absl::OkStatus();
}

absl::Status CellVotes::EmitWinners(const Emit& emit) {
  std::vector<std::pair<Key, Vote>> sorted(votes_.begin(), votes_.end());
  votes_ = {};
  // By cell, the winner first.
  std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) {
    if (a.first.want != b.first.want) return a.first.want < b.first.want;
    if (a.first.column != b.first.column) return a.first.column < b.first.column;
    if (a.second.times != b.second.times) return a.second.times > b.second.times;
    return a.second.first_row < b.second.first_row;
  });
  for (size_t i = 0; i < sorted.size(); ++i) {
    const auto& [key, vote] = sorted[i];
    if (i > 0 && sorted[i - 1].first.want == key.want && sorted[i - 1].first.column == key.column) {
      continue;
    }
    DQ_RETURN_IF_ERROR(emit({.survivor = wants_[key.want],
                             .column = key.column,
                             .same_spelling = vote.same_spelling,
                             .value = texts_.substr(vote.text_at, vote.text_bytes)}));
  }
  return absl::OkStatus();
}

}  // namespace dq
