#include "worker/stages/dedupe/fuzzy/record_groups.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <span>
#include <utility>

#include "common/base/status_macros.h"
#include "worker/chain/taken_bytes.h"

namespace dq {
namespace {

constexpr size_t kSampledPairs = 10'000;
// Half of the records have at least so many mates: others that share their value.
constexpr uint32_t kMatesMin = 1;
// With so many mates a field is no identity, whatever else the records share.
constexpr uint32_t kManyMates = 3;
// Of pairs of mates, in which another field is known in both, and is shared.
constexpr double kKnownMin = 0.5;
constexpr double kSharedMin = 0.5;
constexpr double kSharedOverChance = 0.3;
constexpr double kTellingMax = 0.2;
// One field at least tells nearly all mates apart.
constexpr double kTellsAllMax = 0.1;
// What tells mates apart says at least so much of what they share, where a value has few holders.
constexpr double kTellingOfShared = 0.5;
constexpr double kChanceMin = 1e-6;
constexpr double kTellingBitsMax = 7;
// Groups by two fields are the same groups when mates of each are mostly mates of the other.
constexpr double kSameGroupsMin = 0.8;

// How often pairs have a field in common.
struct Sharing {
  double known = 0;  // Of all pairs.
  double same = 0;   // Of those that know it.
};

std::vector<Sharing> SharingOf(const RecordComparison& comparison, const PatternCounts& patterns) {
  std::vector<Sharing> fields(comparison.fields().size());
  double all = 0;
  for (const auto& [pattern, count] : patterns) {
    all += count;
    for (size_t i = 0; i < fields.size(); ++i) {
      const uint32_t level = LevelOf(pattern, i);
      if (level == kLevelUnknown) continue;
      fields[i].known += count;
      if (IsSame(comparison.fields()[i].kind, level)) fields[i].same += count;
    }
  }
  for (Sharing& field : fields) {
    field.same = field.known > 0 ? field.same / field.known : 0;
    field.known = all > 0 ? field.known / all : 0;
  }
  return fields;
}

// The records by their values of a field.
class Holders {
 public:
  Holders(const RecordComparison& comparison, const std::vector<RecordId>& records,
          const PairScope& scope, size_t field)
      : comparison_(comparison), scope_(scope), field_(field) {
    begins_.resize(comparison.values(field).size() + size_t{2});
    for (const RecordId record : records) ++begins_[comparison.value(record, field) + size_t{1}];
    for (size_t i = 1; i < begins_.size(); ++i) begins_[i] += begins_[i - 1];
    holders_.resize(records.size());
    std::vector<uint32_t> next(begins_.begin(), begins_.end() - 1);
    for (const RecordId record : records) {
      holders_[next[comparison.value(record, field)]++] = record;
    }
  }

  // The other records with the value of a record, itself among them if it may not be left out.
  std::span<const RecordId> MatesOf(RecordId record) const {
    const ValueId value = comparison_.value(record, field_);
    std::span<const RecordId> all =
        std::span(holders_).subspan(begins_[value], begins_[value + 1] - begins_[value]);
    if (!scope_.split) return all;
    const auto split =
        static_cast<size_t>(std::lower_bound(all.begin(), all.end(), *scope_.split) - all.begin());
    return record < *scope_.split ? all.subspan(split) : all.first(split);
  }
  uint32_t CountMates(RecordId record) const {
    return static_cast<uint32_t>(MatesOf(record).size()) - (scope_.split ? 0 : 1);
  }
  // The records that have a value.
  std::span<const RecordId> known() const { return std::span(holders_).subspan(begins_[1]); }

