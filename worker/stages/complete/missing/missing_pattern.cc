#include "worker/stages/complete/missing/missing_pattern.h"

#include <algorithm>

namespace dq {
namespace {

constexpr size_t kPairColumnsMax = 64;  // With the most missing cells.

double Share(size_t part, size_t whole) {
  return whole == 0 ? 0 : RoundedShare(static_cast<double>(part) / static_cast<double>(whole));
}

bool IsMissing(const EncodedColumn& column, size_t row) {
  return column.codes[row] == EncodedColumn::kBlank;
}

size_t MissingOf(const EncodedColumn& column) {
  return static_cast<size_t>(
      std::count(column.codes.begin(), column.codes.end(), EncodedColumn::kBlank));
}

// Columns that miss cells, the emptier first.
std::vector<size_t> SparseColumns(const std::vector<EncodedColumn>& columns) {
  std::vector<size_t> missing(columns.size());
  std::vector<size_t> sparse;
  for (size_t i = 0; i < columns.size(); ++i) {
    missing[i] = MissingOf(columns[i]);
    if (missing[i] > 0 && missing[i] < columns[i].codes.size()) sparse.push_back(i);
  }
  std::stable_sort(sparse.begin(), sparse.end(),
                   [&](size_t a, size_t b) { return missing[a] > missing[b]; });
  if (sparse.size() > kPairColumnsMax) sparse.resize(kPairColumnsMax);
  return sparse;
}

// Of the rows that miss one of the two, the share that misses both.
ReportMissingPair ComparePair(const EncodedColumn& a, const EncodedColumn& b) {
  size_t both = 0;
  size_t any = 0;
  for (size_t row = 0; row < a.codes.size(); ++row) {
    both += IsMissing(a, row) && IsMissing(b, row) ? 1 : 0;
    any += IsMissing(a, row) || IsMissing(b, row) ? 1 : 0;
  }
  return {"", "", static_cast<int64_t>(both), Share(both, any)};
}

}  // namespace

std::vector<double> MissingByBin(const EncodedColumn& column) {
  const size_t rows = column.codes.size();
  if (rows < kMissingBins || MissingOf(column) == 0) return {};
  std::vector<double> shares;
  for (size_t bin = 0; bin < kMissingBins; ++bin) {
    const size_t begin = rows * bin / kMissingBins;
    const size_t end = rows * (bin + 1) / kMissingBins;
    const auto first = column.codes.begin();
    const auto missing = std::count(first + static_cast<ptrdiff_t>(begin),
                                    first + static_cast<ptrdiff_t>(end), EncodedColumn::kBlank);
    shares.push_back(Share(static_cast<size_t>(missing), end - begin));
  }
  return shares;
}

ReportMissingness DescribeMissingness(const std::vector<EncodedColumn>& columns,
                                      const std::vector<std::string>& names) {
  ReportMissingness found;
  if (columns.empty()) return found;
  const size_t rows = columns[0].codes.size();
  size_t whole = 0;
  size_t sparse = 0;
  for (size_t row = 0; row < rows; ++row) {
    const auto missing = static_cast<size_t>(
        std::count_if(columns.begin(), columns.end(),
                      [row](const auto& column) { return IsMissing(column, row); }));
    whole += missing == 0 ? 1 : 0;
    sparse += 2 * missing >= columns.size() ? 1 : 0;
  }
  found.complete_rows = Share(whole, rows);
  found.sparse_rows = Share(sparse, rows);
  const std::vector<size_t> candidates = SparseColumns(columns);
  for (size_t i = 0; i < candidates.size(); ++i) {
    for (size_t j = i + 1; j < candidates.size(); ++j) {
      ReportMissingPair pair = ComparePair(columns[candidates[i]], columns[candidates[j]]);
      if (pair.rows < 2 || pair.share < 0.5) continue;
      pair.a = names[candidates[i]];
      pair.b = names[candidates[j]];
      found.pairs.push_back(std::move(pair));
    }
  }
  std::stable_sort(found.pairs.begin(), found.pairs.end(),
                   [](const auto& a, const auto& b) { return a.share > b.share; });
  if (found.pairs.size() > kMissingPairsMax) found.pairs.resize(kMissingPairsMax);
  return found;
}

}  // namespace dq
