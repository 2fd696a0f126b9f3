#include "worker/stages/dedupe/fuzzy/blocking.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <numeric>
#include <tuple>

#include "common/base/status_macros.h"
#include "worker/chain/taken_bytes.h"
#include "worker/stages/dedupe/fuzzy/blocking_keys.h"

namespace dq {
namespace {

constexpr double kAllPairsMax = 2e6;
constexpr double kPairsMin = 2e6;
constexpr double kPairsPerRecord = 10;
constexpr double kPairsPerRecordOfPass = 1;
// Larger blocks say little: their pairs are found by rarer keys.
constexpr std::array<size_t, 8> kBlockSizes = {2, 5, 10, 25, 60, 150, 400, 1000};

// Progress is told once for so many records.
constexpr size_t kToldRecords = 16384;
constexpr size_t kSortedParts = 4;  // A power of two.

struct KeyedRecord {
  BlockingKey key;
  RecordId record;
  bool operator<(const KeyedRecord& other) const {
    return std::tie(key, record) < std::tie(other.key, other.record);
  }
};

// What a pass would give if blocks up to each of kBlockSizes were used.
using PairsBySize = std::array<double, kBlockSizes.size()>;

// Sorts on all threads: parts of a size that does not depend on how many there are, then merges.
template <typename Item>
absl::Status SortAll(TaskPool& pool, std::vector<Item>& items) {
  const auto part = [&](size_t i) {
    return items.begin() + static_cast<std::ptrdiff_t>(i * items.size() / kSortedParts);
  };
  DQ_RETURN_IF_ERROR(pool.ParallelFor(kSortedParts, [&](size_t i) {
    std::sort(part(i), part(i + 1));
    return absl::OkStatus();
  }));
  for (size_t width = 1; width < kSortedParts; width *= 2) {
    DQ_RETURN_IF_ERROR(pool.ParallelFor(kSortedParts / (2 * width), [&](size_t i) {
      const size_t at = 2 * width * i;
      std::inplace_merge(part(at), part(at + width), part(at + 2 * width));
      return absl::OkStatus();
    }));
  }
  return absl::OkStatus();
}

class Blocking {
 public:
  Blocking(const RecordComparison& comparison, const std::vector<RecordId>& records,
           const PairScope& scope, const StageContext& context, LongWork& work)
      : keys_(comparison),
        records_(records),
        scope_(scope),
        pool_(context.pool),
        taken_(context.memory, "the pairs to compare"),
        work_(work) {}

  absl::StatusOr<std::vector<PairKey>> Run();

 private:
  absl::Status Key(const BlockingPass& pass);
  template <typename Visit>
  void ForEachBlock(const Visit& visit) const;
  PairsBySize Count() const;
  absl::Status AddPairs(const BlockingPass& pass, size_t size_max);

