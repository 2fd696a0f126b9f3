#include "worker/stages/dedupe/value_dictionary.h"

#include <algorithm>

#include "common/base/status_macros.h"

#define XXH_INLINE_ALL
#include "xxhash.h"

namespace dq {
namespace {

constexpr size_t kSlotsFirst = 64;

}  // namespace

absl::StatusOr<ValueId> ValueDictionary::Add(std::string_view text, uint32_t times) {
  if (text.empty()) return kNoValue;
  if (counts_.size() * 4 >= slots_.size() * 3) {
    DQ_RETURN_IF_ERROR(Rehash(std::max(kSlotsFirst, slots_.size() * 2)));
  }
  const size_t mask = slots_.size() - 1;
  size_t slot = XXH3_64bits(text.data(), text.size()) & mask;
  for (; slots_[slot] != kNoValue; slot = (slot + 1) & mask) {
    if (this->text(slots_[slot]) != text) continue;
    counts_[slots_[slot]] += times;
    return slots_[slot];
  }
  DQ_RETURN_IF_ERROR(Reserve(text.size()));
  bytes_ += text;
  ends_.push_back(bytes_.size());
  counts_.push_back(times);
  slots_[slot] = size();
  return size();
}

// Grows by a half, in step with what is taken from the budget.
absl::Status ValueDictionary::Reserve(size_t text_bytes) {
  const size_t bytes = bytes_.size() + text_bytes;
  if (bytes > bytes_.capacity()) {
    const size_t wanted = std::max(bytes, bytes_.capacity() * 3 / 2 + 64);
    DQ_RETURN_IF_ERROR(taken_.Take(wanted - bytes_.capacity()));
    bytes_.reserve(wanted);
  }
  if (ends_.size() == ends_.capacity()) {
    const size_t wanted = ends_.capacity() * 3 / 2 + 16;
    DQ_RETURN_IF_ERROR(taken_.Take((wanted - ends_.capacity()) * 12));
    ends_.reserve(wanted);
    counts_.reserve(wanted);
  }
  return absl::OkStatus();
}

absl::Status ValueDictionary::Rehash(size_t slots) {
  DQ_RETURN_IF_ERROR(taken_.Take((slots - slots_.size()) * sizeof(ValueId)));
  slots_.assign(slots, kNoValue);
  const size_t mask = slots - 1;
  for (ValueId id = 1; id <= size(); ++id) {
    const std::string_view value = text(id);
    size_t slot = XXH3_64bits(value.data(), value.size()) & mask;
    while (slots_[slot] != kNoValue) slot = (slot + 1) & mask;
    slots_[slot] = id;
  }
  return absl::OkStatus();
}

}  // namespace dq
