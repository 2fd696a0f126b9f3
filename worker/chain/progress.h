// How a running chain tells how far it is and how it is told to stop. The chain calls the sink from
// the thread that called RunChain, about once a batch; a sink that is read elsewhere locks for
// itself. CancelToken is thread-safe and safe to set from a signal handler.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

namespace dq {

// How far a chain is. `percent`, and rows and bytes within one step, never go back.
struct ChainProgress {
  double percent = 0;   // 0 to 100 over all passes.
  std::string stage;    // The stage that runs, for example "dedupe".
  int stage_index = 1;  // Its place in the chain, from 1.
  int stage_count = 1;
  int64_t rows_done = 0;  // Of this pass.
  int64_t bytes_done = 0;
  int64_t bytes_total = 0;   // 0 when unknown.
  std::string current_step;  // What happens now, a sentence.
};

class ProgressSink {
 public:
  virtual ~ProgressSink() = default;
  // Takes the newest state. Returns quickly: the chain waits.
  virtual void OnProgress(const ChainProgress& progress) = 0;
};

// A sink for callers that do not care.
class NullProgressSink final : public ProgressSink {
 public:
  void OnProgress(const ChainProgress&) override {}
};

// Asks a chain to stop; it is looked at once a batch.
class CancelToken {
 public:
  void Cancel() { cancelled_.store(true, std::memory_order_relaxed); }
  bool cancelled() const { return cancelled_.load(std::memory_order_relaxed); }

 private:
  std::atomic<bool> cancelled_{false};
};

}  // namespace dq
