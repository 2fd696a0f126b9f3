// Turns passes, rows and bytes into the progress of a chain. Part of the chain runner. Not
// thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "worker/chain/progress.h"

namespace dq {

class ProgressMeter {
 public:
  // `passes` over `bytes_total` bytes; `sink` outlives the meter.
  ProgressMeter(ProgressSink& sink, int passes, int stage_count, int64_t bytes_total)
      : sink_(sink), passes_(passes) {
    progress_.stage_count = stage_count;
    progress_.bytes_total = bytes_total;
  }

  // Starts the next pass, which is the work of stage `index` (from 1).
  void StartPass(std::string_view stage, int index, std::string_view step);
  // Leaves out a pass that turned out not to be needed.
  void SkipPass() { ++pass_; }
  // Starts a pass in the middle, behind what an earlier run has done of it.
  void GoOn(int64_t rows, int64_t bytes) { Add(rows, bytes); }
  // Adds what a batch held and tells the sink.
  void Add(int64_t rows, int64_t bytes);
  // Tells the sink that `share` of a pass that reads nothing is done, and what is done now.
  void Reach(double share, std::string_view step);
  // Tells the sink that everything is done.
  void Finish(std::string_view step);

  double percent() const { return progress_.percent; }
  const std::string& stage() const { return progress_.stage; }
  int64_t rows_done() const { return progress_.rows_done; }
  int64_t bytes_done() const { return progress_.bytes_done; }

 private:
  void Tell(double share);

  ProgressSink& sink_;
  int passes_;
  int pass_ = -1;
  ChainProgress progress_;
};

}  // namespace dq
