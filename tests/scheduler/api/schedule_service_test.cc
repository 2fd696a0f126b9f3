// Schedules over the API: what may be asked, what is refused, what becomes of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/error.h"
#include "scheduler/api/schedule_creation.h"
#include "tests/scheduler/api/api_server.h"
#include "tests/scheduler/api/fake_worker.h"
#include "tests/support/wait_until.h"

namespace dq {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAre;

using Schedules = v1::ScheduleService::Stub;

constexpr char kName[] = "projects/default/schedules/s";

v1::CreateScheduleRequest NoopSchedule(const std::string& cron = "0 0 1 1 *") {
  v1::CreateScheduleRequest request;
  request.set_parent("projects/default");
  request.set_schedule_id("s");
  request.mutable_schedule()->set_cron(cron);
  request.mutable_schedule()->mutable_job()->mutable_spec()->add_stages()->mutable_noop();
  return request;
}

class ScheduleServiceTest : public testing::Test {
 protected:
  absl::StatusOr<v1::CreateScheduleResponse> Create(const v1::CreateScheduleRequest& request) {
    v1::CreateScheduleResponse response;
    const absl::Status status =
        Call(*server_.schedules(), &Schedules::CreateSchedule, request, response);
    if (!status.ok()) return status;
    return response;
  }
  absl::StatusOr<v1::Schedule> Get(const std::string& name = kName) {
    v1::GetScheduleRequest request;
    request.set_name(name);
    v1::GetScheduleResponse response;
    const absl::Status status =
        Call(*server_.schedules(), &Schedules::GetSchedule, request, response);
    if (!status.ok()) return status;
    return response.schedule();
  }
  absl::StatusOr<v1::Schedule> Update(v1::Schedule schedule,
                                      const std::vector<std::string>& paths) {
    v1::UpdateScheduleRequest request;
    if (schedule.name().empty()) schedule.set_name(kName);
    *request.mutable_schedule() = std::move(schedule);
    for (const std::string& path : paths) request.mutable_update_mask()->add_paths(path);
    v1::UpdateScheduleResponse response;
    const absl::Status status =
        Call(*server_.schedules(), &Schedules::UpdateSchedule, request, response);
    if (!status.ok()) return status;
    return response.schedule();
  }
  absl::StatusOr<v1::TriggerScheduleResponse> Trigger(const std::string& request_id = "") {
    v1::TriggerScheduleRequest request;
    request.set_name(kName);
    request.set_request_id(request_id);
    v1::TriggerScheduleResponse response;
    const absl::Status status =
        Call(*server_.schedules(), &Schedules::TriggerSchedule, request, response);
    if (!status.ok()) return status;
    return response;
  }
  absl::Status Delete(const std::string& name = kName) {
    v1::DeleteScheduleRequest request;
    request.set_name(name);
    v1::DeleteScheduleResponse response;
    return Call(*server_.schedules(), &Schedules::DeleteSchedule, request, response);
  }
  // The newest run, once it is in this state.
  v1::ScheduleRun AwaitRun(v1::ScheduleRunState state) {
    v1::ScheduleRun run;
    EXPECT_TRUE(WaitUntil([&] {
      const auto schedule = Get();
      if (!schedule.ok() || schedule->recent_runs().empty()) return false;
      run = schedule->recent_runs(0);
      return run.state() == state;
    }));
    return run;
  }
  static std::vector<std::string> FieldsOf(const absl::Status& status) {
    std::vector<std::string> fields;
    for (const FieldViolation& violation : FieldViolationsOf(status)) {
      fields.push_back(violation.field);
    }
    return fields;
  }

