#include "tests/scheduler/store/store_under_test.h"

#include <utility>

#include "common/base/clock.h"
#include "scheduler/store/postgres_store.h"
#include "tests/scheduler/store/job_matching.h"
#include "tests/scheduler/store/job_script.h"
#include "tests/support/fake_store.h"
#include "tests/support/store_database.h"

namespace dq {
namespace {

// Where a database refuses what the fake refuses.
constexpr std::pair<const char*, const char*> kCheckedTexts[] = {
    {"job_spec", "display_name"},  {"job", "error_metadata::text"}, {"job_event", "message"},
    {"job_result", "report_json"}, {"job_checkpoint", "stage"},
};

class Fake : public StoreUnderTest {
 public:
  JobStore& jobs() override { return store_; }
  JobReader& reader() override { return store_; }
  CatalogStore& catalog() override { return store_; }
  BatchStore& batches() override { return store_; }
  DeletionStore& deletions() override { return store_; }
  OperatorStore& operators() override { return store_; }
  ScheduleStore& schedules() override { return store_; }
  WebhookStore& webhooks() override { return store_; }
  void RefuseUnrecordable() override {}

 private:
  FakeStore store_{SystemClock()};
};

class Postgres : public StoreUnderTest {
 public:
  Postgres() {
    PostgresStoreOptions options;
    options.conninfo = conninfo_;
    auto created = PostgresStore::Create(options);
    EXPECT_TRUE(created.ok()) << created.status();
    store_ = std::move(created).value();
  }
  JobStore& jobs() override { return store_->jobs(); }
  JobReader& reader() override { return store_->reader(); }
  CatalogStore& catalog() override { return store_->catalog(); }
  BatchStore& batches() override { return store_->batches(); }
  DeletionStore& deletions() override { return store_->deletions(); }
  OperatorStore& operators() override { return store_->operators(); }
  ScheduleStore& schedules() override { return store_->schedules(); }
  WebhookStore& webhooks() override { return store_->webhooks(); }
  void RefuseUnrecordable() override {
    std::string sql;
    for (const auto& [table, text] : kCheckedTexts) {
      sql += std::string("ALTER TABLE ") + table + " ADD CONSTRAINT " + table + "_check CHECK (" +
             text + " NOT LIKE '%" + kUnrecordable + "%');";
    }
    const absl::Status added = ExecuteOn(conninfo_, sql);
    EXPECT_TRUE(added.ok()) << added;
  }

 private:
  const std::string conninfo_ = NewStoreDatabase();
  std::unique_ptr<PostgresStore> store_;
};

}  // namespace

std::string KindName(const ::testing::TestParamInfo<StoreKind>& info) {
  return info.param == StoreKind::kFake ? "Fake" : "Postgres";
}

std::unique_ptr<StoreUnderTest> StoreUnderTest::Make(StoreKind kind) {
  if (kind == StoreKind::kFake) return std::make_unique<Fake>();
  return std::make_unique<Postgres>();
}

StoreTest::StoreTest() : store_(StoreUnderTest::Make(GetParam())) {
  const auto leadership = jobs().AcquireLeadership("first", "address-1", absl::Hours(1));
  EXPECT_TRUE(leadership.ok()) << leadership.status();
  if (leadership.ok()) epoch_ = leadership->epoch;
}

void StoreTest::ExpectRecorded(const JobScript& job) {
  SCOPED_TRACE(job.record.name.id);
  const auto got = reader().GetJob(job.record.name);
  ASSERT_TRUE(got.ok()) << got.status();
  ExpectSameJob(*got, job.record);
  const auto events = reader().ListJobEvents(job.record.name, 0, 100);
  ASSERT_TRUE(events.ok()) << events.status();
  ASSERT_EQ(events->size(), job.events.size());
  for (size_t i = 0; i < events->size(); ++i) ExpectSameEvent((*events)[i], job.events[i]);
}

WriteBatch StoreTest::NextBatch() {
  WriteBatch batch;
  batch.epoch = epoch_;
  batch.sequence = ++sequence_;
  batch.now = JobScript::Start();
  return batch;
}

absl::StatusOr<BatchResult> StoreTest::Commit(std::vector<JobInsert> inserts,
                                              std::vector<JobUpdate> updates) {
  WriteBatch batch = NextBatch();
  batch.inserts = std::move(inserts);
  batch.updates = std::move(updates);
  return jobs().Commit(batch);
}

}  // namespace dq
