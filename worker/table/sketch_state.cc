// How the counters and sketches of columns are saved and restored. A restored one answers, and goes
// on, as the saved one would have; how its memory lies may differ.
#include <algorithm>
#include <bit>
#include <cmath>

#include "worker/table/distinct_counter.h"
#include "worker/table/hyper_log_log.h"
#include "worker/table/quantile_sketch.h"
#include "worker/table/state_reader.h"
#include "worker/table/state_writer.h"
#include "worker/table/value_counter.h"
#include "worker/table/value_type.h"

namespace dq {
namespace {

constexpr int64_t kCountMax = int64_t{1} << 48;
constexpr size_t kLevelsMax = 48;
constexpr size_t kSlotsFirst = 64;
constexpr size_t kTextBytesMax = 256;  // Of a value.

}  // namespace

void HyperLogLog::Save(StateWriter& writer) const {
  writer.PutList(std::span<const uint8_t>(registers_));
}

void HyperLogLog::Restore(StateReader& reader) {
  std::vector<uint8_t> registers;
  reader.GetList(registers, registers_.size());
  const bool fits = registers.size() == registers_.size() &&
                    std::all_of(registers.begin(), registers.end(),
                                [this](uint8_t rank) { return rank <= 65 - precision_; });
  if (!fits) return reader.Fail("a HyperLogLog in it is none");
  registers_ = std::move(registers);
  FindLeast();
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

void QuantileSketch::Save(StateWriter& writer) const {
  writer.Put(count_);
  writer.PutList(std::span(newest_));
  writer.Put(uint64_t{full_.size()});
  for (size_t level = 0; level < full_.size(); ++level) {
    writer.Put(uint8_t{upper_[level]});
    writer.PutList(std::span(full_[level]));
  }
}

void QuantileSketch::Restore(StateReader& reader) {
  count_ = reader.GetCount(kCountMax);
  reader.GetList(newest_, capacity_ - 1);
  full_.resize(static_cast<size_t>(reader.GetCount(kLevelsMax)));
  upper_.resize(full_.size());
  bool finite = true;
  const auto check = [&finite](const std::vector<double>& numbers) {
    finite &=
        std::all_of(numbers.begin(), numbers.end(), [](double n) { return std::isfinite(n); });
  };
  check(newest_);
  for (size_t level = 0; level < full_.size(); ++level) {
    upper_[level] = reader.GetBool();
    reader.GetList(full_[level], capacity_);
    check(full_[level]);
  }
  if (!finite) reader.Fail("a number in it is none");
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

void ValueCounter::Restore(StateReader& reader) {
  if (reader.GetBool()) StartForgetting();
  forgotten_max_ = reader.GetCount(kCountMax);
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
    const int64_t count = reader.GetCount(kCountMax);
    const int64_t missed_max = reader.GetCount(kCountMax);
    const std::string text = reader.GetText(kTextBytesMax);
    const size_t place = Find(hash);
    if (count == 0 || tags_[place] != 0) return reader.Fail("a count in it cannot be");
    tags_[place] = TagOf(hash);
    slots_[place] = {hash, count, missed_max, static_cast<uint32_t>(texts_.size()),
                     static_cast<uint32_t>(text.size())};
    texts_ += text;
    ++used_;
  }
  distinct_.Restore(reader);
}

void TypeCounter::Save(StateWriter& writer) const {
  for (const int64_t count : counts_) writer.Put(count);
}

void TypeCounter::Restore(StateReader& reader) {
  for (int64_t& count : counts_) count = reader.GetCount(kCountMax);
}

}  // namespace dq
