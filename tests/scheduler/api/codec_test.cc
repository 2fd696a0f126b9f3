#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/error.h"
#include "scheduler/api/job_codec.h"
#include "scheduler/api/report_service.h"
#include "scheduler/api/worker_codec.h"

namespace dq {
namespace {

const std::string kToken(32, 'a');

JobRecord CompletedRecord() {
  JobRecord record;
  record.name = {"default", "j-1"};
  record.uid = "u-1";
  record.create_time = absl::FromUnixSeconds(1000);
  record.labels = {{"team", "crm"}};
  v1::JobSpec spec;
  spec.set_input_file("projects/default/files/f-1");
  record.payload.spec = spec.SerializeAsString();
  record.status.state = JobState::kCompleted;
  record.status.attempt = 2;
  record.status.charges = 1;
  record.status.worker = "w-1";
  record.status.version = 7;
  record.status.end_time = absl::FromUnixSeconds(2000);
  record.result.emplace();
  record.result->verdict = Verdict::kPassed;
  record.result->quality_score = 91.5;
  record.result->outputs = {{1, "o-1", "file:///x", "x.csv", 10, "ab"},
                            {2, "o-2", "file:///r", "r.json", 20, "cd"}};
  return record;
}

v1::Hello ValidHello() {
  v1::Hello hello;
  hello.set_instance("w-1");
  hello.set_protocol(kWorkerProtocol);
  hello.add_stages("noop");
  hello.set_slots(4);
  return hello;
}

v1::WorkReport ReportOf(const v1::LeaseReport& lease) {
  v1::WorkReport report;
  report.set_sequence(3);
  report.set_free_slots(1);
  *report.add_leases() = lease;
  return report;
}

v1::LeaseReport ValidLease() {
  v1::LeaseReport lease;
  lease.mutable_lease()->set_job("projects/default/jobs/j-1");
  lease.mutable_lease()->set_attempt(1);
  lease.mutable_lease()->set_token(kToken);
  return lease;
}

TEST(JobCodec, CompletedJobShowsItsOutcome) {
  const v1::Job job = ToProto(CompletedRecord());
  EXPECT_EQ(job.progress().percent(), 100);
  EXPECT_EQ(job.name(), "projects/default/jobs/j-1");
  EXPECT_EQ(job.spec().input_file(), "projects/default/files/f-1");
  EXPECT_EQ(job.state(), v1::JOB_STATE_COMPLETED);
  EXPECT_EQ(job.verdict(), v1::VERDICT_PASSED);
  EXPECT_EQ(job.quality_score(), 91.5);
  EXPECT_EQ(job.attempt(), 2);
  EXPECT_EQ(job.charges(), 1);
  EXPECT_EQ(job.worker(), "workers/w-1");
  EXPECT_EQ(job.report(), "projects/default/reports/j-1");
  ASSERT_EQ(job.output_files_size(), 2);
  EXPECT_EQ(job.output_files(0).kind(), v1::OUTPUT_KIND_CLEANED);
  EXPECT_EQ(job.output_files(0).file(), "projects/default/files/o-1");
  EXPECT_EQ(job.labels().at("team"), "crm");
  EXPECT_EQ(job.end_time().seconds(), 2000);
  EXPECT_FALSE(job.has_start_time());
  EXPECT_FALSE(job.has_wait());
  EXPECT_FALSE(job.has_error());
  EXPECT_EQ(job.etag(), "7");
}

TEST(JobCodec, WaitingJobShowsWhyAndWhere) {
  JobView view;
  view.record = CompletedRecord();
  view.record.result.reset();
  view.record.status.state = JobState::kQueued;
  view.record.status.wait_reason = WaitReason::kBehindOthers;
  view.queue_position = 12;
  const v1::Job job = ToProto(view);
  EXPECT_EQ(job.wait().reason(), v1::WAIT_REASON_BEHIND_OTHERS);
  EXPECT_EQ(job.wait().position(), 12);
  EXPECT_FALSE(job.has_progress());
}

TEST(JobCodec, EventsNameTheirTransition) {
  JobEventRecord event;
  event.sequence = 2;
  event.event = JobEvent::kRequestCancel;
  event.from = JobState::kProcessing;
  event.to = JobState::kCancelling;
  const v1::JobEvent proto = ToProto(event);
  EXPECT_EQ(proto.event(), "request_cancel");
  EXPECT_EQ(proto.from_state(), v1::JOB_STATE_PROCESSING);
  EXPECT_EQ(proto.to_state(), v1::JOB_STATE_CANCELLING);
}

TEST(WorkerCodec, AnotherProtocolIsRefused) {
  v1::Hello hello = ValidHello();
  EXPECT_TRUE(FromProto(hello).ok());
  hello.set_protocol(0);
  EXPECT_EQ(ReasonOf(FromProto(hello).status()), "PROTOCOL_TOO_OLD");
}

TEST(WorkerCodec, HelloIsChecked) {
  v1::Hello hello = ValidHello();
  hello.set_instance("Not An Id");
  EXPECT_EQ(ReasonOf(FromProto(hello).status()), "BAD_FIELD");
  hello = ValidHello();
  hello.set_slots(0);
  EXPECT_EQ(ReasonOf(FromProto(hello).status()), "BAD_FIELD");
  hello = ValidHello();
  hello.clear_stages();
  EXPECT_EQ(ReasonOf(FromProto(hello).status()), "BAD_FIELD");
}

TEST(WorkerCodec, LeasesAreChecked) {
  v1::LeaseReport lease = ValidLease();
  EXPECT_TRUE(FromProto(ReportOf(lease)).ok());
  lease.mutable_lease()->set_token("short");
  EXPECT_EQ(ReasonOf(FromProto(ReportOf(lease)).status()), "BAD_FIELD");
  lease = ValidLease();
  lease.mutable_lease()->set_attempt(0);
  EXPECT_EQ(ReasonOf(FromProto(ReportOf(lease)).status()), "BAD_FIELD");
}

TEST(WorkerCodec, OutcomesKeepWhatTheySay) {
  v1::LeaseReport lease = ValidLease();
  auto& completion = *lease.mutable_outcome()->mutable_completion();
  completion.set_manifest_uri("file:///m");
  completion.set_verdict(v1::VERDICT_FAILED);
  completion.set_quality_score(50);
  auto& file = *completion.add_files();
  file.set_kind(v1::OUTPUT_KIND_CLEANED);
  file.set_uri("file:///c");
  const auto report = FromProto(ReportOf(lease));
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->sequence, 3);
  const auto& outcome = std::get<CompletedOutcome>(std::get<Outcome>(report->leases[0].status));
  EXPECT_EQ(outcome.result.manifest_uri, "file:///m");
  EXPECT_EQ(outcome.result.verdict, Verdict::kFailed);
  EXPECT_EQ(outcome.result.quality_score, 50);
  EXPECT_EQ(outcome.result.outputs.at(0).uri, "file:///c");
}

TEST(WorkerCodec, AnOutcomeThatCannotBeReadEndsItsAttemptAndLeavesTheOthersAlone) {
  const auto outcome_of = [](const v1::LeaseReport& lease) {
    v1::WorkReport report = ReportOf(lease);
    *report.add_leases() = ValidLease();
    const auto read = FromProto(report);
    EXPECT_TRUE(read.ok()) << read.status();
    EXPECT_TRUE(std::holds_alternative<JobProgress>(read->leases.at(1).status));
    return std::get<FailedOutcome>(std::get<Outcome>(read->leases.at(0).status));
  };
  v1::LeaseReport newer = ValidLease();
  newer.mutable_outcome();
  EXPECT_EQ(outcome_of(newer).failure.reason, "OUTCOME_UNREADABLE");
  EXPECT_TRUE(outcome_of(newer).retryable) << "another worker may say it otherwise";
  v1::LeaseReport unknown = ValidLease();
  unknown.mutable_outcome()->mutable_completion()->set_verdict(static_cast<v1::Verdict>(99));
  EXPECT_NE(outcome_of(unknown).failure.message.find("completion.verdict"), std::string::npos);
  v1::LeaseReport many = ValidLease();
  for (int i = 0; i < 17; ++i) many.mutable_outcome()->mutable_completion()->add_files();
  EXPECT_FALSE(outcome_of(many).retryable);
}

TEST(WorkerCodec, FailureTextIsMadeFitForTheRecord) {
  v1::LeaseReport lease = ValidLease();
  auto& failure = *lease.mutable_outcome()->mutable_failure();
  failure.mutable_error()->set_reason("PARSE_FAILED");
  failure.mutable_error()->set_message(std::string("a\0b", 3) + std::string(10'000, 'x'));
  failure.set_retryable(true);
  const auto report = FromProto(ReportOf(lease));
  const auto& outcome = std::get<FailedOutcome>(std::get<Outcome>(report->leases[0].status));
  EXPECT_TRUE(outcome.retryable);
  EXPECT_EQ(outcome.failure.message.substr(0, 3), "a b");
  EXPECT_EQ(outcome.failure.message.size(), 4096U);
}

TEST(WorkerCodec, TurnCarriesTheGrantWithItsLease) {
  v1::Grant grant;
  grant.add_stages()->mutable_noop()->set_duration_ms(5);
  WorkerTurn turn;
  turn.answers = 9;
  turn.grants.push_back({{{"default", "j-1"}, 2, kToken}, grant.SerializeAsString()});
  turn.closed.push_back({{"default", "j-0"}, 1, kToken});
  turn.revoked.push_back({{{"default", "j-2"}, 1, kToken}, RevokeReason::kCancel});
  const std::vector<v1::WorkResponse> responses = ToProto(turn);
  ASSERT_EQ(responses.size(), 1U);
  const v1::WorkResponse& response = responses.front();
  EXPECT_EQ(response.turn().answers(), 9);
  EXPECT_EQ(response.turn().grants(0).lease().job(), "projects/default/jobs/j-1");
  EXPECT_EQ(response.turn().grants(0).lease().attempt(), 2);
  EXPECT_EQ(response.turn().grants(0).stages(0).noop().duration_ms(), 5);
  EXPECT_EQ(response.turn().closed(0).job(), "projects/default/jobs/j-0");
  EXPECT_EQ(response.turn().revoked(0).reason(), v1::REVOKE_REASON_CANCEL);
}

TEST(WorkerCodec, GrantsTooLargeForOneMessageComeInSeveral) {
  v1::Grant grant;
  grant.add_stages()->mutable_dedupe()->add_columns(std::string(1 << 20, 'c'));
  WorkerTurn turn;
  turn.answers = 9;
  turn.closed.push_back({{"default", "j-0"}, 1, kToken});
  for (int i = 1; i <= 20; ++i) {
    turn.grants.push_back(
        {{{"default", "j-" + std::to_string(i)}, 1, kToken}, grant.SerializeAsString()});
  }
  int grants = 0;
  for (const v1::WorkResponse& message : ToProto(turn)) {
    EXPECT_LT(message.ByteSizeLong(), size_t{5} << 20);
    EXPECT_EQ(message.turn().answers(), 9);
    EXPECT_EQ(message.turn().closed_size(), grants == 0 ? 1 : 0);
    grants += message.turn().grants_size();
  }
  EXPECT_EQ(grants, 20);
}

TEST(ReportCodec, JsonOfWorkersIsRead) {
  const auto report = ReportFromJson(
      R"({"rows_in": 12, "rows_out": 10, "duplicates_removed": {"exact": 2},
          "score": 97.5, "dimensions": {"completeness": {"score": 99}}, "of_a_newer_worker": 1})");
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->rows_in(), 12);
  EXPECT_EQ(report->duplicates_removed().exact(), 2);
  EXPECT_EQ(report->score(), 97.5);
  EXPECT_EQ(report->dimensions().at("completeness").score(), 99);
  EXPECT_EQ(ReasonOf(ReportFromJson("{").status()), "REPORT_UNREADABLE");
}

}  // namespace
}  // namespace dq
