#include "scheduler/core/ready_queue.h"

#include <algorithm>
#include <limits>

namespace dq {
namespace {

// What one job costs a project of weight 1; divided by its weight for others.
constexpr int64_t kStride = int64_t{1} << 20;

}  // namespace

std::optional<ReadyQueue::Rank> ReadyQueue::Bin::First() const {
  std::optional<Rank> first;
  if (!plain.empty()) first = *plain.begin();
  if (!heads.empty() && (!first || GoesBefore()(heads.begin()->first, *first))) {
    first = heads.begin()->first;
  }
  return first;
}

ReadyQueue::Bin* ReadyQueue::FindBin(const ReadyJob& job) const {
  const auto share = shares_.find(job.place.project);
  if (share == shares_.end()) return nullptr;
  for (const auto& bin : share->second.bins) {
    if (bin->queue == job.place.queue && bin->demand == job.demand) return bin.get();
  }
  return nullptr;
}

ReadyQueue::Bin& ReadyQueue::BinOf(Share& share, const ReadyJob& job) {
  if (Bin* const bin = FindBin(job)) return *bin;
  Bin& bin = *share.bins.emplace_back(std::make_unique<Bin>());
  bin.queue = job.place.queue;
  bin.demand = job.demand;
  return bin;
}

ReadyQueue::Lane& ReadyQueue::LaneOf(Bin& bin, const JobPlace& place) {
  std::unique_ptr<Lane>& lane = bin.lanes[{place.concurrency, place.concurrency_max}];
  if (lane == nullptr) {
    lane = std::make_unique<Lane>();
    lane->bin = &bin;
    lane->place = place;
    lanes_of_key_[place.concurrency].push_back(lane.get());
  }
  return *lane;
}

void ReadyQueue::ShowHead(Lane& lane) {
  std::optional<Rank> head;
  if (!lane.jobs.empty() && !groups_->IsKeyFull(lane.place)) head = *lane.jobs.begin();
  if (head == lane.shown) return;
  if (lane.shown) lane.bin->heads.erase({*lane.shown, &lane});
  if (head) lane.bin->heads.insert({*head, &lane});
  lane.shown = head;
}

void ReadyQueue::Push(const ReadyJob& job) {
  Share& share = shares_[job.place.project];
  share.project = job.place.project;
  Bin& bin = BinOf(share, job);
  const Rank rank = {job.priority, job.key};
  if (job.place.concurrency == kNoGroup) {
    bin.plain.insert(rank);
  } else {
    bin.keyed.insert(rank);
    Lane& lane = LaneOf(bin, job.place);
    lane.jobs.insert(rank);
    ShowHead(lane);
  }
  ++size_;
  if (share.size++ > 0) return;
  share.pass = std::max(share.pass, pass_now_);
  line_.insert({share.pass, share.project});
}

bool ReadyQueue::Erase(const ReadyJob& job) {
  Bin* const bin = FindBin(job);
  return bin != nullptr && Remove(shares_.at(job.place.project), *bin, job);
}

bool ReadyQueue::Remove(Share& share, Bin& bin, const ReadyJob& job) {
  const bool was_there = job.place.concurrency == kNoGroup
                             ? bin.plain.erase(Rank{job.priority, job.key})
                             : RemoveKeyed(bin, job);
  if (!was_there) return false;
  --size_;
  if (--share.size == 0) line_.erase({share.pass, share.project});
  if (bin.plain.empty() && bin.keyed.empty()) {
    std::erase_if(share.bins, [&bin](const auto& one) { return one.get() == &bin; });
  }
  return true;
}

bool ReadyQueue::RemoveKeyed(Bin& bin, const ReadyJob& job) {
  const Rank rank = {job.priority, job.key};
  if (!bin.keyed.erase(rank)) return false;
  const auto entry = bin.lanes.find({job.place.concurrency, job.place.concurrency_max});
  Lane& lane = *entry->second;
  lane.jobs.erase(rank);
  ShowHead(lane);
  if (!lane.jobs.empty()) return true;
  std::vector<Lane*>& lanes = lanes_of_key_[job.place.concurrency];
  std::erase(lanes, &lane);
  if (lanes.empty()) lanes_of_key_.erase(job.place.concurrency);
  bin.lanes.erase(entry);
  return true;
}

std::pair<ReadyQueue::Bin*, ReadyQueue::Rank> ReadyQueue::BestOf(const Share& share,
                                                                 const StageOffer& offer) const {
  std::pair<Bin*, Rank> best = {nullptr, {}};
  for (const auto& bin : share.bins) {
    if (!offer.Serves(bin->demand) || groups_->IsFull(bin->queue)) continue;
    const std::optional<Rank> first = bin->First();
    if (!first) continue;
    if (best.first == nullptr || GoesBefore()(*first, best.second)) best = {bin.get(), *first};
  }
  return best;
}

std::optional<JobKey> ReadyQueue::PopFor(const StageOffer& offer) {
  for (const auto& [pass, project] : line_) {
    if (groups_->IsFull(project)) continue;
    Share& share = shares_.at(project);
    const auto [bin, rank] = BestOf(share, offer);
    if (bin != nullptr) return Take(share, *bin, rank);
  }
  return std::nullopt;
}

JobKey ReadyQueue::Take(Share& share, Bin& bin, const Rank& rank) {
  ReadyJob job = {rank.key, rank.priority, bin.demand, {share.project, bin.queue}};
  if (!bin.heads.empty() && bin.heads.begin()->first == rank) {
    job.place = bin.heads.begin()->second->place;
  }
  pass_now_ = share.pass;
  line_.erase({share.pass, share.project});
  share.pass += kStride / groups_->WeightOf(share.project);
  line_.insert({share.pass, share.project});
  Remove(share, bin, job);
  return rank.key;
}

void ReadyQueue::KeyChanged(GroupId concurrency) {
  const auto lanes = lanes_of_key_.find(concurrency);
  if (lanes == lanes_of_key_.end()) return;
  for (Lane* lane : lanes->second) ShowHead(*lane);
}

int64_t ReadyQueue::CountBefore(const ReadyJob& job) const {
  const auto share = shares_.find(job.place.project);
  if (share == shares_.end()) return 0;
  const Rank rank = {job.priority, job.key};
  size_t before = 0;
  for (const auto& bin : share->second.bins) {
    if (bin->queue != job.place.queue) continue;
    before += bin->plain.order_of_key(rank) + bin->keyed.order_of_key(rank);
  }
  return static_cast<int64_t>(before);
}

std::optional<JobKey> ReadyQueue::OldestKey() const {
  std::optional<JobKey> oldest;
  for (const auto& [project, share] : shares_) {
    for (const auto& bin : share.bins) {
      FindOldest(bin->plain, oldest);
      FindOldest(bin->keyed, oldest);
    }
  }
  return oldest;
}

void ReadyQueue::FindOldest(const Tree& tree, std::optional<JobKey>& oldest) {
  constexpr JobKey kLast = std::numeric_limits<JobKey>::max();
  // Looks at the head of each priority only: within one, the first is the oldest.
  for (auto head = tree.begin(); head != tree.end();
       head = tree.upper_bound({head->priority, kLast})) {
    oldest = std::min(oldest.value_or(kLast), head->key);
  }
}

}  // namespace dq
