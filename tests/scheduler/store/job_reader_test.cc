// The conformance suite: reads of recorded jobs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/error.h"
#include "scheduler/core/state_table.h"
#include "tests/scheduler/store/job_matching.h"
#include "tests/scheduler/store/job_script.h"
#include "tests/scheduler/store/store_under_test.h"

namespace dq {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Field = JobFilterTerm::Field;
using Op = JobFilterTerm::Op;

JobFilterTerm Term(Field field, Op op) {
  JobFilterTerm term;
  term.field = field;
  term.op = op;
  return term;
}

JobFilterTerm Text(Field field, Op op, const std::string& text) {
  JobFilterTerm term = Term(field, op);
  term.text = text;
  return term;
}

JobFilterTerm Label(const std::string& label, Op op, const std::string& text) {
  JobFilterTerm term = Text(Field::kLabel, op, text);
  term.label = label;
  return term;
}

JobFilterTerm At(Field field, Op op, absl::Time time) {
  JobFilterTerm term = Term(field, op);
  term.time = time;
  return term;
}

JobFilterTerm Score(Op op, double number) {
  JobFilterTerm term = Term(Field::kQualityScore, op);
  term.number = number;
  return term;
}

JobFilterTerm Judged(Op op, Verdict verdict) {
  JobFilterTerm term = Term(Field::kVerdict, op);
  term.number = static_cast<double>(verdict);
  return term;
}

// Four jobs: a QUEUED, b PROCESSING, c COMPLETED with score 0.5, d FAILED; and one elsewhere.
class JobReaderTest : public StoreTest {
 protected:
  JobReaderTest() {
    b_.record.labels = {{"team", "ops"}};
    b_.record.rules.queue = "slow";
    b_.record.rules.stages = {"noop"};
    c_.record.create_time += absl::Microseconds(1);
    d_.record.created_by = "user:bob";
    elsewhere_.record.name.project = "other";
    EXPECT_TRUE(
        Commit({a_.Create(), b_.Create(), c_.Create(), d_.Create(), elsewhere_.Create()}).ok());
    EXPECT_TRUE(Commit({}, {b_.Claim("t"), c_.Claim("t"), d_.Claim("t")}).ok());
    EXPECT_TRUE(Commit({}, {c_.Complete(SomeResult("f")), d_.Fail("BAD_INPUT")}).ok());
  }

  // Returns the ids of the jobs that fit, newest first.
  std::vector<std::string> Ids(const std::vector<JobFilterTerm>& filter, JobKey before = 0,
                               int limit = 100) {
    const auto found = reader().ListJobs("default", filter, before, limit);
    EXPECT_TRUE(found.ok()) << found.status();
    std::vector<std::string> ids;
    if (found.ok()) {
      for (const JobRecord& job : *found) ids.push_back(job.name.id);
    }
    return ids;
  }

