#include "worker/table/sketch/value_counter.h"

#include <emmintrin.h>

#include <algorithm>
#include <bit>
#include <utility>

#include "worker/table/bytes/state_reader.h"
#include "worker/table/bytes/state_writer.h"

namespace dq {
namespace {

constexpr size_t kAhead = 32;  // Values whose memory is under way.
constexpr size_t kSlotsFirst = 64;
constexpr size_t kTagsAtOnce = 8;
constexpr size_t kTextKept = 256;  // Longer values are shown cut.
// Values that are remembered once there are too many: few, so that they stay in the cache.
constexpr size_t kRememberedMax = 4096;
constexpr size_t kSeenWordsAValue = 2;  // 128 bits of the filter for every remembered value.
constexpr size_t kSeenShare = 8;        // It is emptied when one in so many bits is set.

}  // namespace

ValueCounter::ValueCounter(const ValueCounterLimits& limits)
    : capacity_(limits.values),
      text_bytes_max_(limits.text_bytes),
      mask_(kSlotsFirst - 1),
      tags_(kSlotsFirst + kTagsAtOnce),
      slots_(kSlotsFirst),
      distinct_(std::max(limits.distinct, limits.values), limits.precision) {}

// Eight places at a time: how far a value is from its first place cannot be predicted.
inline size_t ValueCounter::Find(uint64_t hash) const {
  const __m128i wanted = _mm_set1_epi16(static_cast<int16_t>(TagOf(hash)));
  for (size_t first = hash & mask_;; first = (first + kTagsAtOnce) & mask_) {
    const __m128i tags = _mm_loadu_si128(reinterpret_cast<const __m128i*>(&tags_[first]));
    const auto mask_of = [tags](__m128i tag) {
      return static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi16(tags, tag)));
    };
    const auto place = [&](unsigned mask) {
      return (first + static_cast<size_t>(std::countr_zero(mask)) / sizeof(uint16_t)) & mask_;
    };
    const unsigned free = mask_of(_mm_setzero_si128());
    // Two bits a place; what lies behind a free place has nothing to do with it.
    unsigned alike = mask_of(wanted) & ((free & (0U - free)) - 1);
    for (; alike != 0; alike &= alike - 1, alike &= alike - 1) {
      if (slots_[place(alike)].hash == hash) return place(alike);
    }
    if (free != 0) return place(free);
  }
}

inline void ValueCounter::SetTag(size_t place, uint16_t tag) {
  tags_[place] = tag;
  if (place < kTagsAtOnce) tags_[slots_.size() + place] = tag;
}

// Whether a cell with this value, or one whose hash looks the same, was seen since the filter was
// last emptied; this one counts as seen now. A value that is not remembered has occurred less often
// than forgotten_max_, or so often when it is in the filter.
inline bool ValueCounter::WasSeen(uint64_t hash) {
  const uint64_t bit = uint64_t{1} << (hash & 63);
  uint64_t& word = seen_[WordOf(hash)];
  if ((word & bit) != 0) return true;
  word |= bit;
  if (++seen_count_ * kSeenShare >= seen_.size() * 64) {
    std::fill(seen_.begin(), seen_.end(), 0);
    seen_count_ = 0;
    ++forgotten_max_;
  }
  return false;
}

void ValueCounter::Add(std::string_view value, uint64_t hash, int64_t times) {
  if (forgetting_) distinct_.Add(hash);
  Count(value, hash, times);
}

void ValueCounter::AddAll(std::span<const Hashed> values) {
  size_t at = 0;
  for (; at < values.size() && !forgetting_; ++at) {
    if (at + kAhead < values.size()) {
      const size_t place = values[at + kAhead].hash & mask_;
      __builtin_prefetch(&tags_[place]);
      __builtin_prefetch(&slots_[place]);
    }
    Count(values[at].value, values[at].hash, 1);
  }
  values = values.subspan(at);
  for (size_t i = 0; i < values.size(); ++i) {
    if (i + kAhead < values.size()) distinct_.Prefetch(values[i + kAhead].hash);
    distinct_.Add(values[i].hash);
  }
  for (size_t i = 0; i < values.size(); ++i) {
    if (i + kAhead < values.size()) {
      const uint64_t hash = values[i + kAhead].hash;
      __builtin_prefetch(&tags_[hash & mask_]);
      __builtin_prefetch(&seen_[WordOf(hash)]);
    }
    Count(values[i].value, values[i].hash, 1);
  }
}

inline void ValueCounter::Count(std::string_view value, uint64_t hash, int64_t times) {
  const size_t place = Find(hash);
  if (tags_[place] != 0) {
    slots_[place].count += times;
  } else if (!forgetting_ || times > 1 || WasSeen(hash)) {
    TakeIn(place, value, hash, times);
  }
}

void ValueCounter::TakeIn(size_t place, std::string_view value, uint64_t hash, int64_t times) {
  Slot& slot = slots_[place];
  SetTag(place, TagOf(hash));
  slot.count = times;
  if (value.size() > kTextKept) value = value.substr(0, kTextKept);
  slot.hash = hash;
  slot.missed_max = forgotten_max_;
  slot.offset = static_cast<uint32_t>(texts_.size());
  slot.size = static_cast<uint32_t>(value.size());
  texts_ += value;
  ++used_;
  if (used_ > capacity_ || texts_.size() > text_bytes_max_) {
    if (!forgetting_) StartForgetting();
    Forget();
  } else if (used_ * 2 > slots_.size()) {
    Rebuild(std::min(slots_.size() * 4, std::max(slots_.size(), capacity_) * 2), 0);
  }
}

