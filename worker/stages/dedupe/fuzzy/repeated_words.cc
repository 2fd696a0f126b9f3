#include "worker/stages/dedupe/fuzzy/repeated_words.h"

#include <algorithm>
#include <cstdint>
#include <string_view>

#define XXH_INLINE_ALL
#include "common/base/status_macros.h"
#include "worker/stages/dedupe/fuzzy/text_words.h"
#include "xxhash.h"

namespace dq {
namespace {

// Fields repeat one another when in this share of the rows that hold both, half of the words of
// one are words of the other.
constexpr double kRepeatingRowsMin = 0.3;
constexpr double kRepeatedWordsMin = 0.5;
// So many rows, evenly spread, tell whether fields repeat one another.
constexpr size_t kRowsLookedAt = 2000;
// Rows are looked at in parts of so many, on any thread.
constexpr size_t kPartRows = 64;

// The different words of a cell, by their hashes in ascending order.
using Words = std::vector<uint64_t>;

void ReadWords(std::string_view text, Words& words) {
  words.clear();
  for (const std::string_view word : TextWords(text)) {
    words.push_back(XXH3_64bits(word.data(), word.size()));
  }
  std::sort(words.begin(), words.end());
  words.erase(std::unique(words.begin(), words.end()), words.end());
}

bool Repeat(const Words& a, const Words& b) {
  size_t both = 0;
  for (size_t i = 0, j = 0; i < a.size() && j < b.size();) {
    const uint64_t x = a[i];
    const uint64_t y = b[j];
    both += x == y ? 1 : 0;
    i += x <= y ? 1 : 0;
    j += y <= x ? 1 : 0;
  }
  const auto fewer = static_cast<double>(std::min(a.size(), b.size()));
  return static_cast<double>(both) >= kRepeatedWordsMin * fewer;
}

// Of the rows that hold both fields of a pair.
struct Tally {
  uint32_t rows = 0;
  uint32_t repeating = 0;
};

// What rows say about all pairs: the words of a row are read once, whatever the number of pairs.
class RowTallies {
 public:
  RowTallies(const RecordStore& store, std::span<const FieldPair> pairs)
      : store_(store), pairs_(pairs), words_(store.fields()), tallies_(pairs.size()) {
    for (const FieldPair& pair : pairs) fields_.insert(fields_.end(), {pair.a, pair.b});
    std::sort(fields_.begin(), fields_.end());
    fields_.erase(std::unique(fields_.begin(), fields_.end()), fields_.end());
  }

  void Add(RecordId record) {
    for (const size_t field : fields_) {
      const ValueId id = store_.cell(record, field);
      ReadWords(id == kNoValue ? std::string_view() : store_.values(field).text(id), words_[field]);
    }
    for (size_t i = 0; i < pairs_.size(); ++i) {
      const Words& a = words_[pairs_[i].a];
      const Words& b = words_[pairs_[i].b];
      if (a.empty() || b.empty()) continue;
      ++tallies_[i].rows;
      tallies_[i].repeating += Repeat(a, b) ? 1 : 0;
    }
  }
  const std::vector<Tally>& tallies() const { return tallies_; }

 private:
  const RecordStore& store_;
  const std::span<const FieldPair> pairs_;
  std::vector<size_t> fields_;  // Of the pairs, one of each.
  std::vector<Words> words_;    // Of the row at hand, by field.
  std::vector<Tally> tallies_;  // By pair.
};

}  // namespace

absl::StatusOr<std::vector<bool>> FindRepeats(const RecordStore& store,
                                              std::span<const FieldPair> pairs,
                                              const StageContext& context) {
  if (pairs.empty()) return std::vector<bool>();
  const size_t step = store.size() / kRowsLookedAt + 1;
  std::vector<std::vector<Tally>> parts(store.size() / step / kPartRows + 1);
  DQ_RETURN_IF_ERROR(context.pool.ParallelFor(parts.size(), [&](size_t part) -> absl::Status {
    RowTallies rows(store, pairs);
    const size_t end = std::min(store.size(), (part + 1) * kPartRows * step);
    for (size_t record = part * kPartRows * step; record < end; record += step) {
      if (absl::Status go_on = CheckStop(context.stop); !go_on.ok()) return go_on;
      rows.Add(static_cast<RecordId>(record));
    }
    parts[part] = rows.tallies();
    return absl::OkStatus();
  }));
  std::vector<bool> repeat;
  for (size_t i = 0; i < pairs.size(); ++i) {
    Tally sum;
    for (const std::vector<Tally>& part : parts) {
      sum.rows += part[i].rows;
      sum.repeating += part[i].repeating;
    }
    repeat.push_back(sum.rows > 0 && sum.repeating >= kRepeatingRowsMin * sum.rows);
  }
  return repeat;
}

}  // namespace dq
