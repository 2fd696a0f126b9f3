// OperatorStore on PostgreSQL. Thread-safe.
#pragma once

#include <string>
#include <utility>

#include "scheduler/core/operator_store.h"
#include "scheduler/store/resource_pool.h"
#include "scheduler/store/session.h"

namespace dq {

class PostgresOperatorStore : public OperatorStore {
 public:
  // `cell` names the leadership row; `sessions` outlives the store.
  PostgresOperatorStore(std::string cell, ResourcePool<Session>& sessions)
      : cell_(std::move(cell)), sessions_(sessions) {}

  absl::StatusOr<WorkerDrain> SaveDrain(const std::string& worker, const OperatorWord& word,
                                        int64_t epoch) override;
  absl::Status EndDrain(const std::string& worker, const OperatorWord& word,
                        int64_t epoch) override;
  absl::Status AddEvent(const OperatorAction& action, const OperatorWord& word) override;

 private:
  const std::string cell_;
  ResourcePool<Session>& sessions_;
};

}  // namespace dq
