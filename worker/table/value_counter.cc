#include "worker/table/value_counter.h"

#include <algorithm>

namespace dq {
namespace {

constexpr size_t kSlotsFirst = 64;
constexpr size_t kTextKept = 256;  // Longer values are shown cut.

}  // namespace

ValueCounter::ValueCounter(size_t capacity, size_t text_bytes_max, int precision)
    : capacity_(capacity),
      text_bytes_max_(text_bytes_max),
      mask_(kSlotsFirst - 1),
      slots_(kSlotsFirst),
      distinct_(precision) {}

ValueCounter::Slot& ValueCounter::Find(uint64_t hash) {
  for (size_t i = hash & mask_;; i = (i + 1) & mask_) {
    Slot& slot = slots_[i];
    if (slot.count == 0 || slot.hash == hash) return slot;
  }
}

void ValueCounter::Add(std::string_view value, uint64_t hash, int64_t times) {
  distinct_.Add(hash);
  if (value.size() > kTextKept) value = value.substr(0, kTextKept);
  Slot& slot = Find(hash);
  if (slot.count == 0) {
    slot.hash = hash;
    slot.offset = static_cast<uint32_t>(texts_.size());
    slot.size = static_cast<uint32_t>(value.size());
    texts_ += value;
    ++used_;
  }
  slot.count += times;
  if (used_ > capacity_ || texts_.size() > text_bytes_max_) {
    Purge();
  } else if (used_ * 2 > slots_.size()) {
    std::vector<Slot> old(slots_.size() * 2);
    old.swap(slots_);
    mask_ = slots_.size() - 1;
    for (const Slot& moved : old) {
      if (moved.count > 0) Find(moved.hash) = moved;
    }
  }
}

// Forgets the rarer half of the values and lowers the counts of the others alike.
void ValueCounter::Purge() {
  std::vector<int64_t> counts;
  counts.reserve(used_);
  for (const Slot& slot : slots_) {
    if (slot.count > 0) counts.push_back(slot.count);
  }
  const auto middle = counts.begin() + static_cast<ptrdiff_t>(counts.size() / 2);
  std::nth_element(counts.begin(), middle, counts.end());
  const int64_t lowered = *middle;
  error_ += lowered;
  std::vector<Slot> old(slots_.size());
  old.swap(slots_);
  std::string texts;
  texts.swap(texts_);
  used_ = 0;
  for (const Slot& slot : old) {
    if (slot.count <= lowered) continue;
    const std::string_view text(texts.data() + slot.offset, slot.size);
    Slot moved = slot;
    moved.count -= lowered;
    moved.offset = static_cast<uint32_t>(texts_.size());
    texts_ += text;
    Find(slot.hash) = moved;
    ++used_;
  }
}

int64_t ValueCounter::CountOf(uint64_t hash) const { return Find(hash).count; }

int64_t ValueCounter::Distinct() const {
  return exact() ? static_cast<int64_t>(used_) : distinct_.Estimate();
}

std::vector<CountedValue> ValueCounter::Top(size_t n) const {
  std::vector<const Slot*> order;
  for (const Slot& slot : slots_) {
    if (slot.count > 0) order.push_back(&slot);
  }
  n = std::min(n, order.size());
  std::partial_sort(order.begin(), order.begin() + static_cast<ptrdiff_t>(n), order.end(),
                    [this](const Slot* a, const Slot* b) {
                      return a->count != b->count ? a->count > b->count : Text(*a) < Text(*b);
                    });
  std::vector<CountedValue> top;
  for (size_t i = 0; i < n; ++i) top.push_back({std::string(Text(*order[i])), order[i]->count});
  return top;
}

}  // namespace dq
