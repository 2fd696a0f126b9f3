// The database as a process reaches it: every call takes time on its way and back, and may break
// before or after it was carried out, so that the caller does not know which. It can be away.
// Whoever waits for an answer may be struck at that very moment. Single-threaded.
#pragma once

#include <functional>
#include <utility>

#include "common/base/error.h"
#include "tests/scheduler/simulation/history.h"
#include "tests/scheduler/simulation/process.h"
#include "tests/support/fake_store.h"

namespace dq::sim {

class Database {
 public:
  Database(Timeline& time, FakeStore& store, History& history)
      : time_(time), store_(store), history_(history) {}

  // Has `call` carried out and `done` told the answer in the life of `caller` that asks.
  template <typename Answer>
  void Ask(Process& caller, std::function<Answer(FakeStore&)> call,
           std::function<void(Answer)> done) {
    const Fate fate = Draw();
    if (strike_ && time_.OneIn(strike_one_in_)) {
      time_.After(fate.told * time_.Fraction(), [this, &caller] {
        if (strike_) strike_(caller);
      });
    }
    const int life = caller.life();
    const auto answer = std::make_shared<Answer>(Broken());
    if (fate.carried_out) {
      time_.After(fate.arrives, [this, answer, lost = fate.answer_lost, call = std::move(call)] {
        Answer got = call(store_);
        if (!lost) *answer = std::move(got);
      });
    }
    caller.InLife(life, fate.told, [answer, done = std::move(done)] { done(std::move(*answer)); });
  }
  void Commit(Process& caller, std::shared_ptr<const WriteBatch> batch,
              std::function<void(absl::StatusOr<BatchResult>)> done);
  void Acquire(Process& caller, const std::string& instance, absl::Duration ttl,
               std::function<void(absl::StatusOr<Leadership>)> done);
  void Delete(Process& caller, const JobName& name, const DeletionOrder& order,
              std::function<void(absl::StatusOr<JobDeletions>)> done);

  // One call in `one_in` breaks from now on; 0: none. Longest time of a way.
  void SetBreaking(size_t one_in) { break_one_in_ = one_in; }
  void SetSlowness(absl::Duration longest) { longest_ = longest; }
  void SetAvailable(bool available) { store_.SetAvailable(available); }
  // Has `strike` hit one of so many callers while it waits.
  void SetStrike(size_t one_in, std::function<void(Process&)> strike) {
    strike_one_in_ = one_in;
    strike_ = std::move(strike);
  }

 private:
  // What becomes of a call.
  struct Fate {
    bool carried_out = true;
    bool answer_lost = false;
    absl::Duration arrives;
    absl::Duration told;
  };
  Fate Draw();
  static absl::Status Broken();

  Timeline& time_;
  FakeStore& store_;
  History& history_;
  size_t break_one_in_ = 0;
  size_t strike_one_in_ = 1;
  std::function<void(Process&)> strike_;
  absl::Duration longest_ = absl::Milliseconds(3);
};

}  // namespace dq::sim
