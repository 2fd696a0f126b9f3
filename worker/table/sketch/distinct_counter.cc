#include "worker/table/sketch/distinct_counter.h"

#include <algorithm>
#include <utility>

#include "worker/table/bytes/state_reader.h"
#include "worker/table/bytes/state_writer.h"

namespace dq {
namespace {

constexpr size_t kPlacesFirst = 256;

}  // namespace

int64_t DistinctCounter::Count() const {
  return exact() ? static_cast<int64_t>(used_) : estimate_->Estimate();
}

void DistinctCounter::AddExact(uint64_t hash) {
  // Half full at most, so that few places are looked at; the largest table is fuller in the end.
  if (used_ * 2 >= hashes_.size() && hashes_.size() < places_max()) Grow(hashes_.size() * 4);
  if (!Insert(hash == 0 ? 1 : hash)) return;
  if (++used_ <= exact_max_) return;
  estimate_.emplace(precision_);
  for (const uint64_t counted : hashes_) {
    if (counted != 0) estimate_->Add(counted);
  }
  hashes_ = HugeArray<uint64_t>();
}

// Returns whether the hash is new.
bool DistinctCounter::Insert(uint64_t hash) {
  for (size_t i = Place(hash);;) {
    if (hashes_[i] == hash) return false;
    if (hashes_[i] == 0) {
      hashes_[i] = hash;
      return true;
    }
    if (++i == hashes_.size()) i = 0;
  }
}

void DistinctCounter::Reserve(size_t values) {
  if (exact() && used_ == 0) Grow(values * 4);
}

// Makes room for so many places, or as many as it can ever need when that is not much more.
void DistinctCounter::Grow(size_t places) {
  places = std::max(kPlacesFirst, places);
  HugeArray<uint64_t> old(places + places / 2 > places_max() ? places_max() : places);
  std::swap(old, hashes_);
  for (const uint64_t hash : old) {
    if (hash != 0) Insert(hash);
  }
}

void DistinctCounter::Save(StateWriter& writer) const {
  writer.Put(uint8_t{exact()});
  if (!exact()) return estimate_->Save(writer);
  writer.Put(uint64_t{used_});
  for (const uint64_t hash : hashes_) {
    if (hash != 0) writer.Put(hash);
  }
}

void DistinctCounter::Restore(StateReader& reader) {
  if (!reader.GetBool()) {
    estimate_.emplace(precision_);
    return estimate_->Restore(reader);
  }
  const int64_t hashes = reader.GetCount(static_cast<int64_t>(exact_max_));
  for (int64_t i = 0; i < hashes && reader.ok(); ++i) AddExact(reader.Get<uint64_t>());
}

}  // namespace dq