 private:
  const RecordComparison& comparison_;
  const PairScope& scope_;
  const size_t field_;
  std::vector<uint32_t> begins_;  // By value.
  std::vector<RecordId> holders_;
};

// The mates that half of the records with a value have at least.
uint32_t MedianMates(const Holders& holders) {
  std::vector<uint32_t> mates;
  mates.reserve(holders.known().size());
  for (const RecordId record : holders.known()) mates.push_back(holders.CountMates(record));
  if (mates.empty()) return 0;
  const auto middle = mates.begin() + static_cast<std::ptrdiff_t>(mates.size() / 2);
  std::nth_element(mates.begin(), middle, mates.end());
  return *middle;
}

// Pairs of mates: every record is as likely to be in one, however large its group is.
std::vector<PairKey> DrawMates(const Holders& holders) {
  std::mt19937_64 random(1);
  std::vector<PairKey> pairs;
  for (size_t i = 0; i < kSampledPairs; ++i) {
    const RecordId record = holders.known()[random() % holders.known().size()];
    const std::span<const RecordId> mates = holders.MatesOf(record);
    if (mates.empty()) continue;
    const RecordId mate = mates[random() % mates.size()];
    if (mate != record) pairs.push_back(MakePair(record, mate));
  }
  return pairs;
}

// Fills what is shared by mates and what tells them apart; whether they are a group by it.
bool Judge(const std::vector<Sharing>& mates, const std::vector<Sharing>& chance, uint32_t count,
           RecordGroups& groups) {
  double shared_bits = 0;
  double telling_bits = 0;
  double same_min = 1;
  for (size_t i = 0; i < mates.size(); ++i) {
    if (i == groups.field || mates[i].known < kKnownMin) continue;
    const double bits = -std::log2(std::max(chance[i].same, kChanceMin));
    if (mates[i].same >= kSharedMin && mates[i].same >= chance[i].same + kSharedOverChance) {
      groups.shared.push_back(i);
      shared_bits += bits;
    } else if (mates[i].same <= kTellingMax) {
      groups.pairs.telling.push_back(
          {i, std::min(kTellingBitsMax, -std::log2(std::max(mates[i].same, kChanceMin)))});
      telling_bits += bits;
      same_min = std::min(same_min, mates[i].same);
    }
  }
  if (groups.shared.empty() || same_min > kTellsAllMax) return false;
  return count >= kManyMates || telling_bits >= kTellingOfShared * shared_bits;
}

}  // namespace

absl::StatusOr<std::vector<RecordGroups>> FindRecordGroups(const RecordComparison& comparison,
                                                           const std::vector<RecordId>& records,
                                                           const PairScope& scope,
                                                           const PatternCounts& random,
                                                           const PatternsOf& patterns_of,
                                                           MemoryBudget& memory) {
  const std::vector<ComparedField>& fields = comparison.fields();
  const std::vector<Sharing> chance = SharingOf(comparison, random);
  std::vector<std::pair<RecordGroups, std::vector<Sharing>>> found;
  for (size_t field = 0; field < fields.size(); ++field) {
    if (fields[field].kind == FieldKind::kStanding) continue;
    TakenBytes taken(memory, "the groups of records");
    DQ_RETURN_IF_ERROR(
        taken.Take((comparison.values(field).size() * 2 + records.size() * 2) * sizeof(uint32_t)));
    const Holders holders(comparison, records, scope, field);
    const uint32_t count = MedianMates(holders);
    if (count < kMatesMin) continue;
    DQ_ASSIGN_OR_RETURN(std::vector<Pattern> patterns, patterns_of(DrawMates(holders)));
    RecordGroups groups;
    groups.field = field;
    groups.pairs.field = field;
    groups.pairs.pairs = static_cast<double>(holders.known().size()) * count / 2;
    // As many as there are different pairs, though each may be drawn more than once.
    const double each = std::min(1.0, groups.pairs.pairs / static_cast<double>(patterns.size()));
    groups.pairs.patterns = CountPatterns(std::move(patterns), each);
    const std::vector<Sharing> mates = SharingOf(comparison, groups.pairs.patterns);
    if (Judge(mates, chance, count, groups)) found.push_back({std::move(groups), mates});
  }
  std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) {
    return a.first.pairs.pairs < b.first.pairs.pairs;
  });
  std::vector<RecordGroups> kept;
  std::vector<std::vector<Sharing>> kept_mates;
  for (auto& [groups, mates] : found) {
    if (kept.size() == kGroupedFieldsMax) break;
    bool fresh = true;
    for (size_t i = 0; i < kept.size(); ++i) {
      fresh = fresh && (mates[kept[i].field].same < kSameGroupsMin ||
                        kept_mates[i][groups.field].same < kSameGroupsMin);
    }
    if (!fresh) continue;
    kept.push_back(std::move(groups));
    kept_mates.push_back(mates);
  }
  return kept;
}

double CopiesMost(const RecordComparison& comparison, const RecordGroups& groups,
                  const PatternCounts& candidates) {
  double copies = 0;
  for (const auto& [pattern, count] : candidates) {
    if (LevelOf(pattern, groups.field) != 0) continue;
    double same = 0;
    double others = 0;
    for (const auto& [field, weight] : groups.pairs.telling) {
      const uint32_t level = LevelOf(pattern, field);
      if (level == kLevelUnknown) continue;
      (IsSame(comparison.fields()[field].kind, level) ? same : others) += weight;
    }
    if (same > 0 && same >= others) copies += count;
  }
  return copies;
}

}  // namespace dq
