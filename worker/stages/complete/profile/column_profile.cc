#include "worker/stages/complete/profile/column_profile.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>

#define XXH_INLINE_ALL
#include "worker/table/values/ascii.h"
#include "xxhash.h"

namespace dq {
namespace {

constexpr size_t kCellsAhead = 16;      // Whose text is under way.
constexpr size_t kValuesAtOnce = 1024;  // Are counted: few, so that they are in the cache still.
constexpr size_t kBytesAValue = 64;     // Two slots of a ValueCounter.
constexpr size_t kBytesADistinct = 10;  // A place of a DistinctCounter.
constexpr size_t kBytesANumber = 32;    // In four levels of a QuantileSketch.
constexpr size_t kBytesOfProfiles = size_t{400} << 20;

uint64_t HashOf(std::string_view value) { return XXH3_64bits(value.data(), value.size()); }

constexpr int64_t kMajorityPercent = 80;

constexpr int64_t kCategoriesMax = 100;     // Different values of a column that has a mode,
constexpr int64_t kModeShare = 4;           // which holds so many of its values, 1 in.
constexpr size_t kStatisticBytesMax = 256;  // Longer values are not known whole.
constexpr double kStatisticConfidence = 0.5;

// Digits alone that are no number, such as 007.
bool IsCode(std::string_view value, ValueType type) {
  return type == ValueType::kText && std::all_of(value.begin(), value.end(), IsDigit);
}

// Writes a number as a fill: with `decimals` digits after the point, or in its shortest form that
// reads back equal when there is no number of digits that all values share.
std::string FormatNumber(double number, std::optional<int> decimals) {
  std::array<char, 400> text{};
  const auto result =
      decimals.has_value()
          ? std::to_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed,
                          *decimals)
          : std::to_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  return std::string(text.data(), result.ptr);
}

}  // namespace

ProfileLimits ProfileLimits::ForColumns(size_t columns) {
  const size_t share = kBytesOfProfiles / std::max<size_t>(columns, 1);
  const size_t eighth = share / 8;
  ProfileLimits limits;
  ValueCounterLimits& values = limits.values;
  values.values = std::clamp(std::bit_floor(eighth / kBytesAValue), size_t{16}, values.values);
  values.text_bytes = std::clamp(eighth, size_t{1024}, values.text_bytes);
  values.distinct = std::clamp(share / 2 / kBytesADistinct, size_t{16}, values.distinct);
  values.precision = std::clamp(static_cast<int>(std::bit_width(eighth)) - 1, 8, values.precision);
  limits.numbers = std::clamp(std::bit_floor(eighth / kBytesANumber), size_t{16}, limits.numbers);
  return limits;
}

int64_t ProfileLimits::BytesMaxForTest() const {
  // The values give way to the table of different ones.
  return static_cast<int64_t>(
      std::max(values.values * kBytesAValue + values.text_bytes,
               values.distinct * kBytesADistinct + (size_t{1} << values.precision)) +
      numbers * kBytesANumber);
}

ColumnProfile::ColumnProfile(const ProfileLimits& limits, const MissingTokens& tokens)
    : tokens_(tokens), values_(limits.values), numbers_(limits.numbers) {}

void ColumnProfile::Learn(const RowBatch& batch, size_t column) {
  const std::vector<std::string_view>& cells = batch.column(column);
  for (size_t row = 0; row < cells.size(); ++row) {
    if (row + kCellsAhead < cells.size()) __builtin_prefetch(cells[row + kCellsAhead].data());
    if (batch.dropped_count() > 0 && batch.row(row).dropped) continue;
    const std::string_view cell = cells[row];
    const std::string_view value = TrimSpace(cell);
    if (value.empty()) {
      ++blank_;
      padded_blanks_ += cell.empty() ? 0 : 1;
    } else if (tokens_.Contains(value)) {
      const auto seen = tokens_seen_.find(value);
      if (seen == tokens_seen_.end()) {
        tokens_seen_.emplace(value, 1);
      } else {
        ++seen->second;
      }
    } else {
      AddValue(value, value.size() == cell.size() ? Padding::kNone : Padding::kSome);
    }
  }
  CountValues();
}

void ColumnProfile::CountValues() {
  values_.AddAll(batch_values_);
  batch_values_.clear();
}

void ColumnProfile::AddValue(std::string_view value, Padding padding) {
  const ValueType type = TypeOf(value);
  types_.AddValue(value, type);
  no_numbers_ += padding == Padding::kNone && IsSafeNumber(value, type) ? 0 : 1;
  shapes_.Add(value);
  batch_values_.push_back({value, HashOf(value)});
  if (batch_values_.size() == kValuesAtOnce) CountValues();
  codes_ += IsCode(value, type) ? 1 : 0;
  switch (type) {
    case ValueType::kInteger:
    case ValueType::kDecimal:
      AddNumber(value);
      break;
    case ValueType::kDate:
      dates_.Add(value, MomentOf(value));
      break;
    case ValueType::kBoolean:
    case ValueType::kText:
      break;
  }
}