  ApiServer server_;
};

TEST_F(ScheduleServiceTest, AScheduleIsReadBackWithItsNextTimes) {
  v1::CreateScheduleRequest request = NoopSchedule("30 2 * * *");
  v1::Schedule& asked = *request.mutable_schedule();
  asked.set_display_name("every night");
  (*asked.mutable_labels())["team"] = "sales";
  asked.set_time_zone("Asia/Kolkata");
  asked.set_overlap_policy(v1::OVERLAP_POLICY_QUEUE);
  asked.mutable_catch_up_window()->set_seconds(90);
  const auto created = Create(request);
  ASSERT_TRUE(created.ok()) << created.status();
  EXPECT_FALSE(created->existed());
  const auto got = Get();
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_EQ(got->SerializeAsString(), created->schedule().SerializeAsString());
  EXPECT_EQ(got->name(), kName);
  EXPECT_EQ(got->uid().size(), 32U);
  EXPECT_EQ(got->display_name(), "every night");
  EXPECT_EQ(got->labels().at("team"), "sales");
  EXPECT_EQ(got->cron(), "30 2 * * *");
  EXPECT_EQ(got->time_zone(), "Asia/Kolkata");
  EXPECT_EQ(got->overlap_policy(), v1::OVERLAP_POLICY_QUEUE);
  EXPECT_EQ(got->catch_up_window().seconds(), 90);
  EXPECT_FALSE(got->paused());
  EXPECT_TRUE(got->job().spec().stages(0).has_noop());
  EXPECT_EQ(got->created_by(), "tester");
  EXPECT_THAT(got->recent_runs(), IsEmpty());
  ASSERT_EQ(got->next_fire_times_size(), 5);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(got->next_fire_times(i).seconds() % 86'400, 21 * 3'600);
    EXPECT_EQ(got->next_fire_times(i).seconds() - got->next_fire_times(0).seconds(), i * 86'400);
  }
}

TEST_F(ScheduleServiceTest, WhatIsLeftOutHasDefaults) {
  v1::CreateScheduleRequest request = NoopSchedule();
  request.clear_schedule_id();
  const auto created = Create(request);
  ASSERT_TRUE(created.ok()) << created.status();
  EXPECT_THAT(created->schedule().name(), StartsWith("projects/default/schedules/s-"));
  EXPECT_EQ(created->schedule().time_zone(), "UTC");
  EXPECT_EQ(created->schedule().overlap_policy(), v1::OVERLAP_POLICY_SKIP);
  EXPECT_EQ(created->schedule().catch_up_window().seconds(), 3'600);
}

TEST_F(ScheduleServiceTest, TheSameRequestAgainAnswersTheSameSchedule) {
  const v1::File file = server_.Upload("f", "a\n1\n");
  v1::CreateScheduleRequest request = NoopSchedule();
  request.set_request_id("r");
  request.mutable_schedule()->mutable_job()->mutable_spec()->set_input_file(file.name());
  const auto first = Create(request);
  ASSERT_TRUE(first.ok()) << first.status();
  v1::DeleteFileRequest gone;
  gone.set_name(file.name());
  v1::DeleteFileResponse deleted;
  ASSERT_TRUE(Call(*server_.files(), &v1::FileService::Stub::DeleteFile, gone, deleted).ok());
  const auto again = Create(request);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_TRUE(again->existed());
  EXPECT_EQ(again->schedule().uid(), first->schedule().uid());
  request.set_request_id("another");
  EXPECT_EQ(ReasonOf(Create(request).status()), "FILE_NOT_READY");
  v1::CreateScheduleRequest other = NoopSchedule("@daily");
  other.set_request_id("r");
  EXPECT_EQ(ReasonOf(Create(other).status()), "REQUEST_ID_REUSED");
  EXPECT_EQ(ReasonOf(Create(NoopSchedule()).status()), "ID_TAKEN");
}

TEST_F(ScheduleServiceTest, ARequestThatIsOnlyCheckedRecordsNothing) {
  v1::CreateScheduleRequest request = NoopSchedule("0 0 30 2 *");
  request.set_validate_only(true);
  EXPECT_THAT(FieldsOf(Create(request).status()), ElementsAre("schedule.cron"));
  request = NoopSchedule();
  request.set_validate_only(true);
  // It is still to be uploaded.
  request.mutable_schedule()->mutable_job()->mutable_spec()->set_input_file(
      "projects/default/files/upload");
  const auto checked = Create(request);
  ASSERT_TRUE(checked.ok()) << checked.status();
  EXPECT_FALSE(checked->has_schedule());
  EXPECT_EQ(ReasonOf(Get().status()), "SCHEDULE_NOT_FOUND");
}

TEST_F(ScheduleServiceTest, WhatIsWrongIsNamedByField) {
  v1::CreateScheduleRequest request = NoopSchedule("0 0 30 2 *");
  request.set_parent("nobody");
  request.set_schedule_id(std::string(37, 's'));
  request.set_request_id(std::string(65, 'r'));
  v1::Schedule& asked = *request.mutable_schedule();
  asked.set_time_zone("Mars/Olympus");
  asked.set_overlap_policy(static_cast<v1::OverlapPolicy>(9));
  asked.mutable_catch_up_window()->set_seconds(59);
  asked.set_display_name("a\nb");
  (*asked.mutable_labels())[""] = "x";
  asked.mutable_job()->mutable_spec()->set_priority(1'000);
  asked.mutable_job()->mutable_spec()->mutable_not_before()->set_seconds(1);
  EXPECT_THAT(FieldsOf(Create(request).status()),
              UnorderedElementsAre(
                  "parent", "schedule_id", "request_id", "schedule.cron", "schedule.time_zone",
                  "schedule.overlap_policy", "schedule.catch_up_window", "schedule.display_name",
                  "schedule.labels", "schedule.job.spec.priority", "schedule.job.spec.not_before"));
  request = NoopSchedule();
  request.mutable_schedule()->clear_job();
  EXPECT_THAT(FieldsOf(Create(request).status()), ElementsAre("schedule.job"));
  request.mutable_schedule()->mutable_batch();
  EXPECT_THAT(FieldsOf(Create(request).status()), ElementsAre("schedule.batch.operations"));
  v1::JobSpec& spec =
      *request.mutable_schedule()->mutable_batch()->add_operations()->mutable_spec();
  spec.add_stages()->mutable_noop();
  spec.add_depends_on("projects/default/jobs/j");
  spec.mutable_start_deadline()->set_seconds(1);
  EXPECT_THAT(FieldsOf(Create(request).status()),
              UnorderedElementsAre("schedule.batch.operations[0].spec.depends_on",
                                   "schedule.batch.operations[0].spec.start_deadline"));
  request = NoopSchedule();
  request.mutable_schedule()->mutable_job()->mutable_spec()->add_stages();
  EXPECT_EQ(ReasonOf(Create(request).status()), "UNKNOWN_STAGE");
  request = NoopSchedule();
  request.mutable_schedule()->mutable_batch();
  for (int i = 0; i < 5'000; ++i) {
    v1::BatchOperation& operation = *request.mutable_schedule()->mutable_batch()->add_operations();
    operation.set_display_name(std::string(200, 'x'));
    operation.mutable_spec()->add_stages()->mutable_noop();
  }
  EXPECT_THAT(FieldsOf(Create(request).status()), ElementsAre("schedule.batch"));
  EXPECT_EQ(ReasonOf(Get().status()), "SCHEDULE_NOT_FOUND");
  EXPECT_EQ(ReasonOf(Get("projects/default/jobs/s").status()), "BAD_FIELD");
}

TEST_F(ScheduleServiceTest, ATriggerRunsAPausedScheduleOnce) {
  v1::CreateScheduleRequest request = NoopSchedule();
  request.mutable_schedule()->set_paused(true);
  (*request.mutable_schedule()->mutable_job()->mutable_labels())["team"] = "sales";
  (*request.mutable_schedule()->mutable_job()->mutable_labels())["schedule"] = "another";
  ASSERT_TRUE(Create(request).ok());
  FakeWorker worker(server_.workers());
  worker.Hello("w-1");
  const auto triggered = Trigger("once");
  ASSERT_TRUE(triggered.ok()) << triggered.status();
  EXPECT_FALSE(triggered->existed());
  EXPECT_EQ(triggered->run().number(), 1);
  EXPECT_TRUE(triggered->run().triggered());
  const v1::Grant grant = worker.TakeGrant();
  const v1::ScheduleRun running = AwaitRun(v1::SCHEDULE_RUN_STATE_RUNNING);
  EXPECT_EQ(running.job(), grant.lease().job());
  EXPECT_THAT(running.job(), StartsWith("projects/default/jobs/s-2"));
  const v1::Job job = server_.Get(running.job());
  EXPECT_EQ(job.created_by(), "tester");
  EXPECT_EQ(job.labels().at("schedule"), "s");
  EXPECT_EQ(job.labels().at("team"), "sales");
  worker.Complete(grant, {});
  AwaitRun(v1::SCHEDULE_RUN_STATE_COMPLETED);
  const auto again = Trigger("once");
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_TRUE(again->existed());
  EXPECT_EQ(again->run().state(), v1::SCHEDULE_RUN_STATE_COMPLETED);
  EXPECT_EQ(Get()->runs(), 1);
  EXPECT_THAT(Get()->next_fire_times(), IsEmpty());
  EXPECT_THAT(FieldsOf(Trigger(std::string(65, 'r')).status()), ElementsAre("request_id"));
}

TEST_F(ScheduleServiceTest, OnlySoManyTriggersWait) {
  v1::CreateScheduleRequest request = NoopSchedule();
  request.mutable_schedule()->set_overlap_policy(v1::OVERLAP_POLICY_QUEUE);
  ASSERT_TRUE(Create(request).ok());
  ASSERT_TRUE(Trigger().ok());
  AwaitRun(v1::SCHEDULE_RUN_STATE_RUNNING);
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(Trigger().ok());
  EXPECT_EQ(ReasonOf(Trigger().status()), "QUEUE_FULL");
  EXPECT_EQ(Get()->recent_runs_size(), 20);
  EXPECT_EQ(Get()->recent_runs(0).number(), 101);
}

TEST_F(ScheduleServiceTest, ABatchIsMadeOfItsOperations) {
  v1::CreateScheduleRequest request = NoopSchedule();
  v1::Batch& batch = *request.mutable_schedule()->mutable_batch();
  for (int i = 0; i < 2; ++i) batch.add_operations()->mutable_spec()->add_stages()->mutable_noop();
  ASSERT_TRUE(Create(request).ok());
  ASSERT_TRUE(Trigger().ok());
  const v1::ScheduleRun run = AwaitRun(v1::SCHEDULE_RUN_STATE_RUNNING);
  v1::GetBatchRequest get;
  get.set_name(run.batch());
  v1::GetBatchResponse got;
  ASSERT_TRUE(Call(*server_.batches(), &v1::BatchService::Stub::GetBatch, get, got).ok());
  EXPECT_EQ(got.batch().labels().at("schedule"), "s");
  EXPECT_EQ(got.batch().counts().total(), 2);
}

TEST_F(ScheduleServiceTest, AFileThatIsGoneFailsTheRunAndSaysWhy) {
  const v1::File file = server_.Upload("f", "a\n1\n");
  v1::CreateScheduleRequest request = NoopSchedule();
  request.mutable_schedule()->mutable_job()->mutable_spec()->set_input_file(file.name());
  ASSERT_TRUE(Create(request).ok());
  v1::DeleteFileRequest gone;
  gone.set_name(file.name());
  v1::DeleteFileResponse deleted;
  ASSERT_TRUE(Call(*server_.files(), &v1::FileService::Stub::DeleteFile, gone, deleted).ok());
  ASSERT_TRUE(Trigger().ok());
  const v1::ScheduleRun run = AwaitRun(v1::SCHEDULE_RUN_STATE_FAILED);
  EXPECT_EQ(run.error_reason(), "FILE_NOT_READY");
  EXPECT_EQ(run.target_case(), v1::ScheduleRun::TARGET_NOT_SET);
}

TEST_F(ScheduleServiceTest, AChangeTakesTheFieldsOfItsMaskAlone) {
  ASSERT_TRUE(Create(NoopSchedule()).ok());
  const v1::Schedule before = *Get();
  v1::Schedule change;
  change.set_cron("@hourly");
  change.set_display_name("not asked for");
  change.set_etag(before.etag());
  const auto changed = Update(change, {"cron"});
  ASSERT_TRUE(changed.ok()) << changed.status();
  EXPECT_EQ(changed->cron(), "@hourly");
  EXPECT_EQ(changed->display_name(), "");
  EXPECT_NE(changed->etag(), before.etag());
  EXPECT_EQ(ReasonOf(Update(change, {"cron"}).status()), "ETAG_MISMATCH");
  change.clear_etag();
  EXPECT_THAT(FieldsOf(Update(change, {}).status()), ElementsAre("update_mask"));
  EXPECT_THAT(FieldsOf(Update(change, {"uid"}).status()), ElementsAre("update_mask"));
  EXPECT_THAT(FieldsOf(Update(change, {"job"}).status()), ElementsAre("schedule.job"));
  EXPECT_THAT(FieldsOf(Update({}, {"cron"}).status()), ElementsAre("schedule.cron"));
  change.set_name("projects/default/schedules/none");
  EXPECT_EQ(ReasonOf(Update(change, {"cron"}).status()), "SCHEDULE_NOT_FOUND");
  EXPECT_EQ(Get()->cron(), "@hourly");
}

TEST_F(ScheduleServiceTest, AChangeOfAllFieldsReplacesThem) {
  v1::CreateScheduleRequest request = NoopSchedule();
  request.mutable_schedule()->set_display_name("first");
  request.mutable_schedule()->set_time_zone("Europe/Berlin");
  ASSERT_TRUE(Create(request).ok());
  v1::Schedule change;
  change.set_cron("@daily");
  change.set_paused(true);
  change.mutable_batch()->add_operations()->mutable_spec()->add_stages()->mutable_noop();
  const auto changed = Update(change, {"*"});
  ASSERT_TRUE(changed.ok()) << changed.status();
  EXPECT_EQ(changed->display_name(), "");
  EXPECT_EQ(changed->time_zone(), "UTC");
  EXPECT_TRUE(changed->paused());
  EXPECT_TRUE(changed->has_batch());
  EXPECT_THAT(FieldsOf(Update(v1::Schedule(), {"*"}).status()),
              UnorderedElementsAre("schedule.cron", "schedule.job"));
  v1::Schedule resume;
  EXPECT_EQ(Update(resume, {"paused"})->next_fire_times_size(), 5);
  *resume.mutable_job() = request.schedule().job();
  EXPECT_TRUE(Update(resume, {"job"})->has_job());
}

TEST_F(ScheduleServiceTest, AResumedScheduleDoesNotMakeUpForItsPause) {
  ScheduleRecord record = MakeScheduleRecord(NoopSchedule("* * * * *"), "tester",
                                             SystemClock().Now() - absl::Minutes(30));
  record.paused = true;
  ASSERT_TRUE(server_.store().CreateSchedule(record).ok());
  v1::Schedule resume;
  ASSERT_TRUE(Update(resume, {"paused"}).ok());
  EXPECT_EQ(Get()->missed() + Get()->skipped(), 0);
  EXPECT_LE(Get()->runs(), 1);  // A minute may begin just now.
}

TEST_F(ScheduleServiceTest, TimesThatHaveComeAreThoseOfTheScheduleAsItWas) {
  ScheduleRecord record = MakeScheduleRecord(NoopSchedule("* * * * *"), "tester",
                                             SystemClock().Now() - absl::Minutes(30));
  record.look_time = absl::InfiniteFuture();  // The runner has not seen it yet.
  ASSERT_TRUE(server_.store().CreateSchedule(record).ok());
  v1::Schedule pause;
  pause.set_paused(true);
  ASSERT_TRUE(Update(pause, {"paused"}).ok());
  EXPECT_EQ(Get()->runs(), 1);
  EXPECT_GE(Get()->skipped(), 29);
  EXPECT_EQ(AwaitRun(v1::SCHEDULE_RUN_STATE_RUNNING).triggered(), false);
}

TEST_F(ScheduleServiceTest, ADeletedScheduleIsGoneAndItsJobsStay) {
  ASSERT_TRUE(Create(NoopSchedule()).ok());
  ASSERT_TRUE(Trigger().ok());
  const std::string job = AwaitRun(v1::SCHEDULE_RUN_STATE_RUNNING).job();
  ASSERT_TRUE(Delete().ok());
  ASSERT_TRUE(Delete().ok());
  EXPECT_EQ(ReasonOf(Get().status()), "SCHEDULE_NOT_FOUND");
  EXPECT_EQ(ReasonOf(Trigger().status()), "SCHEDULE_NOT_FOUND");
  EXPECT_EQ(server_.Get(job).name(), job);
  EXPECT_EQ(ReasonOf(Delete("s")), "BAD_FIELD");
}

TEST_F(ScheduleServiceTest, SchedulesAreListedInPages) {
  for (const char* id : {"a", "b", "c"}) {
    v1::CreateScheduleRequest request = NoopSchedule();
    request.set_schedule_id(id);
    ASSERT_TRUE(Create(request).ok());
  }
  v1::ListSchedulesRequest request;
  request.set_parent("projects/default");
  request.set_page_size(2);
  v1::ListSchedulesResponse page;
  ASSERT_TRUE(Call(*server_.schedules(), &Schedules::ListSchedules, request, page).ok());
  ASSERT_EQ(page.schedules_size(), 2);
  EXPECT_EQ(page.schedules(0).name(), "projects/default/schedules/c");
  request.set_page_token(page.next_page_token());
  ASSERT_TRUE(Call(*server_.schedules(), &Schedules::ListSchedules, request, page).ok());
  ASSERT_EQ(page.schedules_size(), 1);
  EXPECT_EQ(page.schedules(0).name(), "projects/default/schedules/a");
  EXPECT_EQ(page.next_page_token(), "");
  request.set_page_token("rubbish");
  EXPECT_EQ(ReasonOf(Call(*server_.schedules(), &Schedules::ListSchedules, request, page)),
            "PAGE_TOKEN_MISMATCH");
}

}  // namespace
}  // namespace dq
