// A column of a sample with its values as numbers: what counting over many pairs of columns needs.
// Values only; views into the sample.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

namespace dq {

struct EncodedColumn {
  static constexpr uint32_t kBlank = UINT32_MAX;  // The code of an empty cell.

  std::vector<uint32_t> codes;           // By row.
  std::vector<std::string_view> values;  // By code, in the order in which they came first.
  std::vector<int64_t> counts;           // By code.
};

// Numbers the different values of `cells` (trimmed); empty cells get kBlank.
EncodedColumn EncodeColumn(std::span<const std::string_view> cells);

// Whether at most a quarter of the cells with a value hold one that occurs once: then such a value
// may be a typo.
bool RepeatsValues(const EncodedColumn& column);

// Makes the cells of the values for which `is_missing` holds blank; such values are counted 0
// times.
void BlankOut(EncodedColumn& column, const std::function<bool(std::string_view)>& is_missing);

}  // namespace dq