void ColumnProfile::AddNumber(std::string_view value) {
  const double number = NumberOf(value);
  numbers_.Add(number);
  sum_ += number;
  const int decimals = DecimalsOf(value);
  decimals_min_ = std::min(decimals_min_, decimals);
  decimals_max_ = std::max(decimals_max_, decimals);
  number_extremes_.Add(value, number);
}

ColumnFindings ColumnProfile::Decide(const std::string& name, std::vector<Disguise> disguises,
                                     const ColumnRule* reference) {
  ColumnFindings findings;
  findings.report.name = name;
  TakeOut(std::move(disguises), findings);
  findings.rule.type = types_.Decide();
  findings.rule.shapes = shapes_;
  if (types_.total() == 0 && reference != nullptr) {
    findings.rule.type = reference->type;
    findings.rule.shapes = reference->shapes;
  }
  JudgeTokens(findings);
  JudgeNumbers(findings);
  findings.present = types_.total();
  findings.rule.judged_type = JudgedType(findings.rule.type);
  findings.conforming = types_.Conforming(findings.rule.judged_type);
  findings.counts_estimated = !values_.exact();
  findings.distinct_estimated = !values_.distinct_exact();
  ReportColumn& report = findings.report;
  report.type = ValueTypeName(findings.rule.type);
  const auto taken_out = static_cast<int64_t>(findings.rule.disguises.size());
  report.distinct = std::clamp<int64_t>(values_.Distinct() - taken_out, 0, findings.present);
  report.distinct_is_estimate = !values_.distinct_exact();
  report.conformity = findings.present == 0
                          ? 1
                          : RoundedShare(static_cast<double>(findings.conforming) /
                                         static_cast<double>(findings.present));
  // Of a column without values the reference may know the type, but nothing tells its numbers.
  if (findings.present == 0) return findings;
  DescribeTop(findings);
  if (findings.rule.IsNumber()) {
    DescribeNumbers(findings);
  } else if (findings.rule.type == ValueType::kDate) {
    DescribeExtremes(dates_, findings);
  }
  return findings;
}

// Moves the cells of the disguises from the values to the missing ones.
void ColumnProfile::TakeOut(std::vector<Disguise> disguises, ColumnFindings& findings) {
  ReportColumn& report = findings.report;
  for (Disguise& disguise : disguises) {
    const int64_t count = values_.CountOf(HashOf(disguise.value));
    const ValueType type = TypeOf(disguise.value);
    types_.Add(type, -count);
    no_numbers_ -= IsSafeNumber(disguise.value, type) ? 0 : count;
    codes_ -= IsCode(disguise.value, type) ? count : 0;
    if (type == ValueType::kInteger || type == ValueType::kDecimal) {
      taken_out_.push_back(NumberOf(disguise.value));
      sum_ -= taken_out_.back() * static_cast<double>(count);
      numbers_taken_out_ += count;
    }
    report.missing += count;
    report.disguised_missing += count;
    report.disguises.push_back({disguise.value, count, std::string(DisguiseKindName(disguise.kind)),
                                std::move(disguise.evidence), disguise.confidence});
    findings.rule.disguises.push_back({std::move(disguise.value), disguise.confidence});
  }
}

void ColumnProfile::JudgeTokens(ColumnFindings& findings) {
  ReportColumn& report = findings.report;
  report.missing += blank_;
  for (const auto& [token, count] : tokens_seen_) {
    if (!findings.rule.IsData(token, tokens_)) {
      report.missing += count;
      report.disguised_missing += count;
      report.disguises.push_back({token, count, std::string(DisguiseKindName(DisguiseKind::kWord)),
                                  "is a word for \"no value\" and no data here", 1});
      continue;
    }
    types_.Add(ValueType::kText, count);
    no_numbers_ += count;
    values_.Add(token, HashOf(token), count);
  }
}

// A text column that would be numbers or dates but for more than a few values is judged by what
// most of them are: more of the others does not make it better. Codes are none the worse.
ValueType ColumnProfile::JudgedType(ValueType type) const {
  if (type != ValueType::kText || codes_ > 0 || types_.has_decimal_commas()) return type;
  for (const ValueType most : {ValueType::kInteger, ValueType::kDecimal, ValueType::kDate}) {
    if (types_.Conforming(most) * 100 >= types_.total() * kMajorityPercent && types_.total() > 0) {
      return most;
    }
  }
  return type;
}

