// How the counters and sketches of columns are saved and restored. A restored one answers, and goes
// on, as the saved one would have; how its memory lies may differ.
#include <algorithm>
#include <cmath>

#include "worker/table/bytes/state_reader.h"
#include "worker/table/bytes/state_writer.h"
#include "worker/table/sketch/distinct_counter.h"
#include "worker/table/sketch/hyper_log_log.h"
#include "worker/table/sketch/quantile_sketch.h"
#include "worker/table/values/value_type.h"

namespace dq {
namespace {

constexpr size_t kLevelsMax = 48;

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
  count_ = reader.GetCount(kStateCountMax);
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

void TypeCounter::Save(StateWriter& writer) const {
  for (const int64_t count : counts_) writer.Put(count);
}

void TypeCounter::Restore(StateReader& reader) {
  for (int64_t& count : counts_) count = reader.GetCount(kStateCountMax);
}

}  // namespace dq
