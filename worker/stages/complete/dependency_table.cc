#include "worker/stages/complete/dependency_table.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <utility>

#define XXH_INLINE_ALL
#include "common/base/status_macros.h"
#include "worker/stages/complete/grouped_rows.h"
#include "xxhash.h"

namespace dq {
namespace {

constexpr size_t kThousand = 1000;
constexpr size_t kVerdictBytes = 64;    // With its share of the map and of the texts.
constexpr double kPriorTests = 4;       // What is said counts like so many tests.
constexpr double kTyposMax = 0.25;      // Of the tests: more are no typos.
constexpr size_t kValueBytesMax = 512;  // Longer values are not known whole, or no one's attribute.

uint64_t HashOf(std::string_view value) { return XXH3_64bits(value.data(), value.size()); }
uint64_t Combine(uint64_t key, uint64_t hash) {
  return std::rotl(key, 23) * 0x9E3779B97F4A7C15u ^ hash;
}

// How far apart two confidences are, as the difference of their log odds.
double Odds(double sure) {
  const double bounded = std::min(sure, 0.999);
  return std::log(bounded / (1 - bounded));
}

std::string Thousandths(size_t thousandths) {
  if (thousandths >= kThousand) return "1";
  std::string digits = std::to_string(kThousand + thousandths).substr(1);
  return "0." + digits.substr(0, digits.find_last_not_of('0') + 1);
}

}  // namespace

DependencyTable::DependencyTable(size_t columns, MemoryBudget& memory)
    : rules_(columns), memory_(memory) {
  for (size_t i = 0; i <= kThousand; ++i) confidences_.push_back(Thousandths(i));
}

std::string_view DependencyTable::Keep(std::string_view text) {
  const auto found = kept_.find(text);
  if (found != kept_.end()) return *found;
  texts_.emplace_back(text);
  return *kept_.insert(texts_.back()).first;
}

absl::Status DependencyTable::Add(const Dependency& dependency, const Source& source) {
  Rule rule{.determinants = dependency.determinants, .method = {}, .verdicts = {}};
  std::vector<const EncodedColumn*> by;
  for (const size_t column : dependency.determinants) by.push_back(&source.columns[column]);
  const EncodedColumn& target = source.columns[dependency.target];
  GroupedRows groups(by);
  groups.ForEach(target, 1, [&](const VoteGroup& votes, uint32_t row) {
    const double sure = dependency.calibration.Confidence(votes);
    if (sure < source.confidence_min) return;
    const std::string_view value = target.values[votes.votes[0].value];
    if (value.size() > kValueBytesMax || !source.accepts(value)) return;
    uint64_t key = 0;
    for (const EncodedColumn* column : by) {
      key = Combine(key, HashOf(column->values[column->codes[row]]));
    }
    rule.verdicts[key] = {value, sure};
  });
  if (source.tested_on != nullptr) {
    Test(*source.tested_on, dependency.target, source.confidence_min, rule);
  }
  if (rule.verdicts.empty()) return absl::OkStatus();
  const auto bytes = static_cast<int64_t>(rule.verdicts.size() * kVerdictBytes);
  DQ_RETURN_IF_ERROR(memory_.Take(bytes, "the dependencies between the columns"));
  taken_bytes_ += bytes;
  rule.method = Keep(source.method);
  for (auto& [key, verdict] : rule.verdicts) verdict.value = Keep(verdict.value);
  rules_[dependency.target].push_back(std::move(rule));
  return absl::OkStatus();
}

// Makes a rule as unsure as it is wrong about the rows of `columns`, and forgets what is not sure
// enough then. A miss by a value that occurs nowhere else is a typo, while typos are few.
void DependencyTable::Test(const std::vector<EncodedColumn>& columns, size_t target,
                           double confidence_min, Rule& rule) {
  std::vector<std::vector<uint64_t>> hashes;  // By determinant and code.
  for (const size_t column : rule.determinants) {
    hashes.emplace_back();
    for (const std::string_view value : columns[column].values) {
      hashes.back().push_back(HashOf(value));
    }
  }
  const EncodedColumn& held = columns[target];
  double tested = 0;
  double hits = 0;
  double typos = 0;
  for (size_t row = 0; row < held.codes.size(); ++row) {
    const uint32_t code = held.codes[row];
    uint64_t key = 0;
    bool whole = code != EncodedColumn::kBlank;
    for (size_t i = 0; whole && i < hashes.size(); ++i) {
      const uint32_t by = columns[rule.determinants[i]].codes[row];
      whole = by != EncodedColumn::kBlank;
      if (whole) key = Combine(key, hashes[i][by]);
    }
    const auto verdict = whole ? rule.verdicts.find(key) : rule.verdicts.end();
    if (verdict == rule.verdicts.end()) continue;
    ++tested;
    if (verdict->second.value == held.values[code]) {
      ++hits;
    } else if (held.counts[code] == 1) {
      ++typos;
    }
  }
  const double judged = typos <= kTyposMax * tested ? tested - typos : tested;
  for (auto& [key, verdict] : rule.verdicts) {
    verdict.sure =
        std::min(verdict.sure, (hits + kPriorTests * verdict.sure) / (judged + kPriorTests));
  }
  absl::erase_if(rule.verdicts,
                 [&](const auto& entry) { return entry.second.sure < confidence_min; });
}

const DependencyTable::Verdict* DependencyTable::Ask(const Rule& rule, CellOf cell) const {
  uint64_t key = 0;
  for (const size_t column : rule.determinants) {
    const std::string_view value = cell(column);
    if (value.empty() || value.size() > kValueBytesMax) return nullptr;
    key = Combine(key, HashOf(value));
  }
  const auto found = rule.verdicts.find(key);
  return found == rule.verdicts.end() ? nullptr : &found->second;
}

std::optional<DependencyTable::Answer> DependencyTable::Find(size_t target, CellOf cell,
                                                             double confidence_min) const {
  const Verdict* best = nullptr;
  const Rule* best_rule = nullptr;
  double against = 0;
  for (const Rule& rule : rules_[target]) {
    const Verdict* const verdict = Ask(rule, cell);
    if (verdict == nullptr) continue;
    if (best != nullptr && verdict->sure <= best->sure) {
      if (verdict->value != best->value) against = std::max(against, verdict->sure);
      continue;
    }
    if (best != nullptr && verdict->value != best->value) against = std::max(against, best->sure);
    best = verdict;
    best_rule = &rule;
  }
  if (best == nullptr) return std::nullopt;
  double sure = best->sure;
  // Another value is as good as an error of the best one's.
  if (against > 0) sure = 1 / (1 + std::exp(Odds(against) - Odds(sure)));
  if (sure < confidence_min) return std::nullopt;
  const auto thousandths = static_cast<size_t>(sure * kThousand);
  return Answer{best->value, best_rule->method, confidences_[std::min(thousandths, kThousand)]};
}

}  // namespace dq
