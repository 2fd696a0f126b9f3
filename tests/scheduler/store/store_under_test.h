// What the conformance suite runs against: the in-memory fake and PostgreSQL, behind the ports.
// Both must pass every test, so that what is proven with the fake holds for the real one.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "scheduler/core/batch_store.h"
#include "scheduler/core/catalog_store.h"
#include "scheduler/core/deletion_store.h"
#include "scheduler/core/job_reader.h"
#include "scheduler/core/job_store.h"
#include "scheduler/core/operator_store.h"
#include "scheduler/core/schedule_store.h"
#include "scheduler/core/webhook_store.h"
#include "tests/scheduler/store/job_script.h"

namespace dq {

enum class StoreKind { kFake, kPostgres };
std::string KindName(const ::testing::TestParamInfo<StoreKind>& info);

// An empty store of one kind.
class StoreUnderTest {
 public:
  static std::unique_ptr<StoreUnderTest> Make(StoreKind kind);
  virtual ~StoreUnderTest() = default;
  virtual JobStore& jobs() = 0;
  virtual JobReader& reader() = 0;
  virtual CatalogStore& catalog() = 0;
  virtual BatchStore& batches() = 0;
  virtual DeletionStore& deletions() = 0;
  virtual OperatorStore& operators() = 0;
  virtual ScheduleStore& schedules() = 0;
  virtual WebhookStore& webhooks() = 0;
  // Makes it refuse what the fake refuses: see kUnrecordable.
  virtual void RefuseUnrecordable() = 0;
};

// A fixture with an empty store led by epoch `epoch()`.
class StoreTest : public ::testing::TestWithParam<StoreKind> {
 protected:
  StoreTest();

  JobStore& jobs() { return store_->jobs(); }
  JobReader& reader() { return store_->reader(); }
  CatalogStore& catalog() { return store_->catalog(); }
  BatchStore& batches() { return store_->batches(); }
  DeletionStore& deletions() { return store_->deletions(); }
  OperatorStore& operators() { return store_->operators(); }
  ScheduleStore& schedules() { return store_->schedules(); }
  WebhookStore& webhooks() { return store_->webhooks(); }
  void RefuseUnrecordable() { store_->RefuseUnrecordable(); }
  int64_t epoch() const { return epoch_; }

  // Expects that reader() returns the script's job and history.
  void ExpectRecorded(const JobScript& job);

  // Returns an empty batch of this leader with the next sequence.
  WriteBatch NextBatch();
  // Commits the parts as the next batch.
  absl::StatusOr<BatchResult> Commit(std::vector<JobInsert> inserts,
                                     std::vector<JobUpdate> updates = {});

 private:
  const std::unique_ptr<StoreUnderTest> store_;
  int64_t epoch_ = 0;
  int64_t sequence_ = 0;
};

#define DQ_RUN_ON_EVERY_STORE(Suite)     \
  INSTANTIATE_TEST_SUITE_P(Every, Suite, \
                           ::testing::Values(StoreKind::kFake, StoreKind::kPostgres), KindName)

}  // namespace dq
