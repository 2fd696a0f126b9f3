// What a world has beside single jobs: a schedule, batches and a webhook, those who wish things of
// them, and the receiver of the webhook. Made with the world; carried on by the threads of
// whichever replica leads (background.h). Single-threaded.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "scheduler/engine/batch_driver.h"
#include "scheduler/engine/schedule_driver.h"
#include "tests/scheduler/simulation/errand_judges.h"

namespace dq::sim {

// Who makes jobs for errands.
inline constexpr char kErrandsActor[] = "errands";

class Errands {
 public:
  // Records what there is from the beginning on, with the epoch of whoever leads.
  Errands(Timeline& time, FakeStore& store, History& history, int64_t epoch,
          std::vector<std::string>& findings);

  // Wishes something now and then until all is calm.
  void Start();
  // Nothing is wished any more, and nothing fails to be received.
  void CalmDown();
  bool IsDone() const;
  void CheckRest();

  bool IsCalm() const { return calm_; }
  ErrandJudges& judges() { return judges_; }
  // A message has reached the receiver of the webhook. Returns what it answers.
  int32_t Receive(const std::string& message_id, const std::string& body);

  // How much faster than true time the clock of schedules goes: a minute is soon over.
  static constexpr int64_t kScheduleHaste = 10;
  // The time of a clock of schedules that would show `wall` at its true pace.
  static absl::Time Hasty(absl::Time wall);

  static OperationMaker MakeOperation();
  static RunMaker MakeRun();

 private:
  using Wish = absl::StatusOr<BatchRecord> (*)(const BatchView&, absl::Time);

  void AddWebhook(int64_t epoch);
  void AddSchedule();
  void AddBatch(int number);
  void WishLater();
  void Trigger();
  void WishOfBatch(const std::string& id, Wish wish);

  Timeline& time_;
  FakeStore& store_;
  ErrandJudges judges_;
  ScheduleKey schedule_ = 0;
  std::vector<std::string> batches_;     // Ids.
  std::map<std::string, int> failures_;  // Of messages, by id.
  bool calm_ = false;
};

}  // namespace dq::sim
