#include "scheduler/core/flow_statistics.h"

#include <algorithm>
#include <cmath>

namespace dq {
namespace {

constexpr absl::Duration kStepLength = absl::Seconds(10);
constexpr absl::Duration kWindows[] = {absl::Minutes(1), absl::Minutes(10), absl::Hours(1)};
// An hour and the step that has begun.
constexpr int64_t kSteps = 361;

constexpr double kClassFactor = 1.2;

absl::Duration EndOfClass(size_t index) {
  return absl::Milliseconds(std::pow(kClassFactor, static_cast<double>(index)));
}

}  // namespace

void DurationClasses::Add(absl::Duration duration) {
  const absl::Duration length = std::max(duration, absl::ZeroDuration());
  const double milliseconds = absl::ToDoubleMilliseconds(length);
  size_t index = 0;
  if (milliseconds > 1) {
    const double steps = std::ceil(std::log(milliseconds) / std::log(kClassFactor));
    index = static_cast<size_t>(std::min(steps, static_cast<double>(kClasses - 1)));
  }
  ++counts_[index];
  ++count_;
  sum_ += length;
  longest_ = std::max(longest_, length);
}

void DurationClasses::Merge(const DurationClasses& other) {
  count_ += other.count_;
  sum_ += other.sum_;
  longest_ = std::max(longest_, other.longest_);
  for (size_t i = 0; i < kClasses; ++i) counts_[i] += other.counts_[i];
}

absl::Duration DurationClasses::QuantileOf(double part) const {
  const auto wanted = static_cast<int64_t>(std::ceil(part * static_cast<double>(count_)));
  int64_t seen = 0;
  for (size_t i = 0; i + 1 < kClasses; ++i) {
    seen += counts_[i];
    if (seen >= wanted) return std::min(EndOfClass(i), longest_);
  }
  return longest_;
}

DurationSummary DurationClasses::Summary() const {
  if (count_ == 0) return {};
  return {count_, sum_ / count_, QuantileOf(0.5), QuantileOf(0.95), QuantileOf(0.99), longest_};
}

void FlowStatistics::Restart(absl::Time now) {
  start_ = now;
  steps_.assign(static_cast<size_t>(kSteps), Step());
}

int64_t FlowStatistics::NumberAt(absl::Time now) const {
  return std::max<int64_t>((now - start_) / kStepLength, 0);
}

FlowStatistics::Step& FlowStatistics::StepAt(absl::Time now) {
  const int64_t number = NumberAt(now);
  Step& step = steps_[static_cast<size_t>(number % kSteps)];
  if (step.number != number) {
    step = Step();
    step.number = number;
  }
  return step;
}

void FlowStatistics::CountStart(absl::Time now, absl::Duration wait) {
  Step& step = StepAt(now);
  ++CountIn(step, FlowEvent::kStarted);
  step.waits.Add(wait);
}

void FlowStatistics::CountEnd(absl::Time now, FlowEvent event, absl::Duration run) {
  Step& step = StepAt(now);
  ++CountIn(step, event);
  step.runs.Add(run);
}

std::vector<FlowWindow> FlowStatistics::Windows(absl::Time now) {
  std::vector<FlowWindow> windows;
  for (const absl::Duration length : kWindows) windows.push_back(WindowOf(now, length));
  return windows;
}

FlowWindow FlowStatistics::WindowOf(absl::Time now, absl::Duration length) const {
  const int64_t newest = NumberAt(now);
  const int64_t oldest = std::max<int64_t>(newest - length / kStepLength, 0);
  FlowWindow window;
  window.length = length;
  window.observed = now - (start_ + oldest * kStepLength);
  DurationClasses waits;
  DurationClasses runs;
  for (const Step& step : steps_) {
    if (step.number < oldest || step.number > newest) continue;
    for (size_t i = 0; i < kFlowEvents; ++i) window.counts[i] += step.counts[i];
    waits.Merge(step.waits);
    runs.Merge(step.runs);
  }
  window.wait = waits.Summary();
  window.run = runs.Summary();
  return window;
}

}  // namespace dq
