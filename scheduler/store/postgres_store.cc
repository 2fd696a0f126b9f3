#include "scheduler/store/postgres_store.h"

#include <utility>

#include "common/base/status_macros.h"
#include "scheduler/store/migrator.h"
#include "scheduler/store/postgres_batch_store.h"
#include "scheduler/store/postgres_catalog_store.h"
#include "scheduler/store/postgres_deletion_store.h"
#include "scheduler/store/postgres_job_reader.h"
#include "scheduler/store/postgres_job_store.h"
#include "scheduler/store/postgres_operator_store.h"
#include "scheduler/store/postgres_schedule_store.h"
#include "scheduler/store/postgres_webhook_store.h"

namespace dq {
namespace {

SessionLimits Limits(const PostgresStoreOptions& options) {
  return {.statement_timeout = options.statement_timeout,
          .idle_in_transaction_timeout = options.statement_timeout};
}

std::vector<std::unique_ptr<Session>> Sessions(const ConnectionTarget& target,
                                               const PostgresStoreOptions& options,
                                               SessionWatchdog& watchdog) {
  std::vector<std::unique_ptr<Session>> sessions;
  for (int i = 0; i < options.reader_connections_max; ++i) {
    sessions.push_back(std::make_unique<Session>(target, Limits(options), &watchdog));
  }
  return sessions;
}

}  // namespace

struct PostgresStore::Parts {
  Parts(const ConnectionTarget& target, const PostgresStoreOptions& options)
      : sessions(Sessions(target, options, watchdog)),
        jobs(
            options.cell,
            [this, target, limits = Limits(options)] {
              return std::make_unique<Session>(target, limits, &watchdog);
            },
            std::make_unique<BatchWriter>(target, options.cell, options.statement_timeout)),
        reader(sessions),
        catalog(options.cell, sessions),
        batches(sessions),
        deletions(options.cell, sessions),
        operators(options.cell, sessions),
        schedules(sessions),
        webhooks(options.cell, sessions) {}

  SessionWatchdog watchdog;
  ResourcePool<Session> sessions;
  PostgresJobStore jobs;
  PostgresJobReader reader;
  PostgresCatalogStore catalog;
  PostgresBatchStore batches;
  PostgresDeletionStore deletions;
  PostgresOperatorStore operators;
  PostgresScheduleStore schedules;
  PostgresWebhookStore webhooks;
};

PostgresStore::PostgresStore(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
PostgresStore::~PostgresStore() = default;

absl::StatusOr<std::unique_ptr<PostgresStore>> PostgresStore::Create(
    const PostgresStoreOptions& options) {
  DQ_ASSIGN_OR_RETURN(const ConnectionTarget target, ParseConnectionTarget(options.conninfo));
  DQ_RETURN_IF_ERROR(Migrate(target));
  return std::unique_ptr<PostgresStore>(
      new PostgresStore(std::make_unique<Parts>(target, options)));
}

JobStore& PostgresStore::jobs() { return parts_->jobs; }
JobReader& PostgresStore::reader() { return parts_->reader; }
CatalogStore& PostgresStore::catalog() { return parts_->catalog; }
BatchStore& PostgresStore::batches() { return parts_->batches; }
DeletionStore& PostgresStore::deletions() { return parts_->deletions; }
OperatorStore& PostgresStore::operators() { return parts_->operators; }
ScheduleStore& PostgresStore::schedules() { return parts_->schedules; }
WebhookStore& PostgresStore::webhooks() { return parts_->webhooks; }

}  // namespace dq
