#include "scheduler/engine/worker_table.h"

#include <algorithm>
#include <utility>

namespace dq {

Worker& WorkerTable::FindOrAdd(const std::string& instance) {
  const auto [entry, is_new] = id_of_instance_.try_emplace(instance, next_id_);
  if (!is_new) return *by_id_.at(entry->second);
  auto worker = std::make_unique<Worker>(next_id_++, demands_);
  worker->hello.instance = instance;
  return *by_id_.emplace(worker->id, std::move(worker)).first->second;
}

Worker* WorkerTable::Find(WorkerId id) {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : found->second.get();
}

Worker* WorkerTable::FindBySession(SessionId session) {
  const auto found = id_of_session_.find(session);
  return found == id_of_session_.end() ? nullptr : Find(found->second);
}

Worker* WorkerTable::FindByInstance(const std::string& instance) const {
  const auto found = id_of_instance_.find(instance);
  return found == id_of_instance_.end() ? nullptr : by_id_.at(found->second).get();
}

void WorkerTable::Connect(Worker& worker, SessionId session, WorkerHello hello,
                          std::shared_ptr<WorkerSink> sink, const Instant& now) {
  Disconnect(worker);
  const auto held = static_cast<int32_t>(hello.held.size());
  worker.credits = std::max(0, hello.slots - held);
  worker.offer = StageOffer(hello.stages, demands_);
  worker.hello = std::move(hello);
  worker.session = session;
  worker.sink = std::move(sink);
  worker.connect_time = now.wall;
  worker.last_report_time = now.wall;
  worker.heard = now.boot;
  id_of_session_[session] = worker.id;
  slots_ += worker.hello.slots;
}

void WorkerTable::Disconnect(Worker& worker) {
  if (id_of_session_.erase(worker.session) > 0) slots_ -= worker.hello.slots;
  worker.session = 0;
  worker.sink.reset();
  worker.draining = false;
  worker.has_reported = false;
  worker.received = 0;
  worker.answered = 0;
  worker.credits = 0;
  worker.unseen = 0;
}

void WorkerTable::Erase(WorkerId id) {
  Worker* const worker = Find(id);
  if (worker == nullptr) return;
  Disconnect(*worker);
  id_of_instance_.erase(worker->hello.instance);
  by_id_.erase(id);
}

void WorkerTable::Clear() {
  by_id_.clear();
  id_of_instance_.clear();
  id_of_session_.clear();
  line_.clear();
  slots_ = 0;
}

void WorkerTable::Enqueue(Worker& worker) {
  if (worker.in_line || !worker.CanTakeJob()) return;
  worker.in_line = true;
  line_.push_back(worker.id);
}

Worker* WorkerTable::Dequeue(absl::Time heard_since) {
  while (!line_.empty()) {
    Worker* const worker = Find(line_.front());
    line_.pop_front();
    if (worker == nullptr) continue;
    worker->in_line = false;
    if (worker->CanTakeJob() && worker->heard >= heard_since) return worker;
  }
  return nullptr;
}

std::pair<std::vector<Worker*>, absl::Time> WorkerTable::Silent(absl::Time heard_since) const {
  std::vector<Worker*> silent;
  absl::Time oldest = absl::InfiniteFuture();
  for (const auto& [session, id] : id_of_session_) {
    Worker* const worker = by_id_.at(id).get();
    if (worker->heard <= heard_since) {
      silent.push_back(worker);
    } else {
      oldest = std::min(oldest, worker->heard);
    }
  }
  std::ranges::sort(silent, {}, &Worker::id);
  return {std::move(silent), oldest};
}

std::vector<const Worker*> WorkerTable::Connected() const {
  std::vector<const Worker*> workers;
  for (const auto& [session, id] : id_of_session_) workers.push_back(by_id_.at(id).get());
  std::ranges::sort(workers, {}, [](const Worker* worker) { return worker->hello.instance; });
  return workers;
}

bool WorkerTable::AnyServes(DemandId demand) const {
  return std::ranges::any_of(id_of_session_, [&](const auto& entry) {
    const Worker& worker = *by_id_.at(entry.second);
    return worker.IsInService() && worker.offer.Serves(demand);
  });
}

}  // namespace dq