void ColumnProfile::JudgeNumbers(ColumnFindings& findings) const {
  findings.only_numbers_when_cleared = no_numbers_ == 0;
  findings.only_numbers = no_numbers_ == 0 && padded_blanks_ == 0 && tokens_seen_.empty() &&
                          findings.rule.disguises.empty();
}

void ColumnProfile::DescribeTop(ColumnFindings& findings) const {
  for (CountedValue& top : values_.Top(kReportTopMax + findings.rule.disguises.size())) {
    if (findings.report.top.size() == kReportTopMax) break;
    if (findings.rule.IsDisguise(top.value)) continue;
    findings.report.top.push_back({std::move(top.value), top.count, top.missed_max > 0});
  }
}

// Tells the least and the greatest value without those that were taken out.
void ColumnProfile::DescribeExtremes(const ExtremeValues& values, ColumnFindings& findings) {
  const auto first = [&findings](const std::vector<ExtremeValue>& kept) {
    const auto found = std::find_if(
        kept.begin(), kept.end(),
        [&findings](const ExtremeValue& value) { return !findings.rule.IsDisguise(value.text); });
    return found == kept.end() ? ExtremeValue{} : *found;
  };
  const ExtremeValue least = first(values.least());
  const ExtremeValue greatest = first(values.greatest());
  findings.report.min = least.text;
  findings.report.max = greatest.text;
  if (!findings.rule.IsNumber()) return;
  findings.rule.min = least.key;
  findings.rule.max = greatest.key;
}

void ColumnProfile::DescribeNumbers(ColumnFindings& findings) {
  ReportColumn& report = findings.report;
  DescribeExtremes(number_extremes_, findings);
  report.mean = sum_ / static_cast<double>(numbers_.count() - numbers_taken_out_);
  report.quantiles = numbers_.At({0.05, 0.25, 0.5, 0.75, 0.95}, taken_out_);
  findings.quantiles_estimated = !numbers_.exact();
}

void ColumnProfile::OfferStatistic(Statistic statistic, ColumnFindings& findings) const {
  if (findings.present == 0) return;
  if (!findings.rule.IsNumber()) return OfferMode(findings);
  // Integers that hardly ever repeat are identifiers.
  if (findings.rule.type == ValueType::kInteger && findings.present > 1 &&
      findings.report.distinct * 100 >= findings.present * 99) {
    return;
  }
  switch (statistic) {
    case Statistic::kMedian:
      return OfferMedian(findings);
    case Statistic::kMean:
      return OfferMean(findings);
    case Statistic::kMode:
      return OfferMode(findings);
  }
}

void ColumnProfile::OfferMode(ColumnFindings& findings) const {
  const ReportColumn& report = findings.report;
  std::vector<CountedValue> top = values_.Top(2 + findings.rule.disguises.size());
  std::erase_if(
      top, [&](const CountedValue& counted) { return findings.rule.IsDisguise(counted.value); });
  if (top.empty() || report.distinct * 2 > findings.present) return;
  // Of free text the most frequent sentence is no better than any other.
  if (report.distinct > kCategoriesMax || top[0].count * kModeShare < findings.present) return;
  if (top[0].value.size() >= kStatisticBytesMax) return;
  const int64_t runner_up = top.size() > 1 ? top[1].count : 0;
  const bool certain = values_.exact() || top[0].count > runner_up + values_.forgotten_max();
  if (certain) findings.rule.statistic = {top[0].value, "mode", kStatisticConfidence};
}

void ColumnProfile::OfferMedian(ColumnFindings& findings) const {
  const bool whole = findings.rule.type == ValueType::kInteger;
  std::optional<double> median = findings.report.quantiles[2];
  if (whole) median = numbers_.MedianOfWholeNumbers(taken_out_);
  std::optional<int> decimals;
  if (decimals_min_ == decimals_max_) decimals = decimals_min_;
  if (whole) decimals = 0;
  if (median.has_value()) OfferNumber(FormatNumber(*median, decimals), "median", findings);
}

void ColumnProfile::OfferMean(ColumnFindings& findings) const {
  const int decimals = findings.rule.type == ValueType::kInteger ? 0 : decimals_max_;
  std::string text = FormatNumber(*findings.report.mean, decimals);
  if (text.find_first_of("123456789") == std::string::npos) std::erase(text, '-');
  OfferNumber(text, "mean", findings);
}

// A double holds any number of so many digits; of longer ones it may be a neighbour.
void ColumnProfile::OfferNumber(const std::string& text, std::string_view method,
                                ColumnFindings& findings) {
  const auto digits = std::count_if(text.begin(), text.end(), IsDigit);
  if (digits > std::numeric_limits<double>::digits10) return;
  findings.rule.statistic = {text, method, kStatisticConfidence};
}

}  // namespace dq
