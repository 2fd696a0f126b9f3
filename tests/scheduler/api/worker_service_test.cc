#include <gtest/gtest.h>

#include "common/base/error.h"
#include "tests/scheduler/api/api_server.h"
#include "tests/scheduler/api/fake_worker.h"
#include "tests/support/wait_until.h"

namespace dq {
namespace {

TEST(WorkerService, GrantedJobRunsToItsEnd) {
  ApiServer server;
  const std::string name = server.CreateNoop("a");
  FakeWorker worker(server.workers());
  const v1::Welcome welcome = worker.Hello("w-1");
  EXPECT_GT(welcome.epoch(), 0);
  EXPECT_EQ(welcome.lease_ttl().seconds(), 15);
  const v1::Grant grant = worker.TakeGrant();
  EXPECT_EQ(grant.lease().job(), name);
  EXPECT_EQ(grant.lease().attempt(), 1);
  EXPECT_TRUE(grant.stages(0).has_noop());
  EXPECT_EQ(server.Get(name).state(), v1::JOB_STATE_PROCESSING);
  worker.Complete(grant, {});
  const v1::Job job = server.Get(name);
  EXPECT_EQ(job.state(), v1::JOB_STATE_COMPLETED);
  EXPECT_EQ(job.worker(), "workers/w-1");
}

TEST(WorkerService, ProgressIsShownWhileTheJobRuns) {
  ApiServer server;
  const std::string name = server.CreateNoop("a");
  FakeWorker worker(server.workers());
  worker.Hello("w-1");
  v1::LeaseReport report;
  *report.mutable_lease() = worker.TakeGrant().lease();
  report.mutable_progress()->set_percent(40);
  report.mutable_progress()->set_current_step("Doing nothing.");
  worker.Report(&report, 0);
  EXPECT_TRUE(WaitUntil([&] { return server.Get(name).progress().percent() == 40; }));
  EXPECT_EQ(server.Get(name).progress().current_step(), "Doing nothing.");
}

TEST(WorkerService, RunningJobIsCancelledThroughItsWorker) {
  ApiServer server;
  const std::string name = server.CreateNoop("a");
  FakeWorker worker(server.workers());
  worker.Hello("w-1");
  const v1::Grant grant = worker.TakeGrant();
  v1::CancelJobRequest request;
  request.set_name(name);
  v1::CancelJobResponse response;
  ASSERT_TRUE(Call(*server.jobs(), &v1::JobService::Stub::CancelJob, request, response).ok());
  EXPECT_EQ(response.job().state(), v1::JOB_STATE_CANCELLING);
  EXPECT_EQ(worker.NextNews().revoked(0).reason(), v1::REVOKE_REASON_CANCEL);
  v1::LeaseReport report;
  *report.mutable_lease() = grant.lease();
  report.mutable_outcome()->mutable_stopped();
  worker.Report(&report, 0);
  EXPECT_TRUE(WaitUntil([&] { return server.Get(name).state() == v1::JOB_STATE_CANCELLED; }));
}

TEST(WorkerService, SecondStreamOfAnInstanceReplacesTheFirst) {
  ApiServer server;
  FakeWorker first(server.workers());
  first.Hello("w-1");
  FakeWorker second(server.workers());
  second.Hello("w-1");
  EXPECT_TRUE(first.End().ok());
  const std::string name = server.CreateNoop("a");
  EXPECT_EQ(second.TakeGrant().lease().job(), name);
}

TEST(WorkerService, ManyReportsInARowAreAllTaken) {
  ApiServer server;
  FakeWorker worker(server.workers());
  worker.Hello("w-1");
  // More than are let in at once; fewer than the answers that may wait for who does not read.
  for (int burst = 0; burst < 10; ++burst) {
    for (int i = 0; i < 100; ++i) worker.Report(nullptr, 0);
    worker.AwaitAnswer();
  }
  const std::string name = server.CreateNoop("a");
  EXPECT_EQ(worker.TakeGrant().lease().job(), name);
}

// Adds what a newer version of a message may hold.
template <typename Message>
void AddUnknownFields(Message& message) {
  auto& unknown = *message.GetReflection()->MutableUnknownFields(&message);
  unknown.AddVarint(1000, 7);
  unknown.AddLengthDelimited(1001, "something new");
}

TEST(WorkerService, AWorkerOneVersionOlderRunsJobsWithoutCheckpoints) {
  ApiServer server;
  const std::string name = server.CreateNoop("a");
  FakeWorker worker(server.workers());
  EXPECT_GT(worker.Hello("w-1", 1, kWorkerProtocol - 1).epoch(), 0);
  const v1::Grant grant = worker.TakeGrant();
  v1::LeaseReport report;
  *report.mutable_lease() = grant.lease();
  report.mutable_progress()->set_percent(40);
  worker.Report(&report, 0);
  EXPECT_TRUE(WaitUntil([&] { return server.Get(name).progress().percent() == 40; }));
  EXPECT_FALSE(server.Get(name).has_checkpoint());
  worker.Complete(grant, {});
  EXPECT_EQ(server.Get(name).state(), v1::JOB_STATE_COMPLETED);
}

TEST(WorkerService, AWorkerOneVersionNewerIsUnderstoodAsFarAsItCanBe) {
  ApiServer server;
  const std::string name = server.CreateNoop("a");
  FakeWorker worker(server.workers());
  v1::Hello hello;
  hello.set_instance("w-1");
  hello.set_protocol(kWorkerProtocol + 1);
  hello.add_stages("noop");
  hello.add_stages("a stage of tomorrow");
  hello.set_slots(1);
  AddUnknownFields(hello);
  EXPECT_GT(worker.Hello(hello).epoch(), 0);
  const v1::Grant grant = worker.TakeGrant();
  v1::LeaseReport report;
  *report.mutable_lease() = grant.lease();
  AddUnknownFields(*report.mutable_lease());
  AddUnknownFields(*report.mutable_progress());
  AddUnknownFields(report);
  report.mutable_progress()->set_percent(40);
  worker.Report(&report, 0);
  EXPECT_TRUE(WaitUntil([&] { return server.Get(name).progress().percent() == 40; }));
  v1::Completion completion;
  AddUnknownFields(completion);
  worker.Complete(grant, completion);
  EXPECT_EQ(server.Get(name).state(), v1::JOB_STATE_COMPLETED);
}

TEST(WorkerService, ProtocolsFurtherApartAreRefused) {
  ApiServer server;
  for (const auto& [protocol, reason] : {std::pair(kWorkerProtocol - 2, "PROTOCOL_TOO_OLD"),
                                         std::pair(kWorkerProtocol + 2, "PROTOCOL_TOO_NEW")}) {
    FakeWorker worker(server.workers());
    worker.Hello("w-1", 1, protocol);
    const absl::Status status = worker.End();
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_EQ(ReasonOf(status), reason);
  }
}

TEST(WorkerService, ACheckpointIsShownAndGrantedToTheNextAttempt) {
  ApiServer server;
  const std::string name = server.CreateNoop("a");
  FakeWorker worker(server.workers());
  worker.Hello("w-1");
  const v1::Grant first = worker.TakeGrant();
  EXPECT_FALSE(first.has_checkpoint());
  v1::LeaseReport report;
  *report.mutable_lease() = first.lease();
  report.mutable_progress();
  v1::Checkpoint& checkpoint = *report.mutable_checkpoint();
  checkpoint.set_attempt(1);
  checkpoint.set_sequence(3);
  checkpoint.set_directory("a1-01234567");
  checkpoint.set_percent(62.5);
  checkpoint.set_stage("dedupe");
  checkpoint.set_fingerprint("f");
  worker.Report(&report, 0);
  EXPECT_TRUE(WaitUntil([&] { return server.Get(name).has_checkpoint(); }));
  const v1::JobCheckpoint shown = server.Get(name).checkpoint();
  EXPECT_EQ(shown.attempt(), 1);
  EXPECT_EQ(shown.percent(), 62.5);
  EXPECT_EQ(shown.stage(), "dedupe");
  EXPECT_GT(shown.create_time().seconds(), 0);
  report.mutable_outcome()->mutable_released();
  worker.Report(&report, 1);
  v1::Turn turn = worker.NextNews();
  if (turn.grants().empty()) turn = worker.NextNews();
  ASSERT_EQ(turn.grants_size(), 1);
  EXPECT_EQ(turn.grants(0).lease().attempt(), 2);
  EXPECT_EQ(turn.grants(0).checkpoint().SerializeAsString(), checkpoint.SerializeAsString());
}

TEST(WorkerService, HelloComesFirstAndOnce) {
  ApiServer server;
  FakeWorker silent(server.workers());
  silent.Report(nullptr, 1);
  EXPECT_EQ(ReasonOf(silent.End()), "BAD_FIELD");
  FakeWorker twice(server.workers());
  twice.Hello("w-1");
  twice.Hello("w-1");
  EXPECT_EQ(ReasonOf(twice.End()), "BAD_FIELD");
}

TEST(AdminService, StatsAndWorkersShowTheFleet) {
  ApiServer server;
  FakeWorker worker(server.workers());
  worker.Hello("w-1", 3);
  const std::string name = server.CreateNoop("a");
  worker.TakeGrant();
  v1::GetStatsResponse stats;
  ASSERT_TRUE(
      Call(*server.admin(), &v1::AdminService::Stub::GetStats, v1::GetStatsRequest(), stats).ok());
  EXPECT_EQ(stats.jobs_by_state_size(), 10);
  EXPECT_EQ(stats.jobs_by_state().at("PROCESSING"), 1);
  EXPECT_EQ(stats.jobs_by_state().at("QUEUED"), 0);
  EXPECT_EQ(stats.workers(), 1);
  EXPECT_EQ(stats.slots(), 3);
  EXPECT_EQ(stats.slots_busy(), 1);
  EXPECT_EQ(stats.instance(), "s-test");
  v1::ListWorkersResponse workers;
  ASSERT_TRUE(
      Call(*server.admin(), &v1::AdminService::Stub::ListWorkers, v1::ListWorkersRequest(), workers)
          .ok());
  ASSERT_EQ(workers.workers_size(), 1);
  EXPECT_EQ(workers.workers(0).name(), "workers/w-1");
  EXPECT_EQ(workers.workers(0).slots_busy(), 1);
  EXPECT_EQ(workers.workers(0).jobs(0), name);
}

TEST(AdminService, WorkersAreListedInPages) {
  ApiServer server;
  FakeWorker b(server.workers());
  b.Hello("w-b");
  FakeWorker a(server.workers());
  a.Hello("w-a");
  v1::ListWorkersRequest request;
  request.set_page_size(1);
  v1::ListWorkersResponse page;
  ASSERT_TRUE(Call(*server.admin(), &v1::AdminService::Stub::ListWorkers, request, page).ok());
  EXPECT_EQ(page.workers(0).name(), "workers/w-a");
  request.set_page_token(page.next_page_token());
  v1::ListWorkersResponse last;
  ASSERT_TRUE(Call(*server.admin(), &v1::AdminService::Stub::ListWorkers, request, last).ok());
  EXPECT_EQ(last.workers(0).name(), "workers/w-b");
  EXPECT_EQ(last.next_page_token(), "");
}

}  // namespace
}  // namespace dq
