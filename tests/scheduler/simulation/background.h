// The threads of a replica that carry errands on beside its run loop: the product's drivers, each
// on a thread of its own, with the runners' loops rewritten around them as scheduler/engine/
// {batch_runner,schedule_runner,webhook_sender}.cc have them. Of one life of its process.
// Single-threaded.
#pragma once

#include <functional>
#include <map>
#include <memory>

#include "common/base/clock.h"
#include "scheduler/engine/webhook_driver.h"
#include "tests/scheduler/simulation/blocking_stores.h"
#include "tests/scheduler/simulation/errands.h"

namespace dq::sim {

// What the threads stand on, all of it longer than they.
struct BackgroundPorts {
  Process& process;
  Database& database;
  Errands& errands;
  std::function<bool()> is_serving;
  BlockingJobControl::Do act;
  std::function<absl::Time()> wall;  // The replica's wall clock.
};

class Background {
 public:
  // Starts the threads. The process has died, or never goes on, before it is destroyed.
  explicit Background(BackgroundPorts ports);
  ~Background();

  // The end of a job, or a new beginning, is recorded.
  void Wake(BatchKey batch);

 private:
  // A clock that goes so many times as fast as the replica's, from the beginning of the world on.
  class Wall final : public Clock {
   public:
    Wall(const Background& background, bool is_hasty)
        : background_(background), is_hasty_(is_hasty) {}
    absl::Time Now() const override;
    absl::Time Boot() const override { return background_.ports_.process.time().Now(); }

   private:
    const Background& background_;
    const bool is_hasty_;
  };
  // Brings messages to the receiver, and its answers back, or not.
  class Transport final : public WebhookTransport {
   public:
    explicit Transport(Background& background) : background_(background) {}
    absl::Status CheckUrl(const std::string&) const override { return absl::OkStatus(); }
    void Post(WebhookRequest request, Done done) override;

   private:
    Background& background_;
  };

  void CarryBatchesOn();
  void CarrySchedulesOn();
  void CarryWebhooksOn();
  void LookAtBatches();
  void StepOf(BatchKey key);
  absl::Duration PassOfSchedules();

  BackgroundPorts ports_;
  const Wall wall_{*this, false};
  const Wall hasty_{*this, true};

  // Destroyed last to first: the threads end before what they use goes, see ~Background().
  std::unique_ptr<BlockingThread> batch_thread_;
  std::unique_ptr<BlockingStores> batch_stores_;
  std::unique_ptr<BlockingJobControl> batch_control_;
  std::unique_ptr<BatchDriver> batches_;
  std::map<BatchKey, absl::Time> batches_due_;
  absl::Time look_due_ = absl::InfinitePast();

  std::unique_ptr<BlockingThread> schedule_thread_;
  std::unique_ptr<BlockingStores> schedule_stores_;
  std::unique_ptr<BlockingJobControl> schedule_control_;
  std::unique_ptr<ScheduleDriver> schedules_;

  std::unique_ptr<BlockingThread> webhook_thread_;
  std::unique_ptr<BlockingStores> webhook_stores_;
  Transport transport_{*this};
  std::shared_ptr<WebhookInbox> inbox_ = std::make_shared<WebhookInbox>();
  std::unique_ptr<WebhookDriver> webhooks_;
};

}  // namespace dq::sim
