#include "worker/stages/dedupe/first_row_set.h"

#include <algorithm>
#include <utility>

#include "common/base/status_macros.h"

namespace dq {
namespace {

constexpr size_t kSlotsFirst = 4096;
constexpr uint64_t kRepeated = uint64_t{1} << 24;
constexpr uint64_t kExactMask = kRepeated - 1;
constexpr int kRowShift = 25;

}  // namespace

void FirstRowSet::Clear() {
  taken_.Clear();
  slots_ = HugeArray<Slot>();
  used_ = 0;
}

int64_t FirstRowSet::BytesFor(int64_t records) {
  return static_cast<int64_t>(sizeof(Slot)) * (records + records / 4 + 8);
}

absl::Status FirstRowSet::Reserve(int64_t records) {
  const auto slots = static_cast<size_t>(BytesFor(records)) / sizeof(Slot);
  return slots > slots_.size() ? Grow(slots) : absl::OkStatus();
}

absl::StatusOr<FirstRowSet::Earlier> FirstRowSet::Add(const RecordHash& hash, int64_t row) {
  DQ_RETURN_IF_ERROR(MakeRoom(1));
  return Put(hash, row);
}

absl::Status FirstRowSet::MakeRoom(size_t records) {
  const size_t needed = (used_ + records) / 4 * 5 + 5;
  if (needed <= slots_.size()) return absl::OkStatus();
  return Grow(std::max({kSlotsFirst, slots_.size() + slots_.size() / 2, needed}));
}

FirstRowSet::Earlier FirstRowSet::Put(const RecordHash& hash, int64_t row) {
  const uint64_t exact = hash.exact & kExactMask;
  for (size_t i = Place(hash.key_low);; i = After(i)) {
    Slot& slot = slots_[i];
    if (slot.packed == 0) {
      slot = {hash.key_high, hash.key_low, static_cast<uint64_t>(row) << kRowShift | exact};
      ++used_;
      return Earlier{};
    }
    if (slot.key_low == hash.key_low && slot.key_high == hash.key_high) {
      const Earlier earlier{.row = static_cast<int64_t>(slot.packed >> kRowShift),
                            .same_spelling = (slot.packed & kExactMask) == exact,
                            .first_repeat = (slot.packed & kRepeated) == 0};
      slot.packed |= kRepeated;
      return earlier;
    }
  }
}

absl::Status FirstRowSet::Grow(size_t slots) {
  DQ_RETURN_IF_ERROR(taken_.Take(slots * sizeof(Slot)));
  HugeArray<Slot> old(slots);
  std::swap(old, slots_);
  for (const Slot& slot : old) {
    if (slot.packed == 0) continue;
    size_t to = Place(slot.key_low);
    while (slots_[to].packed != 0) to = After(to);
    slots_[to] = slot;
  }
  taken_.Release(old.size_bytes());
  return absl::OkStatus();
}

}  // namespace dq
