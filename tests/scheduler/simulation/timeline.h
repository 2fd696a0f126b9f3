// Simulated time and chance: what happens when, in one order that the seed alone decides. Time
// moves only from one happening to the next. Single-threaded.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "common/base/clock.h"

namespace dq::sim {

class Timeline final : public Clock {
 public:
  using Act = std::function<void()>;

  explicit Timeline(uint64_t seed) : random_(seed) {}

  // The true time, which no process of the simulation knows exactly; also the database's clock.
  absl::Time Now() const override { return now_; }
  absl::Time Boot() const override { return now_; }

  // Makes `act` happen at `time`, after what was planned for the same moment before.
  void At(absl::Time time, Act act);
  void After(absl::Duration wait, Act act) { At(now_ + wait, std::move(act)); }
  // Lets the next thing happen.
  void Step();
  // Lets happen what is planned up to `end`; time is `end` afterwards.
  void RunUntil(absl::Time end);

  // Chance: a number below `count`; true once in `count` times; a duration between two.
  size_t Pick(size_t count) { return static_cast<size_t>(random_() % count); }
  bool OneIn(size_t count) { return Pick(count) == 0; }
  absl::Duration Between(absl::Duration shortest, absl::Duration longest);
  double Fraction();  // Uniform in [0, 1).

  // Writes a line with the time to stdout while tracing; `text` is only composed then.
  void SetTracing(bool tracing) { tracing_ = tracing; }
  template <typename MakeText>
  void Trace(MakeText make_text) const {
    if (tracing_) Print(make_text());
  }

 private:
  struct Planned {
    absl::Time time;
    int64_t order = 0;
    Act act;
  };
  static bool IsLater(const Planned& a, const Planned& b) {
    return std::pair(a.time, a.order) > std::pair(b.time, b.order);
  }
  void Print(const std::string& text) const;

  std::mt19937_64 random_;
  absl::Time now_ = Start();
  int64_t planned_ = 0;
  std::vector<Planned> heap_;
  bool tracing_ = false;

  static absl::Time Start() { return absl::FromUnixSeconds(1'800'000'000); }
};

}  // namespace dq::sim
