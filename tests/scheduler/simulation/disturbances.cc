// What goes wrong in a world, and how it heals.
#include "tests/scheduler/simulation/world.h"

namespace dq::sim {
namespace {

// As long as the product is to bear.
constexpr absl::Duration kLongOutage = absl::Minutes(10);

}  // namespace

void World::DisturbLater() {
  time_.After(time_.Between(absl::Milliseconds(200), absl::Seconds(4)), [this] {
    if (calm_) return;
    Disturb();
    DisturbLater();
  });
}

void World::Disturb() {
  if (long_outage_) return;
  const size_t kind = time_.Pick(10);
  if (kind < 3) return DisturbReplica(*replicas_[time_.Pick(replicas_.size())]);
  if (kind < 8) return DisturbWorker(*workers_[time_.Pick(workers_.size())]);
  DisturbDatabase();
}

// Hits a process that waits for an answer of the database.
void World::Strike(Process& process) {
  for (const auto& replica : replicas_) {
    if (&replica->process() == &process && !calm_ && !long_outage_) DisturbReplica(*replica);
  }
}

void World::DisturbReplica(Replica& replica) {
  Process& process = replica.process();
  if (!process.IsAlive() || process.IsStopped()) return;
  const absl::Duration length = time_.Between(absl::ZeroDuration(), 2 * options_.leadership_ttl);
  switch (time_.Pick(6)) {
    case 0:
      replica.Terminate();
      break;
    case 5:
      return replica.SetClock(time_.Between(absl::Seconds(-40), absl::Seconds(40)));
    case 1:
    case 2:
      process.Stop();
      time_.After(length, [&process] { process.GoOn(); });
      return;
    default:
      replica.Die();
  }
  time_.After(options_.leadership_ttl + length, [&replica, &process] {
    if (process.IsAlive()) replica.Die();
    replica.Start();
  });
}

void World::DisturbWorker(Worker& worker) {
  Process& process = worker.process();
  if (!process.IsAlive() || process.IsStopped()) return;
  const absl::Duration length = time_.Between(absl::ZeroDuration(), 1.5 * options_.lease_ttl);
  switch (time_.Pick(8)) {
    case 0:
    case 1:
      worker.Die();
      break;
    case 2:
      worker.Drain();
      break;
    case 3:
      process.Stop();
      time_.After(length, [&process] { process.GoOn(); });
      return;
    case 4:
      return worker.StallStream(Direction::kUp, length);
    case 5:
      return worker.StallStream(Direction::kDown, length);
    default:
      return worker.BreakStream();
  }
  time_.After(absl::Seconds(13) * time_.Fraction(), [&worker, &process] {
    if (process.IsAlive()) worker.Die();
    worker.Start();
  });
}

void World::DisturbDatabase() {
  database_.SetAvailable(false);
  const absl::Duration longest = time_.OneIn(4) ? absl::Seconds(20) : absl::Seconds(3);
  time_.After(time_.Between(absl::ZeroDuration(), longest),
              [this] { database_.SetAvailable(!long_outage_); });
}

bool World::LiveThroughLongOutage() {
  time_.Trace([] { return "the database is away for long"; });
  long_outage_ = true;
  database_.SetAvailable(false);
  if (!LiveFor(kLongOutage)) return false;
  long_outage_ = false;
  database_.SetAvailable(true);
  return true;
}

void World::CalmDown() {
  time_.Trace([] { return "from now on nothing goes wrong"; });
  calm_ = true;
  database_.SetAvailable(true);
  database_.SetBreaking(0);
  database_.SetSlowness(absl::Milliseconds(3));
  database_.SetStrike(1, nullptr);
  for (const auto& worker : workers_) worker->CalmDown();
  if (errands_ != nullptr) errands_->CalmDown();
  for (const auto& client : clients_) {
    client->CalmDown();
    client->BeginToResume();
  }
}

}  // namespace dq::sim
