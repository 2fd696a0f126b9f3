#include "worker/stages/dedupe/fuzzy/gram_vectors.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "common/base/status_macros.h"

namespace dq {
namespace {

constexpr int kHashBits = 20;
constexpr size_t kGramsMax = 4096;  // Of one value: what is longer is compared by its beginning.
constexpr uint32_t kTimesMax = 4095;

uint32_t HashGram(const char* gram) {
  const auto byte = [gram](int i) { return uint32_t{static_cast<unsigned char>(gram[i])}; };
  const uint32_t packed = byte(0) << 16 | byte(1) << 8 | byte(2);
  return (packed * 2654435761U) >> (32 - kHashBits);
}

}  // namespace

absl::StatusOr<GramVectors> GramVectors::Build(const ValueDictionary& values,
                                               MemoryBudget& memory) {
  GramVectors vectors(memory);
  DQ_RETURN_IF_ERROR(
      vectors.taken_.Take((size_t{8} << kHashBits) + 12 * (values.size() + size_t{1})));
  vectors.documents_.assign(size_t{1} << kHashBits, 0);
  vectors.ends_.reserve(values.size() + size_t{1});
  for (ValueId id = 1; id <= values.size(); ++id) {
    DQ_RETURN_IF_ERROR(vectors.AddValue(values.text(id)));
  }
  vectors.Weigh();
  return vectors;
}

absl::Status GramVectors::AddValue(std::string_view text) {
  const size_t begin = grams_.size();
  const size_t most = std::min(text.size(), kGramsMax);
  if (begin + most > grams_.capacity()) {
    const size_t wanted = grams_.capacity() * 3 / 2 + most + 1024;
    DQ_RETURN_IF_ERROR(taken_.Take((wanted - grams_.capacity()) * sizeof(uint32_t)));
    grams_.reserve(wanted);
  }
  const std::string padded = " " + std::string(text.substr(0, most)) + " ";
  for (size_t i = 0; i + 3 <= padded.size(); ++i) grams_.push_back(HashGram(&padded[i]));
  const auto first = grams_.begin() + static_cast<std::ptrdiff_t>(begin);
  std::sort(first, grams_.end());
  size_t out = begin;
  for (size_t i = begin; i < grams_.size();) {
    size_t end = i;
    while (end < grams_.size() && grams_[end] == grams_[i]) ++end;
    ++documents_[grams_[i]];
    const auto times = std::min(static_cast<uint32_t>(end - i), kTimesMax);
    grams_[out++] = grams_[i] << kTimesBits | times;
    i = end;
  }
  grams_.resize(out);
  ends_.push_back(out);
  return absl::OkStatus();
}

void GramVectors::Weigh() {
  const auto values = static_cast<double>(ends_.size() - 1);
  rarity_.assign(documents_.size(), 0);
  for (size_t i = 0; i < documents_.size(); ++i) {
    if (documents_[i] == 0) continue;
    rarity_[i] = static_cast<float>(std::log((values + 1) / documents_[i]));
  }
  lengths_.assign(ends_.size(), 0);
  for (ValueId id = 1; id < ends_.size(); ++id) {
    double sum = 0;
    for (const uint32_t gram : grams(id)) sum += Weight(gram) * Weight(gram);
    lengths_[id] = static_cast<float>(std::sqrt(sum));
  }
}

double GramVectors::Weight(uint32_t gram) const {
  const double times = gram & kTimesMax;
  const double rarity = rarity_[gram >> kTimesBits];
  return times > 1 ? (1 + std::log(times)) * rarity : rarity;
}

double GramVectors::Cosine(ValueId a, ValueId b) const {
  const double lengths = double{lengths_[a]} * double{lengths_[b]};
  if (lengths <= 0) return a == b ? 1 : 0;
  const std::span<const uint32_t> left = grams(a);
  const std::span<const uint32_t> right = grams(b);
  double sum = 0;
  for (size_t i = 0, j = 0; i < left.size() && j < right.size();) {
    const uint32_t x = left[i] >> kTimesBits;
    const uint32_t y = right[j] >> kTimesBits;
    if (x == y) sum += Weight(left[i]) * Weight(right[j]);
    i += x <= y ? 1 : 0;
    j += y <= x ? 1 : 0;
  }
  return std::min(1.0, sum / lengths);
}

}  // namespace dq
