// Finds the missing cells of a range of rows and fills what can be justified: what stage `complete`
// does in the last pass. The ranges of a batch are filled at the same time, each by a filler of its
// own. One filler is used by one thread at a time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "worker/chain/chain_spec.h"
#include "worker/stages/complete/column_rule.h"
#include "worker/stages/complete/dependency/dependency_table.h"
#include "worker/stages/complete/missing/missing_tokens.h"
#include "worker/stages/complete/reference/reference_look_up.h"
#include "worker/table/row_batch.h"

namespace dq {

inline constexpr size_t kHistogramBins = 10;

// What all fillers go by. Nobody changes it during a pass.
struct FillRules {
  const CompleteOptions& options;
  const MissingTokens& tokens;
  std::vector<const ColumnRule*> columns;
  ReferenceKey key;
  // One after the other; see dependency_learning.h.
  const std::vector<std::unique_ptr<DependencyTable>>& dependencies;
  bool tells_changes = true;  // Whether changes() is asked for.
};

// What a filler found in one column. Sums: they may be added up in any order.
struct FillCounts {
  int64_t filled = 0;
  int64_t cleared = 0;  // Of those that are left missing.
  int64_t left_missing = 0;
  std::array<int64_t, kHistogramBins> histogram{};  // Of numbers, between the rule's min and max.

  void Add(const FillCounts& other) {
    filled += other.filled;
    cleared += other.cleared;
    left_missing += other.left_missing;
    for (size_t bin = 0; bin < kHistogramBins; ++bin) histogram[bin] += other.histogram[bin];
  }
};

class RowFiller {
 public:
  // A cell that got another value; one that is missing by evidence is cleared in one change and
  // filled in the next. The views live as long as the batch and the rules.
  struct Change {
    uint32_t row;
    uint32_t column;
    std::string_view before;
    std::string_view after;
    std::string_view method;
    std::string_view confidence;
  };
  // What the rows of a batch hold when they are filled, by row.
  struct RowCounts {
    std::vector<uint32_t> missing;
    std::vector<uint32_t> invalid;
  };

  // `rules` outlives the filler.
  explicit RowFiller(const FillRules& rules) : rules_(rules), counts_(rules.columns.size()) {}

  // Fills the rows [begin, end) of the batch that are not dropped; `rows` has room for all rows of
  // the batch, and zeros.
  // IO_FAILED of a temporary file.
  absl::Status Fill(RowBatch& batch, size_t begin, size_t end, RowCounts& rows);

  // The changes of the last Fill, by row, then column, then as they were made. Empty unless they
  // are asked for.
  const std::vector<Change>& changes() const { return changes_; }
  // By column, of all calls.
  const std::vector<FillCounts>& counts() const { return counts_; }
  // Adds what another filler has counted.
  void AddCounts(size_t column, const FillCounts& counts) { counts_[column].Add(counts); }

 private:
  struct MissingCell {
    uint32_t row;
    uint32_t column;
  };
  struct Filling {
    std::string_view value;  // Empty: none.
    std::string_view method;
    double confidence = 0;
  };

  void ScanColumn(const RowBatch& batch, size_t begin, size_t end, size_t column, RowCounts& rows);
  void OrderMissing(size_t begin, size_t end);
  absl::Status LookUpRows(const RowBatch& batch);
  void FillRow(RowBatch& batch, std::span<const MissingCell> cells, RowCounts& rows);
  void SetCell(RowBatch& batch, const MissingCell& cell, const Filling& filling, RowCounts& rows);
  void TellChange(const RowBatch& batch, const MissingCell& cell, const Filling& filling);
  void FillLeft(RowBatch& batch, RowCounts& rows,
                absl::FunctionRef<Filling(const MissingCell&)> find);
  Filling FindByKey(const MissingCell& cell, ReferenceTable::Row row) const;
  Filling FindDependent(const RowBatch& batch, const MissingCell& cell,
                        const DependencyTable& table);
  uint64_t HashOfCell(const RowBatch& batch, uint32_t row, size_t column);
  Filling FindStatistic(const MissingCell& cell) const;

  const FillRules& rules_;
  std::vector<FillCounts> counts_;
  std::vector<Change> changes_;
  std::vector<MissingCell> missing_;
  std::vector<MissingCell> ordered_;
  std::vector<uint32_t> ends_;       // Where the missing cells of a row end.
  std::vector<MissingCell> left_;    // Of the row at hand.
  std::vector<uint32_t> looked_up_;  // Rows that lack something the reference may have.
  // The hash of a cell of the row at hand, by column, for dependencies; nothing: not known yet.
  std::vector<std::optional<uint64_t>> hashes_;
  ReferenceLookUp reference_rows_;
};

}  // namespace dq
