#include "worker/stages/complete/reference/reference_index.h"

#include <algorithm>

#include "common/base/status_macros.h"

namespace dq {
namespace {

constexpr size_t kEntriesInMemory = size_t{256} << 10;  // 4 MiB.
constexpr size_t kEntriesAhead = 16;
constexpr int kTagShift = 40;
constexpr uint64_t kPlaceMask = (uint64_t{1} << kTagShift) - 1;

uint64_t TagOf(uint64_t hash) { return hash << kTagShift; }
uint64_t SlotFor(uint64_t hash, int64_t place) {
  return TagOf(hash) | static_cast<uint64_t>(place + 1);
}
int64_t PlaceOf(uint64_t slot) { return static_cast<int64_t>(slot & kPlaceMask) - 1; }
bool HasTag(uint64_t slot, uint64_t hash) { return slot >> kTagShift == TagOf(hash) >> kTagShift; }

}  // namespace

absl::Status ReferenceIndex::Add(const Entry& entry) {
  ++count_;
  entries_.push_back(entry);
  return entries_.size() < kEntriesInMemory ? absl::OkStatus() : Flush();
}

absl::Status ReferenceIndex::Flush() {
  if (temp_dir_fd_ < 0) {
    // They stay: count what the vector may grow to.
    if (entries_.size() % kEntriesInMemory != 0) return absl::OkStatus();
    return taken_.Take(2 * kEntriesInMemory * sizeof(Entry));
  }
  if (file_ == nullptr) {
    DQ_ASSIGN_OR_RETURN(file_, SpillFile::Create(temp_dir_fd_));
  }
  const auto* const bytes = reinterpret_cast<const char*>(entries_.data());
  DQ_RETURN_IF_ERROR(file_->Append({bytes, entries_.size() * sizeof(Entry)}));
  entries_.clear();
  return absl::OkStatus();
}

absl::Status ReferenceIndex::Build(const Join& join) {
  const size_t waited = taken_.bytes();
  DQ_RETURN_IF_ERROR(taken_.Take(static_cast<size_t>(bytes_to_build())));
  slots_ = HugeArray<uint64_t>(slots_to_build());
  if (file_ != nullptr) {
    std::vector<Entry> read(kEntriesInMemory);
    for (int64_t at = 0; at < file_->size_bytes();) {
      DQ_ASSIGN_OR_RETURN(const size_t got, file_->ReadAt(at, reinterpret_cast<char*>(read.data()),
                                                          kEntriesInMemory * sizeof(Entry)));
      at += static_cast<int64_t>(got);
      read.resize(got / sizeof(Entry));
      DQ_RETURN_IF_ERROR(InsertAll(read, join));
    }
  }
  DQ_RETURN_IF_ERROR(InsertAll(entries_, join));
  entries_ = {};
  taken_.Release(waited);
  return absl::OkStatus();
}

absl::Status ReferenceIndex::InsertAll(const std::vector<Entry>& entries, const Join& join) {
  for (size_t i = 0; i < entries.size(); ++i) {
    if (i + kEntriesAhead < entries.size()) Prefetch(entries[i + kEntriesAhead].hash);
    DQ_RETURN_IF_ERROR(Insert(entries[i], join));
  }
  return absl::OkStatus();
}

absl::Status ReferenceIndex::Insert(const Entry& entry, const Join& join) {
  Cursor cursor;
  int64_t place = entry.place;
  while (Next(entry.hash, cursor)) {
    DQ_ASSIGN_OR_RETURN(const std::optional<int64_t> joined, join({cursor.place, entry.place}));
    if (!joined.has_value()) continue;
    place = *joined;
    break;
  }
  slots_[cursor.slot] = SlotFor(entry.hash, place);
  return absl::OkStatus();
}

// Leaves the cursor at the free slot behind the last one when there is no other.
bool ReferenceIndex::Next(uint64_t hash, Cursor& cursor) const {
  if (slots_.size() == 0) return false;
  size_t at = cursor.slot == SIZE_MAX ? SlotOf(hash) : cursor.slot + 1;
  for (;; ++at) {
    if (at == slots_.size()) at = 0;
    const uint64_t slot = slots_[at];
    if (slot != 0 && !HasTag(slot, hash)) continue;
    cursor = {.slot = at, .place = PlaceOf(slot)};
    return slot != 0;
  }
}

}  // namespace dq
