// Acts on all jobs that a filter fits, page by page, on threads of its own that may wait: for the
// engine's answers and for their turn under a rate limit. Thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/executor.h"
#include "common/base/mutex.h"
#include "dq/v1/admin_service.pb.h"
#include "scheduler/api/api_ports.h"
#include "scheduler/api/rpc_call.h"
#include "scheduler/core/operator_store.h"
#include "scheduler/engine/answers.h"

namespace dq {

// A request for a bulk action, checked.
struct BulkQuery {
  std::string project;
  std::vector<JobFilterTerm> filter;
  std::string identity;  // Of the request, for its page tokens.
  JobKey before = 0;
  v1::BulkAction action = v1::BULK_ACTION_UNSPECIFIED;
  OperatorWord word;
  bool force = false;
  int32_t per_second_max = 0;
  absl::Time deadline;                                        // Boot clock: no page is begun later.
  std::function<bool()> is_abandoned = [] { return false; };  // Whether nobody waits any more.
};

// INVALID_ARGUMENT (BAD_FIELD, FILTER_SYNTAX, PAGE_TOKEN_MISMATCH).
absl::StatusOr<BulkQuery> ParseBulk(const v1::BulkActOnJobsRequest& request);

class BulkActor {
 public:
  static constexpr int kCallsMax = 2;           // At a time.
  static constexpr size_t kCallsQueuedMax = 8;  // Then RESOURCE_EXHAUSTED (QUEUE_FULL).

  // Both outlive the actor, whose calls have all been answered once it is destroyed.
  BulkActor(const ApiPorts& ports, OperatorStore& operators)
      : ports_(ports), operators_(operators) {}

  // Answers `call` once it is done or the deadline has come. The response lives until then.
  void Start(const std::shared_ptr<UnaryCall>& call, BulkQuery query,
             v1::BulkActOnJobsResponse& response);
  // Ends the calls that go on after what they do now; later ones at once.
  void Close() EXCLUDES(mutex_);

 private:
  absl::Status Work(BulkQuery& query, v1::BulkActOnJobsResponse& response);
  // Acts on a page; false when the rest is better left for later.
  absl::StatusOr<bool> ActOnPage(const BulkQuery& query, const std::vector<JobName>& names,
                                 v1::BulkActOnJobsResponse& response);
  // Returns what became of each; nothing when the scheduler closes.
  std::optional<std::vector<absl::Status>> ActOn(const BulkQuery& query,
                                                 const std::vector<JobName>& names);
  // Tells apart what is not live: what has ended since it was listed, where the outcome stays
  // NOT_LIVE, and what is not in memory yet.
  void LookAtAbsent(const BulkQuery& query, const std::vector<JobName>& names,
                    std::vector<absl::Status>& outcomes);
  // Waits until `due`, boot clock, or Close(); returns whether to go on.
  bool AwaitTurn(absl::Time due) EXCLUDES(mutex_);

  const ApiPorts& ports_;
  OperatorStore& operators_;
  const std::shared_ptr<Abandonment> abandonment_ = std::make_shared<Abandonment>();
  Mutex mutex_;
  CondVar closed_changed_;
  bool closed_ GUARDED_BY(mutex_) = false;
  Executor threads_{kCallsMax, kCallsQueuedMax};  // The last: it joins first.
};

}  // namespace dq
