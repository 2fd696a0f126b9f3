#include "worker/chain/progress_meter.h"

#include <algorithm>

namespace dq {
namespace {

// The last percent is for what comes after the passes.
constexpr double kPassesPercent = 99;

}  // namespace

void ProgressMeter::StartPass(std::string_view stage, int index, std::string_view step) {
  ++pass_;
  progress_.stage = stage;
  progress_.stage_index = index;
  progress_.current_step = step;
  progress_.rows_done = 0;
  progress_.bytes_done = 0;
  sink_.OnProgress(progress_);
}

void ProgressMeter::Add(int64_t rows, int64_t bytes) {
  progress_.rows_done += rows;
  progress_.bytes_done += bytes;
  const auto total = static_cast<double>(std::max<int64_t>(progress_.bytes_total, 1));
  Tell(std::min(1.0, static_cast<double>(progress_.bytes_done) / total));
}

void ProgressMeter::Reach(double share, std::string_view step) {
  progress_.current_step = step;
  Tell(share);
}

void ProgressMeter::Tell(double share) {
  progress_.percent = std::max(progress_.percent, kPassesPercent * (pass_ + share) / passes_);
  sink_.OnProgress(progress_);
}

void ProgressMeter::Finish(std::string_view step) {
  progress_.percent = 100;
  progress_.current_step = step;
  sink_.OnProgress(progress_);
}

}  // namespace dq
