#include "scheduler/engine/run_loop.h"

#include <limits>
#include <utility>

namespace dq {
namespace {

// Bounds a wait, so that a clock set by hand is noticed.
constexpr absl::Duration kWaitMax = absl::Seconds(1);

}  // namespace

RunLoop::RunLoop(const Clock& clock, int commands_max, AfterPass after_pass)
    : clock_(clock),
      commands_max_(static_cast<size_t>(commands_max)),
      after_pass_(std::move(after_pass)) {}

RunLoop::~RunLoop() { Stop(); }

void RunLoop::Start() {
  thread_ = std::thread([this] { Run(); });
}

void RunLoop::Stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    arrived_.NotifyAll();
  }
  if (thread_.joinable()) thread_.join();
}

bool RunLoop::Offer(Command command) { return Add(std::move(command), commands_max_); }

bool RunLoop::Post(Command command) {
  return Add(std::move(command), std::numeric_limits<size_t>::max());
}

bool RunLoop::IsStopped() const {
  MutexLock lock(mutex_);
  return stopping_;
}

bool RunLoop::Add(Command command, size_t commands_max) {
  MutexLock lock(mutex_);
  if (stopping_ || commands_.size() >= commands_max) return false;
  commands_.push_back(std::move(command));
  if (commands_.size() == 1) arrived_.NotifyAll();
  return true;
}

std::optional<std::vector<RunLoop::Command>> RunLoop::Next(absl::Time due) {
  MutexLock lock(mutex_);
  while (commands_.empty() && !stopping_) {
    const absl::Duration wait = std::min(due - clock_.Boot(), kWaitMax);
    if (wait <= absl::ZeroDuration()) break;
    arrived_.WaitFor(mutex_, absl::ToChronoNanoseconds(wait));
  }
  if (commands_.empty() && stopping_) return std::nullopt;
  return std::exchange(commands_, {});
}

void RunLoop::Run() {
  absl::Time due = clock_.Boot();
  while (std::optional<std::vector<Command>> commands = Next(due)) {
    const Instant now = Now();
    for (Command& command : *commands) {
      command(now);
      command = nullptr;
    }
    due = after_pass_(now);
  }
}

}  // namespace dq
