#include "worker/stages/complete/dependency/dependency_rule.h"

#include <algorithm>
#include <bit>
#include <optional>
#include <utility>
#include <vector>

#include "worker/stages/complete/dependency/grouped_rows.h"

namespace dq {
namespace {

constexpr size_t kValueBytesMax = 512;  // Longer values are not known whole, or no one's attribute.

uint64_t Combine(uint64_t key, uint64_t hash) {
  return std::rotl(key, 23) * 0x9E3779B97F4A7C15u ^ hash;
}

}  // namespace

DependencyRule::DependencyRule(const Dependency& dependency, DependencySource source)
    : determinants_(dependency.determinants),
      target_(dependency.target),
      voters_(source.voters),
      method_(std::move(source.method)),
      learning_(std::make_unique<Learning>(Learning{std::move(source), dependency.calibration})) {}

uint64_t DependencyRule::HashOf(std::string_view value) {
  return value.empty() || value.size() > kValueBytesMax ? kNoValue : ValueIndex::HashOf(value);
}

const DependencyRule::Verdict* DependencyRule::Find(CellOf cell) const {
  uint64_t key = 0;
  for (const size_t column : determinants_) {
    const uint64_t hash = cell(column);
    if (hash == kNoValue) return nullptr;
    key = Combine(key, hash);
  }
  const auto found = verdicts_.find(key);
  return found == verdicts_.end() || !IsFor(found->second, cell) ? nullptr : &found->second;
}

const DependencyRule::Verdict* DependencyRule::Judge(CellOf cell, VoteCounter& counter) {
  uint64_t key = 0;
  Codes codes{};
  for (size_t i = 0; i < determinants_.size(); ++i) {
    const uint64_t hash = cell(determinants_[i]);
    if (hash == kNoValue) return nullptr;
    codes[i] = IndexOf(i).CodeOf(hash);
    if (codes[i] == EncodedColumn::kBlank) return nullptr;
    key = Combine(key, hash);
  }
  auto found = verdicts_.find(key);
  if (found == verdicts_.end()) {
    Verdict verdict = Tested(JudgeVotes(key, codes, counter), counter);
    if (verdict.sure == 0) return nullptr;
    if (voters_ != nullptr) verdict.voter = voters_->Keep(verdict.voter);
    found = verdicts_.emplace(key, verdict).first;
  }
  return IsFor(found->second, cell) ? &found->second : nullptr;
}

// Whether a verdict holds for a row: where it rests on rows that are alike, for such rows. They
// agree on the determinants.
bool DependencyRule::IsFor(const Verdict& verdict, CellOf cell) const {
  if (voters_ == nullptr) return true;
  const std::span<const size_t> columns = voters_->columns();
  const std::span<const uint64_t> voter = voters_->At(verdict.voter);
  for (size_t i = 0; i < columns.size(); ++i) {
    const uint64_t of_voter = voter[i];
    if (of_voter == kNoValue || columns[i] == target_) continue;
    const uint64_t own = cell(columns[i]);
    if (own != kNoValue && own != of_voter) return false;
  }
  return true;
}

void DependencyRule::MakeIndexes() {
  for (const size_t column : determinants_) {
    learning_->source.rows.Of(column);
    if (learning_->source.tested_on != nullptr) learning_->source.tested_on->Of(column);
  }
}

void DependencyRule::JudgeAll() {
  const std::vector<EncodedColumn>& columns = learning_->source.rows.columns();
  VoteCounter counter;
  GroupedRows groups(columns[determinants_[0]], 1);
  if (determinants_.size() > 1) groups = GroupedRows(groups, columns[determinants_[1]]);
  groups.ForEach(columns[target_], INT64_MAX, counter,
                 [&](const VoteGroup& votes, std::span<const uint32_t> rows) {
                   const Verdict verdict = VerdictOf(votes, rows);
                   if (verdict.sure == 0) return;
                   uint64_t key = 0;
                   for (size_t i = 0; i < determinants_.size(); ++i) {
                     key = Combine(key,
                                   IndexOf(i).hash(columns[determinants_[i]].codes[rows.front()]));
                   }
                   learning_->judged[key] = verdict;
                 });
  learning_->judged_all = true;
  for (const auto& [key, by_votes] : learning_->judged) {
    const Verdict verdict = Tested(by_votes, counter);
    if (verdict.sure > 0) verdicts_[key] = verdict;
  }
  learning_->judged = {};
}

void DependencyRule::KeepVoters() {
  if (voters_ == nullptr) return;
  for (auto& [key, verdict] : verdicts_) verdict.voter = voters_->Keep(verdict.voter);
}

void DependencyRule::Close() {
  // Equal values are one text of the target's, known by its place.
  absl::flat_hash_map<std::pair<const char*, size_t>, size_t> places;
  size_t bytes = 0;
  for (const auto& [key, verdict] : verdicts_) {
    const auto text = std::pair(verdict.value.data(), verdict.value.size());
    if (places.emplace(text, bytes).second) bytes += verdict.value.size();
  }
  texts_ = std::make_unique_for_overwrite<char[]>(bytes);
  for (const auto& [text, place] : places) {
    std::copy_n(text.first, text.second, &texts_[place]);
  }
  for (auto& [key, verdict] : verdicts_) {
    const size_t size = verdict.value.size();
    verdict.value = {&texts_[places.at(std::pair(verdict.value.data(), size))], size};
  }
  learning_.reset();
}

ValueIndex& DependencyRule::IndexOf(size_t determinant) const {
  return learning_->source.rows.Of(determinants_[determinant]);
}

// What the votes say about the rows with these values, judged when it was not before.
DependencyRule::Verdict DependencyRule::JudgeVotes(uint64_t key, const Codes& codes,
                                                   VoteCounter& counter) {
  if (learning_->judged_all) {
    const auto found = learning_->judged.find(key);
    return found == learning_->judged.end() ? Verdict{} : found->second;
  }
  const auto [place, is_new] = learning_->judged.try_emplace(key);
  if (is_new) {
    const std::span<const uint32_t> rows = RowsOf(codes);
    const EncodedColumn& target = learning_->source.rows.columns()[target_];
    place->second = VerdictOf(counter.Count(target, rows), rows);
  }
  return place->second;
}

DependencyRule::Verdict DependencyRule::VerdictOf(const VoteGroup& votes,
                                                  std::span<const uint32_t> rows) {
  const double sure = learning_->calibration.Confidence(votes);
  if (votes.votes.empty() || sure < learning_->source.confidence_min) return {};
  const EncodedColumn& target = learning_->source.rows.columns()[target_];
  const std::string_view value = target.values[votes.votes[0].value];
  if (value.size() > kValueBytesMax || !learning_->source.accepts(value)) return {};
  Verdict verdict{value, sure};
  if (voters_ != nullptr) {
    verdict.voter = *std::find_if(rows.begin(), rows.end(), [&](uint32_t row) {
      return target.codes[row] == votes.votes[0].value;
    });
  }
  return verdict;
}

// Returns the rows with these values, in order, until the next call.
std::span<const uint32_t> DependencyRule::RowsOf(const Codes& codes) {
  const std::vector<EncodedColumn>& columns = learning_->source.rows.columns();
  std::span<const uint32_t> rows = IndexOf(0).Rows(codes[0]);
  if (determinants_.size() == 1) return rows;
  size_t other = 1;
  if (const auto fewer = IndexOf(1).Rows(codes[1]); fewer.size() < rows.size()) {
    rows = fewer;
    other = 0;
  }
  const std::vector<uint32_t>& of_row = columns[determinants_[other]].codes;
  std::vector<uint32_t>& both = learning_->rows;
  both.clear();
  std::copy_if(rows.begin(), rows.end(), std::back_inserter(both),
               [&](uint32_t row) { return of_row[row] == codes[other]; });
  return both;
}

// Makes a verdict as unsure as the rule is wrong about the rows it is tested on; nothing is said
// when that is not sure enough.
DependencyRule::Verdict DependencyRule::Tested(Verdict verdict, VoteCounter& counter) {
  if (verdict.sure == 0 || learning_->source.tested_on == nullptr) return verdict;
  if (!std::exchange(learning_->tested, true)) Test(counter);
  verdict.sure = std::min(verdict.sure, learning_->outcomes.Sure(verdict.sure));
  return verdict.sure < learning_->source.confidence_min ? Verdict{} : verdict;
}

void DependencyRule::Test(VoteCounter& counter) {
  ValueIndexes& rows = *learning_->source.tested_on;
  const EncodedColumn& held = rows.columns()[target_];
  const bool typos = RepeatsValues(held);
  TestOutcomes& outcomes = learning_->outcomes;
  for (size_t row = 0; row < held.codes.size(); ++row) {
    const uint32_t code = held.codes[row];
    uint64_t key = 0;
    Codes codes{};
    bool whole = code != EncodedColumn::kBlank;
    for (size_t i = 0; whole && i < determinants_.size(); ++i) {
      const uint32_t by = rows.columns()[determinants_[i]].codes[row];
      if (by == EncodedColumn::kBlank) whole = false;
      if (!whole) break;
      const uint64_t hash = rows.Of(determinants_[i]).hash(by);
      codes[i] = IndexOf(i).CodeOf(hash);
      key = Combine(key, hash);
      whole = codes[i] != EncodedColumn::kBlank;
    }
    if (!whole) continue;
    const Verdict verdict = JudgeVotes(key, codes, counter);
    if (verdict.sure == 0) continue;
    ++outcomes.tested;
    if (verdict.value == held.values[code]) {
      ++outcomes.hits;
    } else if (typos && held.counts[code] == 1) {
      ++outcomes.typos;
    }
  }
}

}  // namespace dq
