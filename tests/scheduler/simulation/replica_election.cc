// How a replica comes to lead, as scheduler/engine/leader_election.cc does it.
#include "scheduler/engine/leader_election.h"
#include "tests/scheduler/simulation/replica.h"

namespace dq::sim {

void Replica::CompeteLater(const absl::Status& why) {
  ElectionOptions options;
  options.renew_interval = around_.options.leadership_renew_interval;
  process_.Later(StandbyWait(options, why), [this] { Compete(); });
}

void Replica::Compete() {
  if (terminating_) return;
  around_.database.Acquire(
      process_, process_.name() + "-" + std::to_string(process_.life()),
      around_.options.leadership_ttl, [this](const absl::StatusOr<Leadership>& won) {
        if (won.ok()) return Load(won->epoch);
        StepDown(MakeError(absl::StatusCode::kUnavailable, "NOT_LEADER", "Another leads."));
        CompeteLater(won.status());
      });
}

void Replica::GiveBack(int64_t epoch) {
  around_.database.Ask<absl::Status>(
      process_, [epoch](FakeStore& store) { return store.ReleaseLeadership(epoch); },
      [this](const absl::Status&) { CompeteLater(); });
}

// What a leader begins with.
struct Replica::Taken {
  LiveJobs live;
  std::vector<GroupLimit> limits;
  std::map<JobState, int64_t> counts;
  std::vector<WebhookPlace> webhooks;
};

void Replica::Load(int64_t epoch) {
  using Jobs = absl::StatusOr<LiveJobs>;
  using Limits = absl::StatusOr<std::vector<GroupLimit>>;
  using Rest = absl::StatusOr<Taken>;
  Database& database = around_.database;
  database.Ask<Jobs>(
      process_, [](FakeStore& store) { return store.LoadLiveJobs(0, 5000, {}); },
      [this, epoch, &database](Jobs jobs) {
        if (!jobs.ok()) return GiveBack(epoch);
        database.Ask<Limits>(
            process_, [](FakeStore& store) { return store.LoadLimits(); },
            [this, epoch, &database, jobs](Limits limits) {
              if (!limits.ok()) return GiveBack(epoch);
              database.Ask<Rest>(
                  process_,
                  [](FakeStore& store) -> Rest {
                    const auto counts = store.LoadStateCounts();
                    const auto webhooks = store.LoadWebhooks();
                    if (!counts.ok() || !webhooks.ok()) return counts.status();
                    return Taken{{}, {}, *counts, *webhooks};
                  },
                  [this, epoch, jobs, limits](Rest taken) {
                    if (!taken.ok()) return GiveBack(epoch);
                    taken->live = *jobs;
                    taken->limits = *limits;
                    Lead(epoch, *std::move(taken));
                  });
            });
      });
}

void Replica::Lead(int64_t epoch, Taken taken) {
  around_.time.Trace([&] { return process_.name() + " leads epoch " + std::to_string(epoch); });
  if (terminating_) return;
  epoch_ = epoch;
  around_.signs.TookOver(epoch, around_.time.Now());
  around_.signs.ClockSet(epoch, around_.time.Now(), skew_);
  Do([&](Cell& cell, const Instant& now) {
    cell.TakeOver(now, epoch, std::move(taken.live), taken.counts);
    for (const GroupLimit& limit : taken.limits) (void)cell.SetLimit(limit);
    cell.LoadWebhooks(taken.webhooks);
  });
  WatchAgain();
  Hold(epoch);
}

void Replica::Hold(int64_t epoch) {
  process_.Later(around_.options.leadership_renew_interval, [this, epoch] {
    if (resigned_ >= epoch) return;
    around_.database.Ask<absl::Status>(
        process_,
        [epoch, ttl = around_.options.leadership_ttl](FakeStore& store) {
          return store.RenewLeadership(epoch, ttl);
        },
        [this, epoch](const absl::Status& status) { Renewed(epoch, status); });
  });
}

void Replica::Resign(int64_t epoch) {
  resigned_ = epoch;
  GiveBack(epoch);
}

void Replica::Renewed(int64_t epoch, const absl::Status& status) {
  if (resigned_ >= epoch) return;
  if (absl::IsAborted(status)) {
    if (cell_->epoch() == epoch) StepDown(status);
    return CompeteLater();
  }
  Do([&](Cell& cell, const Instant& now) {
    if (cell.epoch() != epoch) return;
    status.ok() ? cell.DatabaseFound(now) : cell.DatabaseLost(now);
  });
  Hold(epoch);
}

}  // namespace dq::sim
