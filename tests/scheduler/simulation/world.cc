// What a world is made of, and how its life goes.
#include "tests/scheduler/simulation/world.h"

#include <algorithm>
#include <map>
#include <string>

#include "scheduler/core/state_table.h"

namespace dq::sim {
namespace {

constexpr int kReplicas = 2;
constexpr int kWorkers = 3;
constexpr int kClients = 3;
constexpr int kCallsOfClient = 14;
// One life in so many has errands beside its jobs.
constexpr uint64_t kErrandsOneIn = 3;
constexpr absl::Duration kDisturbedTime = absl::Seconds(45);
constexpr absl::Duration kCalmTimeMax = absl::Seconds(400);
constexpr absl::Duration kCalmStep = absl::Seconds(2);

std::string TextOf(const std::map<JobState, int64_t>& counts) {
  std::string text;
  for (const auto& [state, count] : counts) {
    text += " " + std::string(StateName(state)) + " " + std::to_string(count);
  }
  return text;
}

}  // namespace

SchedulerOptions World::DrawOptions(Timeline& time) {
  SchedulerOptions options;
  options.commit_batch_rows_max = 1 + static_cast<int>(time.Pick(6));
  options.commit_overlap_rows_min = 1 + static_cast<int>(time.Pick(3));
  options.waiting_records_max = 1 + static_cast<int>(time.Pick(4));
  options.poison_losses_max = 1 + static_cast<int>(time.Pick(3));
  if (!time.OneIn(3)) return options;
  options.lease_ttl = absl::Seconds(4);
  options.report_interval = absl::Milliseconds(500);
  options.broken_stream_ttl = absl::Milliseconds(1500);
  options.leadership_ttl = absl::Milliseconds(1500);
  options.leadership_renew_interval = absl::Milliseconds(300);
  return options;
}

HistoryBounds World::DrawBounds() {
  HistoryBounds bounds;
  bounds.lease = {options_.lease_ttl, options_.broken_stream_ttl};
  bounds.losses_max = options_.poison_losses_max;
  if (time_.OneIn(2)) bounds.queue_running_max = 1 + static_cast<int32_t>(time_.Pick(4));
  return bounds;
}

std::vector<Replica*> World::Replicas() {
  std::vector<Replica*> all;
  for (const auto& replica : replicas_) all.push_back(replica.get());
  return all;
}

World::World(uint64_t seed)
    : time_(seed),
      options_(DrawOptions(time_)),
      signs_({options_.lease_ttl, options_.broken_stream_ttl}),
      bounds_(DrawBounds()),
      history_(time_, store_, signs_, bounds_, findings_),
      witness_(time_, history_, signs_, findings_),
      database_(time_, store_, history_) {
  Furnish(seed);
  for (int i = 0; i < kReplicas; ++i) {
    replicas_.push_back(std::make_unique<Replica>(
        Surroundings{time_, database_, signs_, witness_, options_, errands_.get()},
        "s" + std::to_string(i)));
  }
  for (int i = 0; i < kWorkers; ++i) {
    workers_.push_back(
        std::make_unique<Worker>(time_, Replicas(), witness_, "w" + std::to_string(i), 1 + i % 2));
  }
  for (int i = 0; i < kClients; ++i) {
    clients_.push_back(
        std::make_unique<Client>(time_, Replicas(), witness_, history_, "c" + std::to_string(i)));
  }
  history_.SetRuns([this](const LeaseId& lease) {
    return std::ranges::any_of(workers_, [&](const auto& worker) {
      return !worker->process().IsStopped() && worker->Runs(lease);
    });
  });
}

// Records what is there before anybody serves.
void World::Furnish(uint64_t seed) {
  GroupLimit limit;
  limit.name = "default";
  limit.running_max = bounds_.queue_running_max;
  const int64_t epoch = store_.AcquireLeadership("operator", "", absl::Seconds(1))->epoch;
  (void)store_.SaveLimit(limit, epoch);
  if (seed % kErrandsOneIn == 0) {
    errands_ = std::make_unique<Errands>(time_, store_, history_, epoch, findings_);
  }
  (void)store_.ReleaseLeadership(epoch);
}

int64_t World::grants() const {
  int64_t grants = 0;
  for (const auto& [id, job] : history_.jobs()) grants += std::ssize(job.leases);
  return grants;
}

const std::vector<std::string>& World::Live() {
  for (const auto& replica : replicas_) replica->Start();
  for (const auto& worker : workers_) worker->Start();
  for (const auto& client : clients_) client->Start(kCallsOfClient);
  database_.SetBreaking(time_.OneIn(4) ? 0 : 20 + time_.Pick(200));
  if (time_.OneIn(3))
    database_.SetSlowness(absl::Milliseconds(static_cast<int64_t>(time_.Pick(400) + 1)));
  database_.SetStrike(120, [this](Process& process) { Strike(process); });
  DisturbLater();
  if (errands_ != nullptr) errands_->Start();
  if (!LiveFor(kDisturbedTime)) return findings_;
  if (time_.OneIn(40) && !LiveThroughLongOutage()) return findings_;
  CalmDown();
  const absl::Time in_order = time_.Now() + absl::Seconds(2);
  history_.ExpectOrder(in_order);
  const absl::Time settled =
      time_.Now() + 2 * options_.lease_ttl + options_.leadership_ttl + absl::Seconds(12);
  const absl::Time end = time_.Now() + kCalmTimeMax;
  while ((!IsDone() || time_.Now() < in_order) && time_.Now() < end) {
    if (!LiveFor(kCalmStep)) return findings_;
    if (time_.Now() < settled) continue;
    WatchSlots();
    if (history_.last_loss() > settled) findings_.push_back("I10 a lease was lost for no reason");
  }
  CheckRest();
  return findings_;
}

bool World::LiveFor(absl::Duration length) {
  const absl::Time end = time_.Now() + length;
  // A finding ends the life: what follows from it says nothing new.
  time_.After(length, [] {});
  while (findings_.empty() && time_.Now() < end) time_.Step();
  return findings_.empty();
}

bool World::IsDone() const {
  if (Leader() == nullptr || Leader()->cell().HasPendingWrites()) return false;
  if (Leader()->IsDeleting()) return false;
  if (errands_ != nullptr && !errands_->IsDone()) return false;
  const bool are_idle = std::ranges::all_of(clients_, [](const auto& c) { return c->IsIdle(); });
  return are_idle && std::ranges::all_of(history_.jobs(), [](const auto& entry) {
           return IsTerminal(entry.second.row.status.state);
         });
}

const Replica* World::Leader() const {
  // Others believe that they lead until the database tells them: one that stands still, say.
  const auto found = std::ranges::find_if(replicas_, [this](const auto& replica) {
    return replica->IsLeading() && replica->cell().epoch() == history_.newest_epoch();
  });
  return found == replicas_.end() ? nullptr : found->get();
}

// I11: nobody waits beside a free slot.
void World::WatchSlots() {
  const bool has_slot =
      std::ranges::any_of(workers_, [](const auto& worker) { return worker->HasFreeSlot(); });
  std::map<std::string, int64_t> waiting;
  for (const auto& [id, job] : history_.jobs()) {
    if (!has_slot || !MayRun(job)) continue;
    waiting[id] = job.row.status.version;
    const auto before = waiting_.find(id);
    if (before == waiting_.end() || before->second != job.row.status.version) continue;
    findings_.push_back(id + ": I11 waits beside a free slot");
  }
  waiting_ = std::move(waiting);
}

bool World::MayRun(const SeenJob& job) const {
  if (job.row.status.state != JobState::kQueued || !job.row.rules.concurrency_key.empty())
    return false;
  const auto running = std::ranges::count_if(
      history_.jobs(), [](const auto& entry) { return IsLeased(entry.second.row.status.state); });
  return running < bounds_.queue_running_max;
}

void World::CheckRest() {
  history_.CheckWhole();
  witness_.CheckAcknowledged(true);
  if (errands_ != nullptr) errands_->CheckRest();
  if (!IsDone()) findings_.push_back("I1 not all is done in time");
  const Replica* const leader = Leader();
  if (leader == nullptr) return;
  const auto stats = leader->cell().GetStats({time_.Now(), time_.Now()});
  std::map<JobState, int64_t> kept = stats->jobs_by_state;
  std::erase_if(kept, [](const auto& count) { return count.second == 0; });
  const auto queues = *leader->cell().ListGroups({{GroupKind::kQueue}, "", 100});
  const bool is_empty = std::ranges::all_of(
      queues, [](const GroupView& queue) { return queue.live == 0 && queue.running == 0; });
  const std::map<JobState, int64_t> recorded = *store_.LoadStateCounts();
  if (!is_empty || stats->slots_busy != 0 || kept != recorded) {
    findings_.push_back("I18 the leader counts jobs or leases that are not there:" + TextOf(kept) +
                        "; recorded are" + TextOf(recorded));
  }
}

}  // namespace dq::sim