void ValueCounter::StartForgetting() {
  forgetting_ = true;
  distinct_.Reserve(used_);
  for (size_t i = 0; i < slots_.size(); ++i) {
    if (tags_[i] != 0) distinct_.Add(slots_[i].hash);
  }
  capacity_ = std::min(capacity_, kRememberedMax);
  seen_.resize(kSeenWordsAValue * capacity_);
  forgotten_max_ = 1;
}

// Forgets the rarer half of the values, or more where there is room for fewer from now on.
void ValueCounter::Forget() {
  std::vector<int64_t> counts;
  counts.reserve(used_);
  for (size_t i = 0; i < slots_.size(); ++i) {
    if (tags_[i] != 0) counts.push_back(slots_[i].count + slots_[i].missed_max);
  }
  const size_t kept = std::min(capacity_, counts.size()) / 2;
  const auto last = counts.end() - static_cast<ptrdiff_t>(kept) - 1;
  std::nth_element(counts.begin(), last, counts.end());
  const int64_t least = *last + 1;
  forgotten_max_ = std::max(forgotten_max_, least);
  Rebuild(std::max(kSlotsFirst, capacity_ * 2), least);
}

// Moves what may have occurred `least` times to a table of `slots` slots. Slots without a tag hold
// anything.
void ValueCounter::Rebuild(size_t slots, int64_t least) {
  std::vector<Slot> kept;
  std::string texts;
  for (size_t i = 0; i < slots_.size(); ++i) {
    if (tags_[i] == 0 || slots_[i].count + slots_[i].missed_max < least) continue;
    Slot& slot = kept.emplace_back(slots_[i]);
    if (least == 0) continue;
    slot.offset = static_cast<uint32_t>(texts.size());
    texts += Text(slots_[i]);
  }
  if (least > 0) texts_ = std::move(texts);
  tags_ = std::vector<uint16_t>(slots + kTagsAtOnce);
  if (slots_.size() != slots) slots_ = std::vector<Slot>(slots);
  mask_ = slots - 1;
  used_ = kept.size();
  for (const Slot& slot : kept) {
    const size_t place = Find(slot.hash);
    SetTag(place, TagOf(slot.hash));
    slots_[place] = slot;
  }
}

int64_t ValueCounter::CountOf(uint64_t hash) const {
  const size_t place = Find(hash);
  return tags_[place] == 0 ? 0 : slots_[place].count;
}

std::vector<CountedValue> ValueCounter::Top(size_t n) const {
  std::vector<const Slot*> order;
  for (size_t i = 0; i < slots_.size(); ++i) {
    if (tags_[i] != 0) order.push_back(&slots_[i]);
  }
  n = std::min(n, order.size());
  std::partial_sort(order.begin(), order.begin() + static_cast<ptrdiff_t>(n), order.end(),
                    [this](const Slot* a, const Slot* b) {
                      return a->count != b->count ? a->count > b->count : Text(*a) < Text(*b);
                    });
  std::vector<CountedValue> top;
  for (size_t i = 0; i < n; ++i) {
    top.push_back({std::string(Text(*order[i])), order[i]->count, order[i]->missed_max});
  }
  return top;
}

void ValueCounter::Save(StateWriter& writer) const {
  writer.Put(uint8_t{forgetting_});
  writer.Put(forgotten_max_);
  writer.PutList(std::span(seen_));
  writer.Put(uint64_t{seen_count_});
  writer.Put(uint64_t{used_});
  for (size_t i = 0; i < slots_.size(); ++i) {
    const Slot& slot = slots_[i];
    if (tags_[i] == 0) continue;
    writer.Put(slot.hash);
    writer.Put(slot.count);
    writer.Put(slot.missed_max);
    writer.PutText(Text(slot));
  }
  distinct_.Save(writer);
}

// How its memory lies may differ from the saved one.
void ValueCounter::Restore(StateReader& reader) {
  if (reader.GetBool()) StartForgetting();
  forgotten_max_ = reader.GetCount(kStateCountMax);
  const size_t words = seen_.size();
  reader.GetList(seen_, words);
  seen_count_ = static_cast<size_t>(reader.GetCount(static_cast<int64_t>(words) * 64));
  const auto used = static_cast<size_t>(reader.GetCount(static_cast<int64_t>(capacity_)));
  if (seen_.size() != words) return reader.Fail("a filter in it has another size");
  Rebuild(forgetting_ ? std::max(kSlotsFirst, capacity_ * 2)
                      : std::max(kSlotsFirst, std::bit_ceil(used * 2)),
          0);
  for (size_t i = 0; i < used && reader.ok(); ++i) {
    const auto hash = reader.Get<uint64_t>();
    const int64_t count = reader.GetCount(kStateCountMax);
    const int64_t missed_max = reader.GetCount(kStateCountMax);
    const std::string text = reader.GetText(kTextKept);
    const size_t place = Find(hash);
    if (count == 0 || tags_[place] != 0) return reader.Fail("a count in it cannot be");
    SetTag(place, TagOf(hash));
    slots_[place] = {hash, count, missed_max, static_cast<uint32_t>(texts_.size()),
                     static_cast<uint32_t>(text.size())};
    texts_ += text;
    ++used_;
  }
  distinct_.Restore(reader);
}

}  // namespace dq
