#include "worker/stages/dedupe/first_row_set.h"

#include <utility>

#include "common/base/status_macros.h"

namespace dq {
namespace {

constexpr size_t kCapacityFirst = 4096;
constexpr uint64_t kRepeated = uint64_t{1} << 24;
constexpr uint64_t kExactMask = kRepeated - 1;
constexpr int kRowShift = 25;

}  // namespace

FirstRowSet::FirstRowSet(MemoryBudget& memory) : memory_(memory) {}

FirstRowSet::~FirstRowSet() { Clear(); }

void FirstRowSet::Clear() {
  slots_.reset();
  memory_.Release(static_cast<int64_t>(capacity_ * sizeof(Slot)));
  capacity_ = 0;
  used_ = 0;
}

absl::StatusOr<FirstRowSet::Earlier> FirstRowSet::Add(const RecordHash& hash, int64_t row) {
  if (used_ * 5 >= capacity_ * 4) {
    DQ_RETURN_IF_ERROR(Grow(capacity_ == 0 ? kCapacityFirst : capacity_ + capacity_ / 2));
  }
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

absl::Status FirstRowSet::Grow(size_t capacity) {
  DQ_RETURN_IF_ERROR(
      memory_.Take(static_cast<int64_t>(capacity * sizeof(Slot)), "finding duplicates"));
  // calloc hands out zero pages without touching them.
  std::unique_ptr<Slot[], FreeSlots> old(static_cast<Slot*>(std::calloc(capacity, sizeof(Slot))));
  if (old == nullptr) {
    memory_.Release(static_cast<int64_t>(capacity * sizeof(Slot)));
    return memory_.Take(memory_.limit_bytes() + 1, "finding duplicates");
  }
  old.swap(slots_);
  const size_t old_capacity = std::exchange(capacity_, capacity);
  for (size_t from = 0; from < old_capacity; ++from) {
    if (old[from].packed == 0) continue;
    size_t to = Place(old[from].key_low);
    while (slots_[to].packed != 0) to = After(to);
    slots_[to] = old[from];
  }
  memory_.Release(static_cast<int64_t>(old_capacity * sizeof(Slot)));
  return absl::OkStatus();
}

}  // namespace dq
