#include "worker/stages/dedupe/value_dictionary.h"

#include <algorithm>
#include <utility>

#include "common/base/status_macros.h"

#define XXH_INLINE_ALL
#include "xxhash.h"

namespace dq {
namespace {

constexpr size_t kSlotsFirst = 64;
constexpr const char* kWhat = "the records to compare";

}  // namespace

ValueDictionary::ValueDictionary(MemoryBudget& memory)
    : memory_(&memory), ends_(1, 0), counts_(1, 0) {}

ValueDictionary::~ValueDictionary() { memory_->Release(taken_bytes_); }

ValueDictionary::ValueDictionary(ValueDictionary&& other) noexcept
    : memory_(other.memory_),
      taken_bytes_(std::exchange(other.taken_bytes_, 0)),
      bytes_(std::move(other.bytes_)),
      ends_(std::move(other.ends_)),
      counts_(std::move(other.counts_)),
      slots_(std::move(other.slots_)) {}

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
    const auto more = static_cast<int64_t>(wanted - bytes_.capacity());
    DQ_RETURN_IF_ERROR(memory_->Take(more, kWhat));
    taken_bytes_ += more;
    bytes_.reserve(wanted);
  }
  if (ends_.size() == ends_.capacity()) {
    const size_t wanted = ends_.capacity() * 3 / 2 + 16;
    const auto more = static_cast<int64_t>((wanted - ends_.capacity()) * 12);
    DQ_RETURN_IF_ERROR(memory_->Take(more, kWhat));
    taken_bytes_ += more;
    ends_.reserve(wanted);
    counts_.reserve(wanted);
  }
  return absl::OkStatus();
}

absl::Status ValueDictionary::Rehash(size_t slots) {
  const auto more = static_cast<int64_t>((slots - slots_.size()) * sizeof(ValueId));
  DQ_RETURN_IF_ERROR(memory_->Take(more, kWhat));
  taken_bytes_ += more;
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
