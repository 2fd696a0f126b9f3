// What operators see and do over the API.
#include <gtest/gtest.h>

#include "common/base/error.h"
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

}  // namespace
}  // namespace dq
