#include "worker/table/sketch/hyper_log_log.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "worker/table/bytes/state_reader.h"
#include "worker/table/bytes/state_writer.h"

namespace dq {
namespace {

constexpr int64_t kChecksEvery = 4;  // Values a register.

double Sigma(double x) {
  if (x == 1) return std::numeric_limits<double>::infinity();
  double y = 1;
  double z = x;
  for (double before = -1; z != before;) {
    x *= x;
    before = z;
    z += x * y;
    y += y;
  }
  return z;
}

double Tau(double x) {
  if (x == 0 || x == 1) return 0;
  double y = 1;
  double z = 1 - x;
  for (double before = -1; z != before;) {
    x = std::sqrt(x);
    before = z;
    y *= 0.5;
    z -= (1 - x) * (1 - x) * y;
  }
  return z / 3;
}

}  // namespace

HyperLogLog::HyperLogLog(int precision)
    : precision_(precision),
      registers_(size_t{1} << precision),
      until_check_(kChecksEvery << precision) {}

void HyperLogLog::FindLeast() {
  least_ = *std::min_element(registers_.begin(), registers_.end());
  until_check_ = kChecksEvery << precision_;
}

int64_t HyperLogLog::Estimate() const {
  const int ranks = 64 - precision_;
  std::vector<double> counts(static_cast<size_t>(ranks) + 2);
  for (const uint8_t rank : registers_) ++counts[rank];
  const auto size = static_cast<double>(registers_.size());
  double z = size * Tau(1 - counts.back() / size);
  for (int k = ranks; k >= 1; --k) z = 0.5 * (z + counts[static_cast<size_t>(k)]);
  z += size * Sigma(counts[0] / size);
  return std::llround(size * size / (2 * std::log(2.0)) / z);
}

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

}  // namespace dq
