#include "worker/stages/dedupe/fuzzy/long_work.h"

#include <algorithm>

namespace dq {
namespace {

// The chain is told of steps of this size.
constexpr double kTold = 0.002;

}  // namespace

void LongWork::Within(double begin, double end) {
  within_begin_ = begin;
  within_end_ = end;
  end_ = begin;
}

void LongWork::Start(std::string_view step, double end) {
  begin_ = end_;
  end_ = within_begin_ + end * (within_end_ - within_begin_);
  step_ = step;
}

absl::Status LongWork::Reached(double share) {
  if (context_.long_step != nullptr) {
    const double all = begin_ + std::min(1.0, share) * (end_ - begin_);
    const MutexLock lock(mutex_);
    if (all >= told_ + kTold) {
      told_ = all;
      context_.long_step(all, step_);
    }
  }
  return CheckStop(context_.stop);
}

}  // namespace dq
