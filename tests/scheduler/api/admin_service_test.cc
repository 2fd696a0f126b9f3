// What operators see and do over the API.
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "common/base/error.h"
#include "common/rpc/status_mapping.h"
#include "tests/scheduler/api/api_server.h"
#include "tests/scheduler/api/fake_worker.h"
#include "tests/support/wait_until.h"

namespace dq {
namespace {

using Admin = v1::AdminService::Stub;

class AdminServiceTest : public testing::Test {
 protected:
  absl::StatusOr<v1::Worker> Drain(const std::string& name) {
    v1::DrainWorkerRequest request;
    request.set_name(name);
    request.set_reason("a disk");
    v1::DrainWorkerResponse response;
    const absl::Status status = Call(*server_.admin(), &Admin::DrainWorker, request, response);
    if (!status.ok()) return status;
    return response.worker();
  }
  absl::StatusOr<v1::Worker> Undrain(const std::string& name) {
    v1::UndrainWorkerRequest request;
    request.set_name(name);
    v1::UndrainWorkerResponse response;
    const absl::Status status = Call(*server_.admin(), &Admin::UndrainWorker, request, response);
    if (!status.ok()) return status;
    return response.worker();
  }

  ApiServer server_;
};

TEST_F(AdminServiceTest, ADrainedWorkerFinishesWhatItHasAndIsTakenBack) {
  FakeWorker worker(server_.workers());
  worker.Hello("w-1", 2);
  server_.CreateNoop("a");
  const v1::Grant first = worker.TakeGrant();
  const auto drained = Drain("workers/w-1");
  ASSERT_TRUE(drained.ok()) << drained.status();
  EXPECT_EQ(drained->state(), v1::WORKER_STATE_DRAINING);
  EXPECT_TRUE(drained->draining());
  EXPECT_EQ(drained->drain().actor(), "tester");
  EXPECT_EQ(drained->drain().reason(), "a disk");
  EXPECT_EQ(drained->jobs_size(), 1);
  EXPECT_TRUE(Drain("workers/w-1").ok()) << "twice is no error";
  const std::string waiting = server_.CreateNoop("b");
  worker.Complete(first, {});
  EXPECT_EQ(server_.Get(waiting).wait().reason(), v1::WAIT_REASON_NO_WORKER_FOR_STAGE);
  EXPECT_EQ(server_.store().LoadDrains()->size(), 1u) << "recorded";
  const auto taken_back = Undrain("workers/w-1");
  ASSERT_TRUE(taken_back.ok()) << taken_back.status();
  EXPECT_EQ(taken_back->state(), v1::WORKER_STATE_READY);
  EXPECT_FALSE(taken_back->has_drain());
  EXPECT_TRUE(Undrain("workers/w-1").ok());
  EXPECT_TRUE(server_.store().LoadDrains()->empty());
  EXPECT_EQ(worker.TakeGrant().lease().job(), waiting);
}

TEST_F(AdminServiceTest, OnlyAWorkerThatIsThereOrDrainedCanBeDrained) {
  EXPECT_EQ(ReasonOf(Drain("workers/w-1").status()), "WORKER_NOT_FOUND");
  EXPECT_EQ(ReasonOf(Undrain("workers/w-1").status()), "WORKER_NOT_FOUND");
  EXPECT_EQ(ReasonOf(Drain("w-1").status()), "BAD_FIELD");
  {
    FakeWorker worker(server_.workers());
    worker.Hello("w-1");
    ASSERT_TRUE(Drain("workers/w-1").ok());
  }
  const auto is_gone = [this] {
    v1::ListWorkersResponse workers;
    const absl::Status status =
        Call(*server_.admin(), &Admin::ListWorkers, v1::ListWorkersRequest(), workers);
    EXPECT_TRUE(status.ok()) << status;
    return workers.workers_size() == 1 && !workers.workers(0).has_connect_time();
  };
  EXPECT_TRUE(WaitUntil(is_gone));
  EXPECT_TRUE(Undrain("workers/w-1").ok());
}

TEST_F(AdminServiceTest, StatsTellWhatHappenedInTheLastMinuteTenMinutesAndHour) {
  FakeWorker worker(server_.workers());
  worker.Hello("w-1");
  server_.CreateNoop("a");
  worker.Complete(worker.TakeGrant(), {});
  v1::GetStatsResponse stats;
  ASSERT_TRUE(Call(*server_.admin(), &Admin::GetStats, v1::GetStatsRequest(), stats).ok());
  ASSERT_EQ(stats.windows_size(), 3);
  for (const v1::StatsWindow& window : stats.windows()) {
    EXPECT_EQ(window.created(), 1);
    EXPECT_EQ(window.started(), 1);
    EXPECT_EQ(window.completed(), 1);
    EXPECT_EQ(window.wait().count(), 1);
    EXPECT_EQ(window.run().count(), 1);
    EXPECT_GT(window.ended_per_second(), 0);
  }
  EXPECT_EQ(stats.windows(2).length().seconds(), 3600);
}

TEST_F(AdminServiceTest, ConcurrencyIsListedByKindAndNameInPages) {
  v1::CreateJobRequest create;
  create.set_parent("projects/default");
  create.mutable_job()->mutable_spec()->add_stages()->mutable_noop();
  create.mutable_job()->mutable_spec()->set_concurrency_key("customer 1/2");
  create.mutable_job()->mutable_spec()->set_concurrency_limit(3);
  v1::CreateJobResponse created;
  ASSERT_TRUE(Call(*server_.jobs(), &v1::JobService::Stub::CreateJob, create, created).ok());
  v1::GetConcurrencyRequest request;
  request.set_page_size(1);
  std::vector<std::string> names;
  do {
    v1::GetConcurrencyResponse page;
    ASSERT_TRUE(Call(*server_.admin(), &Admin::GetConcurrency, request, page).ok());
    ASSERT_EQ(page.entries_size(), 1);
    EXPECT_EQ(page.entries(0).waiting(), 1);
    names.push_back(page.entries(0).name() + " " + page.entries(0).key());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  EXPECT_EQ(names, (std::vector<std::string>{"projects/default ", "queues/default ",
                                             "projects/default customer 1/2"}));
  request.set_kind(v1::CONCURRENCY_KIND_KEY);
  v1::GetConcurrencyResponse keys;
  ASSERT_TRUE(Call(*server_.admin(), &Admin::GetConcurrency, request, keys).ok());
  ASSERT_EQ(keys.entries_size(), 1);
  EXPECT_EQ(keys.entries(0).running_max(), 3);
  request.set_page_token("no token");
  EXPECT_EQ(ReasonOf(Call(*server_.admin(), &Admin::GetConcurrency, request, keys)),
            "PAGE_TOKEN_MISMATCH");
}

TEST_F(AdminServiceTest, StuckJobsAreToldOfAndFailedOnlyWithForce) {
  v1::ListStuckJobsRequest list;
  list.mutable_waiting_for()->set_seconds(1);
  v1::ListStuckJobsResponse stuck;
  const std::string name = server_.CreateNoop("a");
  const auto is_stuck = [&] {
    return Call(*server_.admin(), &Admin::ListStuckJobs, list, stuck).ok() &&
           stuck.total_size() == 1;
  };
  ASSERT_TRUE(WaitUntil(is_stuck));
  EXPECT_EQ(stuck.stuck_jobs(0).job(), name);
  EXPECT_EQ(stuck.stuck_jobs(0).diagnosis(), v1::STUCK_DIAGNOSIS_NO_WORKER);
  EXPECT_NE(stuck.stuck_jobs(0).explanation().find("noop"), std::string::npos);
  v1::RecoverJobsRequest request;
  request.mutable_waiting_for()->set_seconds(1);
  request.set_action(v1::RECOVER_ACTION_FAIL);
  request.add_names(name);
  v1::RecoverJobsResponse response;
  ASSERT_TRUE(Call(*server_.admin(), &Admin::RecoverJobs, request, response).ok());
  EXPECT_EQ(response.matched(), 1);
  EXPECT_EQ(response.recovered(), 0);
  EXPECT_EQ(server_.Get(name).state(), v1::JOB_STATE_QUEUED);
  request.set_force(true);
  request.set_action(v1::RECOVER_ACTION_RELEASE);
  v1::RecoverJobsRequest unnamed = request;
  unnamed.clear_names();
  ASSERT_TRUE(Call(*server_.admin(), &Admin::RecoverJobs, unnamed, response).ok());
  EXPECT_EQ(response.matched(), 0) << "no attempt of it runs that could be released";
  unnamed.set_diagnosis(v1::STUCK_DIAGNOSIS_NO_WORKER);
  EXPECT_EQ(ReasonOf(Call(*server_.admin(), &Admin::RecoverJobs, unnamed, response)), "BAD_FIELD");
  ASSERT_TRUE(Call(*server_.admin(), &Admin::RecoverJobs, request, response).ok());
  ASSERT_EQ(response.refusals_size(), 1);
  EXPECT_EQ(response.refusals(0).error().reason(), "ILLEGAL_TRANSITION");
  request.set_action(v1::RECOVER_ACTION_FAIL);
  ASSERT_TRUE(Call(*server_.admin(), &Admin::RecoverJobs, request, response).ok());
  EXPECT_EQ(response.recovered(), 1);
  EXPECT_EQ(server_.Get(name).error().reason(), "RECOVERED");
  EXPECT_EQ(server_.store().OperatorActions().size(), 2u) << "what was forced is audited";
}

TEST_F(AdminServiceTest, ABulkActionDoesNothingWithoutForceAndAllWithIt) {
  for (int i = 0; i < 30; ++i) server_.CreateNoop("j" + std::to_string(i));
  v1::BulkActOnJobsRequest request;
  request.set_parent("projects/default");
  request.set_filter("queue = default");
  request.set_action(v1::BULK_ACTION_CANCEL);
  request.set_reason("enough");
  v1::BulkActOnJobsResponse response;
  ASSERT_TRUE(Call(*server_.admin(), &Admin::BulkActOnJobs, request, response).ok());
  EXPECT_EQ(response.matched(), 30);
  EXPECT_EQ(response.done(), 0);
  EXPECT_EQ(response.sample_size(), 20);
  EXPECT_EQ(server_.Get("projects/default/jobs/j0").state(), v1::JOB_STATE_QUEUED);
  EXPECT_TRUE(server_.store().OperatorActions().empty());
  request.set_force(true);
  request.set_per_second_max(100);
  ASSERT_TRUE(Call(*server_.admin(), &Admin::BulkActOnJobs, request, response).ok());
  EXPECT_EQ(response.done(), 30);
  EXPECT_EQ(response.next_page_token(), "");
  EXPECT_EQ(server_.Get("projects/default/jobs/j29").state(), v1::JOB_STATE_CANCELLED);
  ASSERT_EQ(server_.store().OperatorActions().size(), 1u);
  ASSERT_TRUE(Call(*server_.admin(), &Admin::BulkActOnJobs, request, response).ok());
  EXPECT_EQ(response.matched(), 0);
  EXPECT_EQ(response.unaffected(), 30) << "twice is no error";
  request.set_action(v1::BULK_ACTION_RETRY);
  ASSERT_TRUE(Call(*server_.admin(), &Admin::BulkActOnJobs, request, response).ok());
  EXPECT_EQ(response.done(), 30);
  EXPECT_EQ(server_.Get("projects/default/jobs/j7").state(), v1::JOB_STATE_QUEUED);
}

TEST_F(AdminServiceTest, ABulkActionGoesOnWithATokenWhenTimeIsUp) {
  for (const char* id : {"a", "b", "c"}) server_.CreateNoop(id);
  v1::BulkActOnJobsRequest request;
  request.set_parent("projects/default");
  request.set_filter("state != COMPLETED");
  request.set_action(v1::BULK_ACTION_PAUSE);
  request.set_per_second_max(1);
  request.set_force(true);
  int64_t done = 0;
  do {
    grpc::ClientContext context;  // Less than what is kept for the answer: one page a call.
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(4));
    v1::BulkActOnJobsResponse response;
    ASSERT_TRUE(server_.admin()->BulkActOnJobs(&context, request, &response).ok());
    EXPECT_LE(response.done(), 1);
    done += response.done();
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  EXPECT_EQ(done, 3);
}

TEST_F(AdminServiceTest, AJobThatEndsBeforeItsTurnInABulkActionIsNoRefusal) {
  const std::string first = server_.CreateNoop("a");
  const std::string last = server_.CreateNoop("b");  // The newest is acted on first.
  v1::BulkActOnJobsRequest request;
  request.set_parent("projects/default");
  request.set_filter("queue = default");
  request.set_action(v1::BULK_ACTION_PAUSE);
  request.set_per_second_max(1);
  request.set_force(true);
  v1::BulkActOnJobsResponse response;
  absl::Status answer;
  std::thread caller(
      [&] { answer = Call(*server_.admin(), &Admin::BulkActOnJobs, request, response); });
  EXPECT_TRUE(WaitUntil([&] { return server_.Get(last).state() == v1::JOB_STATE_PAUSED; }));
  v1::CancelJobRequest cancel;
  cancel.set_name(first);
  v1::CancelJobResponse cancelled;
  EXPECT_TRUE(Call(*server_.jobs(), &v1::JobService::Stub::CancelJob, cancel, cancelled).ok());
  caller.join();
  ASSERT_TRUE(answer.ok()) << answer;
  EXPECT_EQ(response.done(), 1);
  EXPECT_EQ(response.matched(), 1);
  EXPECT_EQ(response.unaffected(), 1);
  EXPECT_EQ(response.refused(), 0);
}

TEST_F(AdminServiceTest, RequestsThatMakeNoSenseAreRefusedAndChangeNothing) {
  const std::string name = server_.CreateNoop("a");
  v1::BulkActOnJobsRequest bulk;
  bulk.set_parent("projects/default");
  bulk.set_force(true);
  bulk.set_per_second_max(-1);
  v1::BulkActOnJobsResponse acted;
  const absl::Status refused = Call(*server_.admin(), &Admin::BulkActOnJobs, bulk, acted);
  EXPECT_EQ(FieldViolationsOf(refused).size(), 3u) << refused;  // filter, action, per_second_max
  bulk.set_per_second_max(0);
  bulk.set_action(v1::BULK_ACTION_CANCEL);
  bulk.set_filter("state =");
  EXPECT_EQ(ReasonOf(Call(*server_.admin(), &Admin::BulkActOnJobs, bulk, acted)), "FILTER_SYNTAX");
  bulk.set_filter("state = QUEUED");
  bulk.set_page_token("no token");
  EXPECT_EQ(ReasonOf(Call(*server_.admin(), &Admin::BulkActOnJobs, bulk, acted)),
            "PAGE_TOKEN_MISMATCH");
  bulk.set_page_token("");
  bulk.set_action(static_cast<v1::BulkAction>(99));
  EXPECT_EQ(ReasonOf(Call(*server_.admin(), &Admin::BulkActOnJobs, bulk, acted)), "BAD_FIELD");
  v1::RecoverJobsRequest recover;
  recover.set_force(true);
  recover.set_parent("default");
  recover.set_reason("line\nbreak");
  recover.add_names("a");
  recover.mutable_waiting_for()->set_seconds(-1);
  v1::RecoverJobsResponse recovered;
  EXPECT_EQ(
      FieldViolationsOf(Call(*server_.admin(), &Admin::RecoverJobs, recover, recovered)).size(),
      5u);
  v1::ListStuckJobsRequest list;
  list.set_page_size(-1);
  list.set_diagnosis(static_cast<v1::StuckDiagnosis>(9));
  v1::ListStuckJobsResponse listed;
  EXPECT_EQ(FieldViolationsOf(Call(*server_.admin(), &Admin::ListStuckJobs, list, listed)).size(),
            2u);
  v1::GetConcurrencyRequest concurrency;
  concurrency.set_kind(static_cast<v1::ConcurrencyKind>(9));
  v1::GetConcurrencyResponse entries;
  EXPECT_EQ(ReasonOf(Call(*server_.admin(), &Admin::GetConcurrency, concurrency, entries)),
            "BAD_FIELD");
  EXPECT_EQ(server_.Get(name).state(), v1::JOB_STATE_QUEUED);
  EXPECT_TRUE(server_.store().OperatorActions().empty());
}

}  // namespace
}  // namespace dq
