// The scheduler's ports on one PostgreSQL database, ready to use. Thread-safe.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "scheduler/core/batch_store.h"
#include "scheduler/core/catalog_store.h"
#include "scheduler/core/deletion_store.h"
#include "scheduler/core/job_reader.h"
#include "scheduler/core/job_store.h"
#include "scheduler/core/operator_store.h"
#include "scheduler/core/schedule_store.h"
#include "scheduler/core/webhook_store.h"

namespace dq {

struct PostgresStoreOptions {
  std::string conninfo;          // Keyword/value text or a postgresql:// URI.
  std::string cell = "default";  // Names the leadership row.
  int reader_connections_max = 4;
  // After this long a statement is given up; UNAVAILABLE.
  absl::Duration statement_timeout = absl::Seconds(10);
};

class PostgresStore {
 public:
  // Connects and migrates. INVALID_ARGUMENT (DATABASE_URL_INVALID), UNAVAILABLE
  // (DATABASE_UNAVAILABLE), FAILED_PRECONDITION (MIGRATION_TOO_NEW, STATE_TABLE_DIFFERS): messages
  // for the operator, naming the server but never a password.
  static absl::StatusOr<std::unique_ptr<PostgresStore>> Create(const PostgresStoreOptions& options);
  ~PostgresStore();

  // The ports; they live as long as this. After the database was away they heal by themselves.
  JobStore& jobs();
  JobReader& reader();
  CatalogStore& catalog();
  BatchStore& batches();
  DeletionStore& deletions();
  OperatorStore& operators();
  ScheduleStore& schedules();
  WebhookStore& webhooks();

 private:
  struct Parts;
  explicit PostgresStore(std::unique_ptr<Parts> parts);

  const std::unique_ptr<Parts> parts_;
};

}  // namespace dq