  BlockingKeys keys_;
  const std::vector<RecordId>& records_;
  const PairScope& scope_;
  TaskPool& pool_;
  TakenBytes taken_;
  LongWork& work_;
  size_t keyed_passes_ = 0;         // Passes are keyed to be counted and, most of them, to be used.
  std::vector<KeyedRecord> keyed_;  // Of the pass at hand, sorted.
  std::vector<PairKey> pairs_;      // Ascending.
  std::vector<PairKey> fresh_;      // Of the pass at hand.
};

absl::Status Blocking::Key(const BlockingPass& pass) {
  const auto passes = static_cast<double>(2 * keys_.passes().size());
  const auto before = static_cast<double>(keyed_passes_++);
  keyed_.clear();
  std::vector<BlockingKey> keys;
  for (size_t i = 0; i < records_.size(); ++i) {
    if (i % kToldRecords == 0) {
      const double share = static_cast<double>(i) / static_cast<double>(records_.size());
      DQ_RETURN_IF_ERROR(work_.Reached((before + share / 2) / passes));
    }
    const RecordId record = records_[i];
    keys_.Make(pass, record, keys);
    if (keyed_.size() + keys.size() > keyed_.capacity()) {
      const size_t wanted = keyed_.capacity() * 3 / 2 + records_.size() + keys.size();
      // Merging takes half as much again.
      DQ_RETURN_IF_ERROR(taken_.Take((wanted - keyed_.capacity()) * sizeof(KeyedRecord) * 3 / 2));
      keyed_.reserve(wanted);
    }
    for (const BlockingKey key : keys) keyed_.push_back({key, record});
  }
  return SortAll(pool_, keyed_);
}

template <typename Visit>
void Blocking::ForEachBlock(const Visit& visit) const {
  for (size_t begin = 0; begin < keyed_.size();) {
    size_t end = begin + 1;
    while (end < keyed_.size() && keyed_[end].key == keyed_[begin].key) ++end;
    if (end - begin > 1) visit(begin, end);
    begin = end;
  }
}

PairsBySize Blocking::Count() const {
  PairsBySize counts{};
  ForEachBlock([&](size_t begin, size_t end) {
    const auto size = static_cast<double>(end - begin);
    for (size_t i = 0; i < kBlockSizes.size(); ++i) {
      if (end - begin <= kBlockSizes[i]) counts[i] += size * (size - 1) / 2;
    }
  });
  return counts;
}

// The largest blocks of a pass whose pairs are no more than `most`; 0: none.
size_t BlockSizeFor(const PairsBySize& pairs, double most) {
  size_t size = 0;
  for (size_t i = 0; i < kBlockSizes.size() && pairs[i] <= most; ++i) size = kBlockSizes[i];
  return size;
}

absl::StatusOr<std::vector<PairKey>> Blocking::Run() {
  const std::vector<BlockingPass>& passes = keys_.passes();
  std::vector<PairsBySize> counts;
  for (const BlockingPass& pass : passes) {
    DQ_RETURN_IF_ERROR(Key(pass));
    counts.push_back(Count());
  }
  std::vector<size_t> order(passes.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return counts[a].back() < counts[b].back(); });
  const auto records = static_cast<double>(records_.size());
  const double budget = std::max(kPairsMin, kPairsPerRecord * records);
  for (size_t i = 0; i < order.size(); ++i) {
    // Passes with few pairs take what they need, the others share what is left. Much of what a pass
    // finds was found before, so that every pass may give some.
    const double left = budget - static_cast<double>(pairs_.size());
    const double share = left / static_cast<double>(order.size() - i);
    const double most = std::min(left, std::max(share, kPairsPerRecordOfPass * records));
    DQ_RETURN_IF_ERROR(AddPairs(passes[order[i]], BlockSizeFor(counts[order[i]], most)));
  }
  return std::move(pairs_);
}

// Adds the pairs of the pass's blocks up to `size_max` records.
absl::Status Blocking::AddPairs(const BlockingPass& pass, size_t size_max) {
  if (size_max == 0) {
    ++keyed_passes_;
    return absl::OkStatus();
  }
  DQ_RETURN_IF_ERROR(Key(pass));
  size_t most = 0;
  ForEachBlock([&](size_t begin, size_t end) {
    if (end - begin <= size_max) most += (end - begin) * (end - begin - 1) / 2;
  });
  if (most > fresh_.capacity()) {
    DQ_RETURN_IF_ERROR(taken_.Take((most - fresh_.capacity()) * sizeof(PairKey) * 3 / 2));
    fresh_.reserve(most);
  }
  fresh_.clear();
  ForEachBlock([&](size_t begin, size_t end) {
    if (end - begin > size_max) return;
    for (size_t a = begin; a < end; ++a) {
      for (size_t b = a + 1; b < end; ++b) {
        if (keyed_[a].record != keyed_[b].record &&
            scope_.Allows(keyed_[a].record, keyed_[b].record)) {
          fresh_.push_back(MakePair(keyed_[a].record, keyed_[b].record));
        }
      }
    }
  });
  DQ_RETURN_IF_ERROR(SortAll(pool_, fresh_));
  fresh_.erase(std::unique(fresh_.begin(), fresh_.end()), fresh_.end());
  const size_t before = pairs_.capacity() * sizeof(PairKey);
  DQ_RETURN_IF_ERROR(taken_.Take((pairs_.size() + fresh_.size()) * sizeof(PairKey)));
  std::vector<PairKey> all;
  all.reserve(pairs_.size() + fresh_.size());
  std::set_union(pairs_.begin(), pairs_.end(), fresh_.begin(), fresh_.end(),
                 std::back_inserter(all));
  pairs_ = std::move(all);
  taken_.Release(before);
  return absl::OkStatus();
}

}  // namespace

double PairScope::Pairs(const std::vector<RecordId>& records) const {
  const auto all = static_cast<double>(records.size());
  if (!split) return all * (all - 1) / 2;
  const auto first = static_cast<double>(std::lower_bound(records.begin(), records.end(), *split) -
                                         records.begin());
  return first * (all - first);
}

absl::StatusOr<Candidates> FindCandidates(const RecordComparison& comparison,
                                          const std::vector<RecordId>& records,
                                          const PairScope& scope, const StageContext& context,
                                          LongWork& work) {
  Candidates found;
  if (scope.Pairs(records) <= kAllPairsMax) {
    found.complete = true;
    for (size_t a = 0; a < records.size(); ++a) {
      for (size_t b = a + 1; b < records.size(); ++b) {
        if (scope.Allows(records[a], records[b])) {
          found.pairs.push_back(MakePair(records[a], records[b]));
        }
      }
    }
    return found;
  }
  Blocking blocking(comparison, records, scope, context, work);
  DQ_ASSIGN_OR_RETURN(found.pairs, blocking.Run());
  return found;
}

}  // namespace dq
