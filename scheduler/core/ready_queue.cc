#include "scheduler/core/ready_queue.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace dq {
namespace {

// What one job costs a project of weight 1; divided by its weight for others.
constexpr int64_t kStride = int64_t{1} << 20;

// Records wanted of the jobs of one concurrency key that could run next.
constexpr size_t kLaneRecords = 8;

}  // namespace

std::optional<ReadyQueue::Rank> ReadyQueue::Bin::First() const {
  std::optional<Rank> first;
  if (!plain.empty()) first = *plain.begin();
  if (!heads.empty() && (!first || GoesBefore()(heads.begin()->first, *first))) {
    first = *heads.begin()->second->jobs.begin();
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
  ++bins_;
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

void ReadyQueue::Insert(const ReadyJob& job, bool absent) {
  Share& share = shares_[job.place.project];
  share.project = job.place.project;
  Bin& bin = BinOf(share, job);
  const Rank rank = {job.priority, absent, job.key};
  if (job.place.concurrency == kNoGroup) {
    bin.plain.insert(rank);
  } else {
    bin.keyed.insert(rank);
    Lane& lane = LaneOf(bin, job.place);
    lane.jobs.insert(rank);
    ShowHead(lane);
  }
  ++(absent ? bin.absent : bin.present);
  absent_ += absent ? 1 : 0;
  AskIfLow(bin);
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
  const Rank* const place = bin.absent == 0 ? nullptr : PlaceOf(bin, job);
  const bool absent = place != nullptr && place->absent;
  const bool was_there =
      job.place.concurrency == kNoGroup ? bin.plain.erase(RankOf(job)) : RemoveKeyed(bin, job);
  if (!was_there) return false;
  --(absent ? bin.absent : bin.present);
  absent_ -= absent ? 1 : 0;
  --size_;
  if (--share.size == 0) line_.erase({share.pass, share.project});
  Drop(share, bin);
  return true;
}

void ReadyQueue::Drop(Share& share, Bin& bin) {
  if (bin.present + bin.absent > 0) return AskIfLow(bin);
  if (bin.hungry) std::erase(hungry_, &bin);
  std::erase_if(share.bins, [&bin](const auto& one) { return one.get() == &bin; });
  --bins_;
}

bool ReadyQueue::RemoveKeyed(Bin& bin, const ReadyJob& job) {
  const Rank rank = RankOf(job);
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
    if (bin == nullptr) continue;
    if (!rank.absent) return Take(share, *bin, rank);
    Ask(*bin);
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

const ReadyQueue::Rank* ReadyQueue::PlaceOf(const Bin& bin, const ReadyJob& job) const {
  const Tree* tree = &bin.plain;
  if (job.place.concurrency != kNoGroup) {
    const auto lane = bin.lanes.find({job.place.concurrency, job.place.concurrency_max});
    if (lane == bin.lanes.end()) return nullptr;
    tree = &lane->second->jobs;
  }
  const auto place = tree->find(RankOf(job));
  return place == tree->end() ? nullptr : &*place;
}

bool ReadyQueue::IsAbsent(const ReadyJob& job) const {
  const Bin* const bin = FindBin(job);
  const Rank* const place = bin == nullptr ? nullptr : PlaceOf(*bin, job);
  return place != nullptr && place->absent;
}

bool ReadyQueue::MakePresent(const ReadyJob& job) {
  if (!IsAbsent(job)) return false;
  Bin& bin = *FindBin(job);
  PlaceOf(bin, job)->absent = false;
  --bin.absent;
  ++bin.present;
  --absent_;
  return true;
}

void ReadyQueue::MakeAbsent(const ReadyJob& job) {
  Bin& bin = *FindBin(job);
  PlaceOf(bin, job)->absent = true;
  ++bin.absent;
  --bin.present;
  ++absent_;
  AskIfLow(bin);
}

bool ReadyQueue::IsNear(const ReadyJob& job) const {
  const Bin* const bin = FindBin(job);
  const size_t window = Window();
  if (bin->absent == 0) return bin->present <= window;
  // Never more than two windows, though each of many new jobs goes before all others.
  return bin->present <= 2 * window && CountBefore(job) < static_cast<int64_t>(window);
}

void ReadyQueue::AskIfLow(Bin& bin) {
  if (bin.absent > 0 && bin.present < (Window() + 1) / 2) Ask(bin);
}

void ReadyQueue::Ask(Bin& bin) {
  if (!std::exchange(bin.hungry, true)) hungry_.push_back(&bin);
}

std::vector<JobKey> ReadyQueue::NextToLoad(size_t max) {
  std::vector<JobKey> keys;
  while (!hungry_.empty() && keys.size() < max) {
    Bin& bin = *hungry_.front();
    hungry_.pop_front();
    bin.hungry = false;
    const size_t before = keys.size();
    const bool had_room = ListWanted(bin, max, keys);
    if (!had_room && bin.present + (keys.size() - before) < Window()) Ask(bin);
  }
  return keys;
}

void ReadyQueue::ListAbsent(const Tree& tree, size_t look_max, size_t end,
                            std::vector<JobKey>& keys) {
  for (const Rank& rank : tree) {
    if (keys.size() >= end || look_max-- == 0) return;
    if (rank.absent) keys.push_back(rank.key);
  }
}

bool ReadyQueue::ListWanted(const Bin& bin, size_t max, std::vector<JobKey>& keys) const {
  const size_t window = Window();
  const size_t wanted = std::max(window - std::min(bin.present, window), (window + 1) / 2);
  size_t end = std::min(keys.size() + wanted, max);
  for (const auto& [rank, lane] : bin.heads) {
    if (keys.size() >= end) break;
    ListAbsent(lane->jobs, kLaneRecords, end, keys);
  }
  end = std::min(keys.size() + wanted, max);
  ListAbsent(bin.plain, bin.plain.size(), end, keys);
  return keys.size() < max;
}

int64_t ReadyQueue::CountBefore(const ReadyJob& job) const {
  const auto share = shares_.find(job.place.project);
  if (share == shares_.end()) return 0;
  const Rank rank = RankOf(job);
  size_t before = 0;
  for (const auto& bin : share->second.bins) {
    if (bin->queue != job.place.queue) continue;
    before += bin->plain.order_of_key(rank) + bin->keyed.order_of_key(rank);
  }
  return static_cast<int64_t>(before);
}

int64_t ReadyQueue::CountIn(GroupKind kind, GroupId group) const {
  size_t jobs = 0;
  if (kind == GroupKind::kConcurrencyKey) {
    const auto lanes = lanes_of_key_.find(group);
    if (lanes == lanes_of_key_.end()) return 0;
    for (const Lane* lane : lanes->second) jobs += lane->jobs.size();
    return static_cast<int64_t>(jobs);
  }
  if (kind == GroupKind::kProject) {
    const auto share = shares_.find(group);
    return share == shares_.end() ? 0 : share->second.size;
  }
  for (const auto& [project, share] : shares_) {
    for (const auto& bin : share.bins) {
      if (bin->queue == group) jobs += bin->present + bin->absent;
    }
  }
  return static_cast<int64_t>(jobs);
}

int64_t ReadyQueue::LookAtPresent(const std::function<bool(GroupId project, DemandId)>& wants,
                                  const std::function<void(JobKey)>& look) const {
  size_t absent = 0;
  for (const auto& [project, share] : shares_) {
    for (const auto& bin : share.bins) {
      if (!wants(project, bin->demand)) continue;
      absent += bin->absent;
      size_t left = bin->present;  // Most often they stand at the front.
      for (const Tree* tree : {&bin->plain, &bin->keyed}) {
        for (auto rank = tree->begin(); left > 0 && rank != tree->end(); ++rank) {
          if (rank->absent) continue;
          look(rank->key);
          --left;
        }
      }
    }
  }
  return static_cast<int64_t>(absent);
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
       head = tree.upper_bound({head->priority, false, kLast})) {
    oldest = std::min(oldest.value_or(kLast), head->key);
  }
}

}  // namespace dq
