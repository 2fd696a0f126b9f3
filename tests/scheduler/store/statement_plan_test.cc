// What only PostgreSQL can show: that look-ups go by key, whatever the tables hold, and that every
// statement was used. The last file of its binary, so that the suites before have used the store.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "scheduler/store/embedded_sql.h"
#include "tests/scheduler/store/sql_probe.h"
#include "tests/support/store_database.h"

namespace dq {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

// A statement with arguments, and the index its plan must use.
struct PlanCase {
  const sql::Statement& statement;
  std::string arguments;
  std::string index;
  bool writer;
};

std::string Repeat(const std::string& text, int times) {
  std::string repeated;
  for (int i = 0; i < times; ++i) repeated += (i > 0 ? "," : "") + text;
  return repeated;
}

std::string Plan(const std::string& database, const PlanCase& plan) {
  const std::string mode = plan.writer ? "'force_generic_plan'" : "'force_custom_plan'";
  return Probe(database, std::string("PREPARE p AS ") + sql::kSetSessionPlanner.text +
                             ";EXECUTE p(" + mode + ");PREPARE s AS " + plan.statement.text +
                             ";EXPLAIN (COSTS OFF) EXECUTE s" +
                             (plan.arguments.empty() ? "" : "(" + plan.arguments + ")"));
}

// Jobs: what commits write, what is read of them.
std::vector<PlanCase> PlansOfJobs() {
  return {
      {sql::kUpdateJobs, "'{1,2,3}','{0,0,0}','{\"\",\"\",\"\"}'," + Repeat("'{}'", 14) + ",3",
       "job_pkey", true},
      {sql::kClaimJobs, "'{1,2}','{0,0}','{a,b}','{w,w}','{now,now}',2", "job_pkey", true},
      {sql::kCompleteJobs, "'{1,2}','{0,0}','{a,b}','{now,now}',2", "job_pkey", true},
      {sql::kSaveCheckpoints, "'{1}','{1}','{t}','{1}','{1}','{s}','{now}','{p}',1", "job_pkey",
       true},
      {sql::kDeleteCheckpoints, "'{1,2,3}'", "job_checkpoint_pkey", true},
      {sql::kFindConflictingJobs, "'{1}','{p}','{i}','{r}'", "job_by_request", true},
      {sql::kFenceBatch, "'default',1,1,0,1", "leadership_", true},
      {sql::kGetJob, "'default','job-7'", "job_project_id_key", false},
      {sql::kGetJobByRequest, "'default','r-7'", "job_by_request", false},
      {sql::kBatchGetJobs, "'default','[\"job-7\"]'", "job_project_id_key", false},
      {sql::kListJobEvents, "'default','job-7',0,10", "job_event_pkey", false},
      {sql::kGetReportJson, "'default','job-7'", "job_project_id_key", false},
      {sql::kListJobs, "'default',9000000,50,'[]',''", "job_page_pkey", false},
      {sql::kListJobs, "'default',9000000,50,'[]','b'", "batch_job_pkey", false},
      {sql::kListOperationJobs, "7,0,'[1,2]',200", "batch_job_pkey", false},
      {sql::kLoadOperations, "7,0,500", "batch_operation_pkey", false},
      {sql::kGetBatchByKey, "7", "batch_pkey", false},
      {sql::kListBatches, "'p7',9000000,50", "batch_by_project", false},
      {sql::kEndWorkerDrain, "'w','a','r',now(),'default',1", "worker_drain_pkey", false},
  };
}

// What is carried on beside the leader: batches, schedules, references, webhooks.
std::vector<PlanCase> PlansBesideJobs() {
  return {
      {sql::kListOpenBatches, "", "batch_open", false},
      {sql::kExpandBatch, "7,1,500,1,900,'p','',''", "batch_pkey", false},
      {sql::kGetBatchSource, "7", "batch_source_pkey", false},
      {sql::kListSchedules, "'p7',9000000,50,9000000", "schedule_by_project", false},
      {sql::kListDueSchedules, "500", "schedule_by_look_time", false},
      {sql::kListScheduleRuns, "7,20", "schedule_run_pkey", false},
      {sql::kListOpenScheduleRuns, "7", "schedule_run_", false},
      {sql::kListScheduleRunEnds, "500", "schedule_run_open", false},
      {sql::kDeleteOldScheduleRuns, "7,9", "schedule_run_pkey", false},
      {sql::kDeleteSchedule, "'p7','s7'", "schedule_", false},
      {sql::kDeleteScheduleRuns, "7", "schedule_run_", false},
      {sql::kFindCompletedJobs, "'default','f-7','sha',10", "file_by_sha256", false},
      {sql::kGetActiveReference, "'default','complete'", "reference_", false},
      {sql::kListReferenceVersions, "'default','r',0,10", "reference_version_pkey", false},
      {sql::kListValidatingReferences, "10,'p','f','r',1", "reference_version_validating", false},
      {sql::kInsertWebhookDeliveries, "'{p7}','{1}','{j}','{1}','{\"\"}','{now}'",
       "Index Cond: (project =", true},
      {sql::kUpdateBatch, "7,1,1,1,0,0,0,'a','r',now(),0,'',5", "batch_pkey", false},
      {sql::kUpdateBatch, "7,1,1,1,0,0,0,'a','r',now(),0,'',5", "Index Cond: (project =", false},
      {sql::kLoadDueDeliveries, "now(),'[]',8,128", "webhook_delivery_due", false},
      {sql::kLoadDueDeliveries, "now(),'[]',8,128", "webhook_delivery_in_order", false},
      {sql::kNextWebhookDelivery, "now()", "webhook_delivery_due", false},
      {sql::kRecordWebhookAttempts, "'[{\"key\": 7}]'", "webhook_delivery_pkey", false},
      {sql::kListWebhookDeliveries, "7,9000000,50", "webhook_delivery_by_webhook", false},
      {sql::kPurgeWebhookDeliveries, "now(),2000", "webhook_delivery_pkey", false},
      {sql::kPurgeDeletedWebhooks, "2000,now()", "webhook_delivery_by_webhook", false},
      {sql::kDisableWebhook, "7,1,now()", "webhook_pkey", false},
      {sql::kMeasureWebhookOutbox, "1000", "webhook_delivery_", false},
      {sql::kLoadLiveJobs, "0,1000,0,1", "job_page_live", false},
  };
}

// Deletions and what is expired.
std::vector<PlanCase> PlansOfDeletions() {
  return {
      {sql::kLockDeletableJobs, "'default','[\"job-7\"]'", "job_project_id_key", false},
      {sql::kLockDeletableJobs, "'default','[\"job-7\"]'", "Index Cond: (dependency_key", false},
      {sql::kLockOperationJobs, "7", "batch_job_pkey", false},
      {sql::kLockOperationJobs, "7", "Index Cond: (dependency_key", false},
      {sql::kLockFiles, "'default','[\"f-1\"]'", "on file", false},
      {sql::kLockProducedFiles, "'[1,2]'", "on file f", false},
      {sql::kHoldResultFiles, "'{default}','{f-1}'", "on file f", false},
      {sql::kFindDeletion, "'default',1,'job-7'", "deleted_resource_pkey", false},
      {sql::kInsertCreationEvents, "'[1,2]'", "job_spec_pkey", false},
      {sql::kInsertJobDeletions, "'[1,2]',now(),'a','r'", "job_pkey", false},
      {sql::kDeleteProducedFiles, "'[1,2]'", "on file f", false},
      {sql::kInsertStorageDebts, "'[1,2]'", "job_result_pkey", false},
      {sql::kDeleteNeeds, "'[1,2]'", "job_need_of", false},
      {sql::kDeleteInputs, "'default','[\"f-1\"]'", "on file f", false},
      {sql::kDeleteJobParts, "'[1,2]'", "job_dependency_of", false},
      {sql::kDeleteJobParts, "'[1,2]'", "job_spec_pkey", false},
      {sql::kDeleteJobs, "'[1,2]'", "job_pkey", false},
      {sql::kDeleteEmptyPages, "'default','[1,2]'", "job_page_pkey", false},
      {sql::kLockPages, "'default','[1,2]'", "job_page_pkey", false},
      {sql::kLoadDebts, "7,100", "storage_debt_pkey", false},
      {sql::kLoadDebts, "7,100", "file_without_job", false},
      {sql::kListFilesWithoutJob, "'default','j-7'", "file_without_job", false},
      {sql::kListExpiredJobs, "7,500,1", "job_pkey", false},
      {sql::kListExpiredBatches, "7,50,1", "batch_pkey", false},
      {sql::kDeleteUnusedUploads, "7,200,1", "file_upload_by_age", false},
      {sql::kDeleteUnusedUploads, "7,200,1", "job_need_pkey", false},
  };
}

void ExpectPlansByKey(const std::string& database) {
  for (const auto& plans : {PlansOfJobs(), PlansBesideJobs(), PlansOfDeletions()}) {
    for (const PlanCase& plan : plans) {
      SCOPED_TRACE(plan.statement.name);
      EXPECT_THAT(Plan(database, plan), AllOf(HasSubstr(plan.index), Not(HasSubstr("Seq Scan"))));
    }
  }
}

// Fills the tables as `jobs` jobs of a project would, all of them live.
void Fill(const std::string& database, int jobs) {
  const std::string series = " FROM generate_series(1," + std::to_string(jobs) + ") AS n";
  Probe(database,
        "INSERT INTO job SELECT n,'default','job-'||n,'r-'||n,2,0,0,0,0,1,NULL,NULL,NULL,'','','',"
        "'','{}'" +
            series);
  Probe(database, "INSERT INTO job_page SELECT 'default',n >> 8,count(*)" + series + " GROUP BY 2");
  Probe(database,
        "INSERT INTO job_spec SELECT n,'','','','','{}',now(),'q',0,'[]',3,1,1,1,NULL,NULL,'',''" +
            series);
  Probe(database,
        "INSERT INTO batch (project,id,uid,request_hash,display_name,labels,created_by,mode,"
        "max_parallel,stop_on_error,operations,create_time,desire,made,refused,reopen_from,retries,"
        "actor,reason,run_time,run_completed,end_time,version) SELECT "
        "'p'||n%100,'b'||n,'','','','{}',"
        "'',1,0,false,1,now(),1,1,0,0,0,'','',now(),0,now(),1" +
            series);
  Probe(database,
        "INSERT INTO schedule (project,id,uid,request_hash,created_by,create_time,display_name,"
        "labels,cron,time_zone,overlap,catch_up_window_us,paused,kind,request,update_time,revision,"
        "decided_until,look_time,runs,skipped,missed,version) SELECT 'p'||n%100,'s'||n,'','','',"
        "now(),'','{}','','',1,1,false,1,'',now(),1,now(),now(),1,0,0,1" +
            series);
  Probe(
      database,
      "INSERT INTO schedule_run SELECT n % 200,n,now(),false,'','',1,CASE WHEN n % 100 = 0 THEN 2 "
      "ELSE 3 END,'job-'||n,'','',now(),now()" +
          series);
  Probe(database, "INSERT INTO batch_operation SELECT n,1,''" + series);
  Probe(database, "INSERT INTO batch_source SELECT n,''" + series);
  Probe(database, "INSERT INTO batch_job SELECT n,1,n" + series);
  Probe(database, "INSERT INTO batch_count SELECT n,2,1" + series);
  Probe(
      database,
      "INSERT INTO webhook (project,id,uid,request_hash,display_name,url,secret,events,created_by,"
      "create_time) SELECT 'p'||n%100,'w'||n,'','','','','',510,'',now()" +
          series + " WHERE n % 10 = 0");
  Probe(
      database,
      "INSERT INTO webhook_delivery (webhook_key,event,subject_key,subject_id,reason,time,due_time)"
      " SELECT n%2000,1,n,'','',now(),CASE WHEN n%2 = 0 THEN now() END" +
          series);
  Probe(database, "INSERT INTO job_event SELECT n,1,now(),1,NULL,2,0,'','','',''" + series);
}

TEST(StatementPlan, EverythingGoesByKeyOnEmptyTables) {
  const std::string database = NewStoreDatabase();
  ExpectPlansByKey(database);
}

TEST(StatementPlan, EverythingGoesByKeyOnLargeTables) {
  const std::string database = NewStoreDatabase();
  Fill(database, 20'000);
  Probe(database, "ANALYZE");
  ExpectPlansByKey(database);
}

TEST(StatementPlan, EverythingGoesByKeyOnJustDrainedTables) {
  const std::string database = NewStoreDatabase();
  Fill(database, 20'000);
  Probe(database, "ANALYZE");
  Probe(database, "UPDATE job_page SET live = 0; UPDATE job SET state = 7; ANALYZE");
  ExpectPlansByKey(database);
}

// Parametrised, because such suites run after all others.
class StatementUse : public ::testing::TestWithParam<const sql::Statement*> {};
INSTANTIATE_TEST_SUITE_P(Every, StatementUse, ::testing::ValuesIn(sql::kAll),
                         [](const auto& each) { return std::string(each.param->name); });

TEST_P(StatementUse, WasExecutedByATestOfThisBinary) {
  if (::testing::GTEST_FLAG(filter) != "*" || ::testing::GTEST_FLAG(shuffle)) {
    GTEST_SKIP() << "needs all tests of the binary to run before";
  }
  static const std::string log = TestServer().Log();
  const std::string entry = "execute " + std::string(GetParam()->name) + ":";
  EXPECT_NE(log.find(entry), std::string::npos) << entry;
}

}  // namespace
}  // namespace dq
