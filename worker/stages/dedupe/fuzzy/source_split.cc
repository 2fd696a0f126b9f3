#include "worker/stages/dedupe/fuzzy/source_split.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>
#include <vector>

#include "worker/table/values/ascii.h"

namespace dq {
namespace {

constexpr size_t kRecordsMin = 60;
constexpr double kSmallerShareMin = 0.05;
// How much of the knowledge from which side a record is its way of writing must give.
constexpr double kKnownMin = 0.8;
// The most frequent ways of writing a column; the others count as one.
constexpr size_t kShapesMax = 15;

double Entropy(double a, double b) {
  const double sum = a + b;
  double bits = 0;
  for (const double part : {a, b}) {
    if (part > 0) bits -= part * std::log2(part / sum);
  }
  return bits;
}

// The ways a column is written: for every record one of kShapesMax + 1.
std::vector<uint8_t> ShapesOf(const RecordStore& store, size_t field) {
  const ValueDictionary& values = store.values(field);
  std::vector<std::pair<uint64_t, ValueId>> shapes;
  for (ValueId id = 1; id <= values.size(); ++id)
    shapes.push_back({WritingOf(values.text(id)), id});
  std::sort(shapes.begin(), shapes.end());
  std::vector<std::pair<uint64_t, std::pair<size_t, size_t>>> groups;  // Rows; begin and end.
  for (size_t begin = 0; begin < shapes.size();) {
    size_t end = begin;
    uint64_t rows = 0;
    for (; end < shapes.size() && shapes[end].first == shapes[begin].first; ++end) {
      rows += values.count(shapes[end].second);
    }
    groups.push_back({rows, {begin, end}});
    begin = end;
  }
  std::sort(groups.rbegin(), groups.rend());
  std::vector<uint8_t> shape_of(values.size() + size_t{1}, kShapesMax);
  shape_of[kNoValue] = 0;
  for (size_t i = 0; i + 1 < kShapesMax && i < groups.size(); ++i) {
    for (size_t at = groups[i].second.first; at < groups[i].second.second; ++at) {
      shape_of[shapes[at].second] = static_cast<uint8_t>(i + 1);
    }
  }
  std::vector<uint8_t> of_records(store.size());
  for (RecordId record = 0; record < store.size(); ++record) {
    of_records[record] = shape_of[store.cell(record, field)];
  }
  return of_records;
}

struct Split {
  RecordId at = 0;
  double known = 0;  // 0 to 1.
};

// The row that best parts the ways of writing.
Split BestSplit(const std::vector<uint8_t>& shapes) {
  const auto records = static_cast<double>(shapes.size());
  std::array<double, kShapesMax + 1> all{};
  std::array<double, kShapesMax + 1> before{};
  for (const uint8_t shape : shapes) ++all[shape];
  Split best;
  for (size_t at = 1; at < shapes.size(); ++at) {
    ++before[shapes[at - 1]];
    const auto first = static_cast<double>(at);
    if (std::min(first, records - first) < kSmallerShareMin * records) continue;
    double left = 0;
    for (size_t i = 0; i < all.size(); ++i) left += Entropy(before[i], all[i] - before[i]);
    const double known = 1 - left / Entropy(first, records - first);
    if (known > best.known) best = {static_cast<RecordId>(at), known};
  }
  return best;
}

}  // namespace

uint64_t WritingOf(std::string_view text) {
  constexpr size_t kSymbolsMax = 12;
  uint64_t shape = 0;
  char last = 0;
  size_t symbols = 0;
  for (const char c : text) {
    const bool digit = IsDigit(c);
    const bool letter = IsLetterOrBeyond(c);
    const char symbol = digit ? '9' : letter ? 'a' : c;
    if (symbol == last && (digit || letter)) continue;
    last = symbol;
    if (++symbols > kSymbolsMax) break;
    shape = shape * 131 + static_cast<unsigned char>(symbol);
  }
  // Numbers are told apart by their length as well.
  return shape == '9' ? shape + 1000 * text.size() : shape;
}

std::optional<RecordId> FindSourceSplit(const RecordStore& store) {
  if (store.size() < kRecordsMin) return std::nullopt;
  Split best;
  for (size_t field = 0; field < store.fields(); ++field) {
    const Split split = BestSplit(ShapesOf(store, field));
    if (split.known > best.known) best = split;
  }
  if (best.known < kKnownMin) return std::nullopt;
  return best.at;
}

}  // namespace dq
