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

#include "worker/chain/report.h"
#include "worker/stages/complete/column_rule.h"
#include "worker/stages/complete/disguise.h"
#include "worker/stages/complete/missing_tokens.h"
#include "worker/table/quantile_sketch.h"
#include "worker/table/row_batch.h"
#include "worker/table/value_counter.h"
#include "worker/table/value_type.h"

namespace dq {

// How much the profile of one column may remember.
struct ProfileLimits {
  size_t values = kCountedValuesMax;    // Counted exactly.
  size_t text_bytes = size_t{8} << 20;  // Of these values.
  size_t numbers = size_t{1} << 17;     // Before quantiles become estimates.
  int precision = 16;                   // Of the distinct count beyond.
  // About what `columns` profiles need in all; no more than `bytes_max` unless that is less than
  // the least a profile can do with.
  static ProfileLimits ForColumns(size_t columns, int64_t bytes_max);
  int64_t BytesInAll(size_t columns) const;
};

// What was learned, in the end.
struct ColumnFindings {
  ColumnRule rule;
  ReportColumn report;     // All but missing_after, filled and histogram.
  int64_t conforming = 0;  // Present values that fit the type.
  int64_t present = 0;     // Cells that hold a value.
  bool counts_estimated = false;
  bool quantiles_estimated = false;
};

class ColumnProfile {
 public:
  // `tokens` outlives the profile.
  ColumnProfile(const ProfileLimits& limits, const MissingTokens& tokens);

  // Adds the cells of `column`; rows that were dropped are left out.
  void Learn(const RowBatch& batch, size_t column);
  // Decides; `disguises` are values outside the vocabulary that stand for "no value". Called once,
  // last.
  ColumnFindings Decide(const std::string& name, std::vector<Disguise> disguises);

 private:
  struct Extreme {
    double key = std::numeric_limits<double>::quiet_NaN();
    std::string text;
  };

  // A value that is counted at the end of its batch.
  struct Hashed {
    std::string_view value;
    uint64_t hash;
  };

  void AddValue(std::string_view value);
  void CountBatch();
  void AddNumber(std::string_view value);
  static void AddOrdered(std::string_view value, double key, Extreme& least, Extreme& greatest);
  void TakeOut(std::vector<Disguise> disguises, ColumnFindings& findings);
  void JudgeTokens(ColumnFindings& findings);
  void DescribeTop(ColumnFindings& findings) const;
  void DescribeNumbers(ColumnFindings& findings);
  void FindExtremesAgain(ColumnFindings& findings) const;
  void OfferStatistic(ColumnFindings& findings);
  void OfferMedian(ColumnFindings& findings) const;

  const MissingTokens& tokens_;
  int64_t blank_ = 0;
  TypeCounter types_;
  ShapeCounter shapes_;
  std::map<std::string, int64_t, std::less<>> tokens_seen_;  // By exact spelling.
  ValueCounter values_;
  std::vector<Hashed> batch_values_;
  QuantileSketch numbers_;
  double sum_ = 0;
  int decimals_min_ = std::numeric_limits<int>::max();
  int decimals_max_ = 0;
  int64_t numbers_taken_out_ = 0;
  std::vector<double> taken_out_;  // Numbers that stand for "no value", when decided.
  Extreme least_number_, greatest_number_, least_date_, greatest_date_;
};

}  // namespace dq
