// How far the long work of fuzzy matching is, and whether it should stop: steps tell it, from any
// thread, and it tells the chain. Thread-safe but for Start and Within.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "common/base/mutex.h"
#include "worker/chain/stage.h"

namespace dq {

class LongWork {
 public:
  // What `context` points to outlives the work.
  explicit LongWork(const StageContext& context) : context_(context) {}

  // From now on the work goes from share `begin` to `end` of the whole, 0 to 1.
  void Within(double begin, double end);
  // Starts a step, a sentence such as "Comparing records", which ends at share `end` of what
  // Within said.
  void Start(std::string_view step, double end);
  // Tells that `share` of the step is done, 0 to 1; less than before does nothing. CANCELLED when
  // the chain is to stop.
  absl::Status Reached(double share) EXCLUDES(mutex_);

 private:
  const StageContext& context_;
  Mutex mutex_;
  double within_begin_ = 0;
  double within_end_ = 1;
  double begin_ = 0;  // Of the step, of the whole.
  double end_ = 0;
  std::string step_;
  double told_ GUARDED_BY(mutex_) = -1;
};

}  // namespace dq