  JobScript a_{1, "a"};
  JobScript b_{2, "b"};
  JobScript c_{3, "c"};
  JobScript d_{4, "d"};
  JobScript elsewhere_{5, "a"};
};
DQ_RUN_ON_EVERY_STORE(JobReaderTest);

TEST_P(JobReaderTest, AJobIsFoundByItsRequest) {
  const std::string request_id = reader().GetJob({"default", "b"})->request_id;
  const auto found = reader().GetJobByRequest("default", request_id);
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(found->name.id, "b");
  EXPECT_EQ(ReasonOf(reader().GetJobByRequest("default", "none").status()), "JOB_NOT_FOUND");
  EXPECT_EQ(ReasonOf(reader().GetJobByRequest("nowhere", request_id).status()), "JOB_NOT_FOUND");
}

TEST_P(JobReaderTest, AnUnknownJobIsNotFound) {
  EXPECT_EQ(ReasonOf(reader().GetJob({"default", "zz"}).status()), "JOB_NOT_FOUND");
  EXPECT_EQ(ReasonOf(reader().GetJob({"nowhere", "a"}).status()), "JOB_NOT_FOUND");
  EXPECT_EQ(ReasonOf(reader().ListJobEvents({"default", "zz"}, 0, 9).status()), "JOB_NOT_FOUND");
}

TEST_P(JobReaderTest, ManyJobsComeInTheOrderAskedWithoutTheUnknown) {
  const auto found = reader().BatchGetJobs("default", {"c", "zz", "a"});
  ASSERT_TRUE(found.ok()) << found.status();
  ASSERT_EQ(found->size(), 2u);
  ExpectSameJob((*found)[0], c_.record);
  ExpectSameJob((*found)[1], a_.record);
  EXPECT_THAT(*reader().BatchGetJobs("default", {}), IsEmpty());
}

TEST_P(JobReaderTest, ListsAreNewestFirstAndPaged) {
  EXPECT_THAT(Ids({}), ElementsAre("d", "c", "b", "a"));
  EXPECT_THAT(Ids({}, 0, 3), ElementsAre("d", "c", "b"));
  EXPECT_THAT(Ids({}, 2, 3), ElementsAre("a"));
  EXPECT_THAT(Ids({}, 1, 3), IsEmpty());
  const auto listed = reader().ListJobs("other", {}, 0, 10);
  ASSERT_TRUE(listed.ok());
  ASSERT_EQ(listed->size(), 1u);
  ExpectSameJob((*listed)[0], elsewhere_.record);
}

TEST_P(JobReaderTest, EveryTextFieldFilters) {
  EXPECT_THAT(Ids({Text(Field::kState, Op::kEqual, "PROCESSING")}), ElementsAre("b"));
  EXPECT_THAT(Ids({Text(Field::kState, Op::kNotEqual, "FAILED")}), ElementsAre("c", "b", "a"));
  EXPECT_THAT(Ids({Text(Field::kQueue, Op::kEqual, "slow")}), ElementsAre("b"));
  EXPECT_THAT(Ids({Text(Field::kQueue, Op::kNotEqual, "slow")}), ElementsAre("d", "c", "a"));
  EXPECT_THAT(Ids({Text(Field::kStage, Op::kEqual, "dedupe")}), ElementsAre("d", "c", "a"));
  EXPECT_THAT(Ids({Text(Field::kStage, Op::kNotEqual, "dedupe")}), ElementsAre("b"));
  EXPECT_THAT(Ids({Text(Field::kWorker, Op::kEqual, "worker-1")}), ElementsAre("d", "c", "b"));
  EXPECT_THAT(Ids({Text(Field::kWorker, Op::kEqual, "")}), ElementsAre("a"));
  EXPECT_THAT(Ids({Text(Field::kCreatedBy, Op::kEqual, "user:bob")}), ElementsAre("d"));
  EXPECT_THAT(Ids({Text(Field::kErrorReason, Op::kEqual, "BAD_INPUT")}), ElementsAre("d"));
  EXPECT_THAT(Ids({Text(Field::kErrorReason, Op::kNotEqual, "")}), ElementsAre("d"));
}

TEST_P(JobReaderTest, TextIsOrderedByBytes) {
  EXPECT_THAT(Ids({Text(Field::kQueue, Op::kGreater, "fast")}), ElementsAre("b"));
  EXPECT_THAT(Ids({Text(Field::kQueue, Op::kGreaterEqual, "fast")}),
              ElementsAre("d", "c", "b", "a"));
  EXPECT_THAT(Ids({Text(Field::kQueue, Op::kLess, "slow")}), ElementsAre("d", "c", "a"));
  EXPECT_THAT(Ids({Text(Field::kQueue, Op::kLessEqual, "Zebra")}), IsEmpty());
}

TEST_P(JobReaderTest, LabelsFilterAndAnAbsentOneIsEmpty) {
  EXPECT_THAT(Ids({Label("team", Op::kEqual, "ops")}), ElementsAre("b"));
  EXPECT_THAT(Ids({Label("team", Op::kNotEqual, "ops")}), ElementsAre("d", "c", "a"));
  EXPECT_THAT(Ids({Label("quote", Op::kEqual, "a\"b\\c{},")}), ElementsAre("d", "c", "a"));
  EXPECT_THAT(Ids({Label("quote", Op::kEqual, "")}), ElementsAre("b"));
  EXPECT_THAT(Ids({Label("'; DROP TABLE job; --", Op::kEqual, "x")}), IsEmpty());
}

TEST_P(JobReaderTest, TimesAndScoresFilterAndAbsentOnesNeverFit) {
  const absl::Time created = JobScript::Start();
  EXPECT_THAT(Ids({At(Field::kCreateTime, Op::kGreater, created)}), ElementsAre("c"));
  EXPECT_THAT(Ids({At(Field::kCreateTime, Op::kLessEqual, created)}), ElementsAre("d", "b", "a"));
  EXPECT_THAT(Ids({At(Field::kEndTime, Op::kGreaterEqual, created)}), ElementsAre("d", "c"));
  EXPECT_THAT(Ids({At(Field::kEndTime, Op::kNotEqual, created)}), ElementsAre("d", "c"));
  EXPECT_THAT(Ids({At(Field::kEndTime, Op::kLess, c_.record.status.end_time)}), IsEmpty());
  EXPECT_THAT(Ids({Score(Op::kGreaterEqual, 0.5)}), ElementsAre("c"));
  EXPECT_THAT(Ids({Score(Op::kLess, 0.5)}), IsEmpty());
  EXPECT_THAT(Ids({Score(Op::kNotEqual, 0.25)}), ElementsAre("c"));
  EXPECT_THAT(Ids({Judged(Op::kEqual, Verdict::kPassed)}), ElementsAre("c"));
  EXPECT_THAT(Ids({Judged(Op::kEqual, Verdict::kFailed)}), IsEmpty());
  EXPECT_THAT(Ids({Judged(Op::kEqual, Verdict::kNotEvaluated)}), ElementsAre("d", "b", "a"));
}

TEST_P(JobReaderTest, TermsAreJoinedByAnd) {
  EXPECT_THAT(Ids({Text(Field::kWorker, Op::kEqual, "worker-1"),
                   Text(Field::kState, Op::kNotEqual, "FAILED"),
                   Text(Field::kState, Op::kNotEqual, "COMPLETED")}),
              ElementsAre("b"));
}

TEST_P(JobReaderTest, EventsArePagedBySequence) {
  const auto first = reader().ListJobEvents(c_.record.name, 0, 2);
  ASSERT_TRUE(first.ok()) << first.status();
  ASSERT_EQ(first->size(), 2u);
  const auto rest = reader().ListJobEvents(c_.record.name, 2, 2);
  ASSERT_TRUE(rest.ok()) << rest.status();
  ASSERT_EQ(rest->size(), 1u);
  ExpectSameEvent((*rest)[0], c_.events[2]);
  EXPECT_THAT(*reader().ListJobEvents(c_.record.name, 3, 2), IsEmpty());
}

TEST_P(JobReaderTest, OnlyACompletedJobHasAReport) {
  const auto report = reader().GetReportJson(c_.record.name);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(*report, R"({"score":0.5})");
  EXPECT_EQ(ReasonOf(reader().GetReportJson(a_.record.name).status()), "REPORT_NOT_FOUND");
  EXPECT_EQ(ReasonOf(reader().GetReportJson({"default", "zz"}).status()), "REPORT_NOT_FOUND");
}

}  // namespace
}  // namespace dq
