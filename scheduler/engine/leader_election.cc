#include "scheduler/engine/leader_election.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

#include "absl/strings/numbers.h"
#include "common/base/error.h"
#include "common/base/logging.h"
#include "common/base/status_macros.h"

namespace dq {
namespace {

using SteadyClock = std::chrono::steady_clock;  // A wall clock that is set back stops no renewal.

constexpr int kLoadPageJobs = 50'000;
constexpr int64_t kNoEpoch = 0;

}  // namespace

absl::Duration StandbyWait(const ElectionOptions& options, const absl::Status& why) {
  const ErrorMetadata metadata = MetadataOf(why);
  const auto lives = metadata.find("lives_us");
  int64_t lives_us = 0;
  if (lives == metadata.end() || !absl::SimpleAtoi(lives->second, &lives_us)) {
    return options.renew_interval;
  }
  return std::clamp(absl::Microseconds(lives_us), absl::Milliseconds(1),
                    options.renew_interval * 2);
}

LeaderElection::LeaderElection(JobStore& store, ElectionOptions options, ElectionListener listener)
    : store_(store),
      options_(std::move(options)),
      listener_(std::move(listener)),
      releases_(store.WatchReleases()) {}

LeaderElection::~LeaderElection() { Stop(); }

void LeaderElection::Start() {
  thread_ = std::thread([this] { Run(); });
}

void LeaderElection::Stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    changed_.NotifyAll();
  }
  releases_->Stop();
  if (thread_.joinable()) thread_.join();
}

void LeaderElection::Resign(int64_t epoch) {
  MutexLock lock(mutex_);
  resigned_ = epoch;
  changed_.NotifyAll();
}

bool LeaderElection::IsOver(int64_t epoch) {
  MutexLock lock(mutex_);
  return stopping_ || (epoch != kNoEpoch && resigned_ >= epoch);
}

void LeaderElection::Pause(int64_t epoch, absl::Duration length) {
  const auto due = SteadyClock::now() + absl::ToChronoNanoseconds(length);
  while (!IsOver(epoch) && SteadyClock::now() < due) {
    MutexLock lock(mutex_);
    if (!stopping_) changed_.WaitFor(mutex_, due - SteadyClock::now());
  }
}

void LeaderElection::Run() {
  while (!IsOver(kNoEpoch)) Compete();
}

void LeaderElection::WaitAsStandby(const absl::Status& why) {
  const absl::Duration wait = StandbyWait(options_, why);
  // A database that does not answer tells of no release either.
  absl::IsFailedPrecondition(why) ? releases_->Await(wait) : Pause(kNoEpoch, wait);
}

void LeaderElection::Compete() {
  const absl::StatusOr<Leadership> won =
      store_.AcquireLeadership(options_.instance, options_.address, options_.ttl);
  if (!won.ok()) {
    listener_.waiting(won.status());
    return WaitAsStandby(won.status());
  }
  absl::StatusOr<TakenOver> loaded = Load(won->epoch);
  if (loaded.ok()) {
    listener_.elected(*std::move(loaded));
    Hold(won->epoch);
  } else {
    listener_.waiting(loaded.status());
  }
  // What this replica cannot do, or did wrong, a standby may do right: it gets the first turn.
  if (const absl::Status released = store_.ReleaseLeadership(won->epoch); !released.ok()) {
    Log(LogLevel::kWarning, "leadership not given back", {{"message", MessageOf(released)}});
  }
  Pause(kNoEpoch, options_.renew_interval);
}

absl::StatusOr<LiveJobs> LeaderElection::LoadShareOf(int64_t epoch, LoadShare share) {
  LiveJobs live;
  while (true) {
    DQ_ASSIGN_OR_RETURN(LiveJobs page, store_.LoadLiveJobs(live.last, kLoadPageJobs, share));
    if (page.last == 0) return live;
    live.last = page.last;
    std::ranges::move(page.jobs, std::back_inserter(live.jobs));
    std::ranges::move(page.waiting, std::back_inserter(live.waiting));
    DQ_RETURN_IF_ERROR(store_.RenewLeadership(epoch, options_.ttl));
  }
}

absl::StatusOr<TakenOver> LeaderElection::Load(int64_t epoch) {
  // The database reads on several cores, and that is most of a take-over.
  constexpr int kShares = JobStore::kLoadSharesMax;
  std::vector<absl::StatusOr<LiveJobs>> shares(kShares, LiveJobs());
  std::vector<std::thread> others;
  const auto load = [&](int index) { shares[index] = LoadShareOf(epoch, {index, kShares}); };
  for (int index = 1; index < kShares; ++index) others.emplace_back(load, index);
  load(0);
  for (std::thread& other : others) other.join();
  TakenOver taken;
  taken.epoch = epoch;
  for (absl::StatusOr<LiveJobs>& share : shares) {
    DQ_RETURN_IF_ERROR(share.status());
    taken.live.last = std::max(taken.live.last, share->last);
    std::ranges::move(share->jobs, std::back_inserter(taken.live.jobs));
    std::ranges::move(share->waiting, std::back_inserter(taken.live.waiting));
  }
  DQ_ASSIGN_OR_RETURN(taken.limits, store_.LoadLimits());
  DQ_ASSIGN_OR_RETURN(taken.drains, store_.LoadDrains());
  DQ_ASSIGN_OR_RETURN(taken.webhooks, store_.LoadWebhooks());
  DQ_ASSIGN_OR_RETURN(taken.counts, store_.LoadStateCounts());
  return taken;
}

void LeaderElection::Hold(int64_t epoch) {
  while (true) {
    Pause(epoch, options_.renew_interval);
    if (IsOver(epoch)) return;
    const absl::Status renewed = store_.RenewLeadership(epoch, options_.ttl);
    if (absl::IsAborted(renewed)) return listener_.lost(epoch, renewed);
    listener_.renewed(epoch, renewed);
  }
}

}  // namespace dq
