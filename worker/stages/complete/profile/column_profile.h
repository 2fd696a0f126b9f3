// Learns what stage `complete` must know about one column, in one pass and bounded memory.
// Deterministic in the order of rows; not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "worker/chain/chain_spec.h"
#include "worker/chain/report.h"
#include "worker/stages/complete/column_rule.h"
#include "worker/stages/complete/missing/disguise.h"
#include "worker/stages/complete/missing/missing_tokens.h"
#include "worker/stages/complete/missing/value_shape.h"
#include "worker/stages/complete/profile/extreme_values.h"
#include "worker/table/row_batch.h"
#include "worker/table/sketch/quantile_sketch.h"
#include "worker/table/sketch/value_counter.h"
#include "worker/table/values/value_type.h"

namespace dq {

class StateReader;
class StateWriter;

// How much the profile of one column may remember. By the number of columns alone, so that what is
// learned depends on the file and on nothing else.
struct ProfileLimits {
  ValueCounterLimits values;
  size_t numbers = size_t{1} << 16;  // Before quantiles become estimates.
  static ProfileLimits ForColumns(size_t columns);
  // About the most that a profile needs.
  int64_t BytesMaxForTest() const;
};

// What was learned, in the end.
struct ColumnFindings {
  ColumnRule rule;
  ReportColumn report;     // All but missing_after, filled and histogram.
  int64_t conforming = 0;  // Present values that fit the type.
  int64_t present = 0;     // Cells that hold a value.
  // Whether all cells are empty or a number (IsSafeNumber): as they are, and once words and values
  // that stand for "no value" are cleared.
  bool only_numbers = false;
  bool only_numbers_when_cleared = false;
  std::vector<std::string> categories = {};  // Words among its numbers that are data after all.
  bool counts_estimated = false;
  bool distinct_estimated = false;
  bool quantiles_estimated = false;
};

class ColumnProfile {
 public:
  // `tokens` outlives the profile.
  ColumnProfile(const ProfileLimits& limits, const MissingTokens& tokens);
  // About what it holds at the moment.
  int64_t memory_bytes() const {
    return static_cast<int64_t>(values_.memory_bytes() + numbers_.memory_bytes());
  }

  // Adds the cells of `column`; rows that were dropped are left out.
  void Learn(const RowBatch& batch, size_t column);
  // Decides; `disguises` are values outside the vocabulary that stand for "no value". A column of
  // nothing but words is judged by `reference`, the rule of the reference's column; null: there is
  // none. Called once, last.
  ColumnFindings Decide(const std::string& name, std::vector<Disguise> disguises,
                        const ColumnRule* reference);
  // Puts to `findings.rule` what its missing cells can be filled with: `statistic` of a number
  // column, the mode of any other. Where that says nothing it puts nothing. After Decide.
  void OfferStatistic(Statistic statistic, ColumnFindings& findings) const;
  // Writes the state; Restore reads it into a new object made alike and says with the reader when
  // it cannot be one.
  void Save(StateWriter& writer) const;
  void Restore(StateReader& reader);

 private:
  // Whether white space around a value belongs to its cell.
  enum class Padding { kNone, kSome };
  void AddValue(std::string_view value, Padding padding);
  void CountValues();
  void AddNumber(std::string_view value);
  void TakeOut(std::vector<Disguise> disguises, ColumnFindings& findings);
  void JudgeTokens(ColumnFindings& findings);
  void DescribeTop(ColumnFindings& findings) const;
  void DescribeNumbers(ColumnFindings& findings);
  void JudgeNumbers(ColumnFindings& findings) const;
  ValueType JudgedType(ValueType type) const;
  static void DescribeExtremes(const ExtremeValues& values, ColumnFindings& findings);
  void OfferMode(ColumnFindings& findings) const;
  void OfferMedian(ColumnFindings& findings) const;
  void OfferMean(ColumnFindings& findings) const;
  static void OfferNumber(const std::string& text, std::string_view method,
                          ColumnFindings& findings);

  const MissingTokens& tokens_;
  int64_t blank_ = 0;
  int64_t padded_blanks_ = 0;  // Of white space.
  int64_t no_numbers_ = 0;     // Cells with a value that are no safe number.
  int64_t codes_ = 0;          // Values that are codes.
  TypeCounter types_;
  ShapeCounter shapes_;
  std::map<std::string, int64_t, std::less<>> tokens_seen_;  // By exact spelling.
  ValueCounter values_;
  std::vector<ValueCounter::Hashed> batch_values_;  // They are counted some at a time.
  QuantileSketch numbers_;
  double sum_ = 0;
  int decimals_min_ = std::numeric_limits<int>::max();
  int decimals_max_ = 0;
  int64_t numbers_taken_out_ = 0;
  std::vector<double> taken_out_;  // Numbers that stand for "no value", when decided.
  ExtremeValues number_extremes_;
  ExtremeValues dates_;
};

}  // namespace dq
