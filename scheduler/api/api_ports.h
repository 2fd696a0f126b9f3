// What the services stand on; all of it outlives them and is thread-safe.
#pragma once

#include "common/base/clock.h"
#include "common/base/executor.h"
#include "common/storage/object_store.h"
#include "scheduler/api/rpc_metrics.h"
#include "scheduler/core/catalog_store.h"
#include "scheduler/core/deletion_store.h"
#include "scheduler/core/job_reader.h"
#include "scheduler/core/operator_store.h"
#include "scheduler/engine/scheduler.h"

namespace dq {

struct ApiPorts {
  Scheduler& scheduler;
  JobReader& jobs;        // Blocks: on `blocking` only.
  CatalogStore& catalog;  // Blocks: on `blocking` only.
  ObjectStore& objects;   // Blocks: on `blocking` only.
  Executor& blocking;
  const Clock& clock;
  RpcMetrics& metrics;
  DeletionStore& deletions;  // Blocks: on `blocking` only.
  OperatorStore& operators;  // Blocks: on `blocking` only.
};

}  // namespace dq
