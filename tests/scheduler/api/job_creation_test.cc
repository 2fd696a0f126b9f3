#include "scheduler/api/job_creation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/clock.h"
#include "common/base/error.h"
#include "dq/v1/worker_service.pb.h"
#include "tests/support/fake_store.h"

namespace dq {
namespace {

using testing::ElementsAre;

class JobCreationTest : public testing::Test {
 protected:
  void SetUp() override {
    FileRecord input{"default", "f-1", "in.csv", "file:///in.csv", 42, std::string(64, 'a'), "",
                     "q-1",     "me",  now_};
    FileRecord master{
        "default", "f-2", "master.csv", "file:///master.csv", 7, std::string(64, 'b'), "",
        "q-2",     "me",  now_};
    ASSERT_TRUE(store_.CreateFile(input).ok());
    ASSERT_TRUE(store_.CreateFile(master).ok());
    ASSERT_TRUE(store_.CreateReference(Reference("r-1", "complete", {"id"})).ok());
    ASSERT_TRUE(store_.CreateReference(Reference("r-2", "dedupe", {})).ok());
    request_.set_parent("projects/default");
    request_.mutable_job()->mutable_spec()->set_input_file("projects/default/files/f-1");
  }

  ReferenceRecord Reference(const std::string& id, const std::string& stage,
                            std::vector<std::string> key_columns) const {
    ReferenceRecord reference;
    reference.project = "default";
    reference.id = id;
    reference.stage = stage;
    reference.file_id = "f-2";
    reference.key_columns = std::move(key_columns);
    reference.request_id = "q-" + id;
    reference.created_by = "me";
    reference.create_time = now_;
    return reference;
  }
  v1::JobSpec& spec() { return *request_.mutable_job()->mutable_spec(); }
  JobRecord Make() {
    auto inputs = ResolveInputs(request_, store_);
    EXPECT_TRUE(inputs.ok()) << inputs.status();
    return MakeJobRecord(request_, *inputs, "me", now_);
  }
  v1::Grant MakeGrant() {
    v1::Grant grant;
    EXPECT_TRUE(grant.ParseFromString(Make().payload.grant));
    return grant;
  }

  const absl::Time now_ = absl::FromUnixSeconds(1'800'000'000);
  FakeStore store_{SystemClock()};
  v1::CreateJobRequest request_;
};

TEST_F(JobCreationTest, DefaultChainIsResolvedIntoTheGrant) {
  const v1::Grant grant = MakeGrant();
  ASSERT_EQ(grant.stages_size(), 2);
  EXPECT_EQ(grant.stages(0).complete().fill(), v1::FILL_METHOD_DEPENDENCY);
  EXPECT_EQ(grant.stages(0).complete().min_confidence(), 0.5);
  EXPECT_EQ(grant.stages(1).dedupe().match(), v1::MATCH_KIND_NORMALISED);
  EXPECT_EQ(grant.stages(1).dedupe().survivor(), v1::SURVIVOR_KIND_FIRST);
  EXPECT_EQ(grant.input().uri(), "file:///in.csv");
  EXPECT_EQ(grant.input().size_bytes(), 42);
  EXPECT_EQ(grant.input().sha256(), std::string(64, 'a'));
  EXPECT_EQ(grant.input().display_name(), "in.csv");
  EXPECT_FALSE(grant.has_reference());
  EXPECT_FALSE(grant.has_lease());
}

TEST_F(JobCreationTest, TheFormByHandIsInTheGrantAndInTheRequestsHash) {
  const std::string without = RequestHash(request_);
  (*spec().mutable_form())["delimiter"] = ";";
  (*spec().mutable_form())["header"] = "no";
  const v1::Grant grant = MakeGrant();
  EXPECT_THAT(grant.form(), testing::UnorderedElementsAre(testing::Pair("delimiter", ";"),
                                                          testing::Pair("header", "no")));
  EXPECT_NE(RequestHash(request_), without);
}

TEST_F(JobCreationTest, ReferenceBringsItsFileAndKeyColumns) {
  spec().set_reference("projects/default/references/r-1");
  const v1::Grant grant = MakeGrant();
  EXPECT_EQ(grant.reference().uri(), "file:///master.csv");
  EXPECT_THAT(grant.reference().key_columns(), ElementsAre("id"));
  EXPECT_THAT(grant.stages(0).complete().key_columns(), ElementsAre("id"));
  const JobRecord record = Make();
  EXPECT_THAT(record.file_ids, ElementsAre("f-1", "f-2"));
  EXPECT_THAT(record.reference_ids, ElementsAre("r-1"));
}

TEST_F(JobCreationTest, AJobThatNamesNoReferenceTakesTheActiveOneAndShowsIt) {
  EXPECT_FALSE(MakeGrant().has_reference());
  ReferenceRecord active = *store_.GetReference("default", "r-1");
  active.active = true;
  ASSERT_TRUE(store_.UpdateReference(active, std::nullopt).ok());
  EXPECT_EQ(MakeGrant().reference().uri(), "file:///master.csv");
  v1::JobSpec shown;
  ASSERT_TRUE(shown.ParseFromString(Make().payload.spec));
  EXPECT_EQ(shown.reference(), "projects/default/references/r-1");
  EXPECT_EQ(shown.reference_version(), 1);
  EXPECT_THAT(Make().reference_ids, ElementsAre("r-1"));
  spec().set_no_reference(true);
  EXPECT_FALSE(MakeGrant().has_reference());
  spec().set_no_reference(false);
  spec().add_stages()->mutable_dedupe();  // Has no use for it.
  EXPECT_FALSE(MakeGrant().has_reference());
}

TEST_F(JobCreationTest, AJobKeepsTheVersionThatItNames) {
  spec().set_reference("projects/default/references/r-1");
  ReferenceRecord changed = *store_.GetReference("default", "r-1");
  changed.version = changed.newest_version = 2;
  ASSERT_TRUE(
      store_
          .UpdateReference(
              changed,
              ReferenceVersion{2, "f-1", {"code"}, ReferenceState::kUnchecked, {}, "", "me", now_})
          .ok());
  EXPECT_EQ(MakeGrant().reference().uri(), "file:///in.csv");
  EXPECT_THAT(MakeGrant().reference().key_columns(), ElementsAre("code"));
  spec().set_reference_version(1);
  EXPECT_EQ(MakeGrant().reference().uri(), "file:///master.csv");
  EXPECT_THAT(MakeGrant().reference().key_columns(), ElementsAre("id"));
  spec().set_reference_version(3);
  EXPECT_EQ(ReasonOf(ResolveInputs(request_, store_).status()), "REFERENCE_MISSING");
}

TEST_F(JobCreationTest, ARefusedVersionIsTakenByNoJob) {
  ReferenceRecord reference = Reference("r-3", "complete", {});
  reference.state = ReferenceState::kValidating;
  ASSERT_TRUE(store_.CreateReference(reference).ok());
  spec().set_reference("projects/default/references/r-3");
  EXPECT_TRUE(ResolveInputs(request_, store_).ok());  // The job would find it, too.
  ValidatingReference refused = store_.ListValidatingReferences({}, 1)->front();
  refused.version.state = ReferenceState::kRefused;
  ASSERT_TRUE(store_.SettleReference(refused).ok());
  EXPECT_EQ(ReasonOf(ResolveInputs(request_, store_).status()), "REFERENCE_REFUSED");
}

TEST_F(JobCreationTest, KeyColumnsOfTheStageWin) {
  spec().set_reference("projects/default/references/r-1");
  spec().add_stages()->mutable_complete()->add_key_columns("email");
  EXPECT_THAT(MakeGrant().stages(0).complete().key_columns(), ElementsAre("email"));
}

TEST_F(JobCreationTest, OutputsGoBeneathTheChosenName) {
  request_.set_job_id("monthly");
  const JobRecord record = Make();
  EXPECT_EQ(record.name, (JobName{"default", "monthly"}));
  EXPECT_EQ(MakeGrant().output_prefix(), "file:///projects/default/jobs/monthly");
}

TEST_F(JobCreationTest, RulesHaveTheDocumentedDefaults) {
  const JobRecord record = Make();
  EXPECT_EQ(record.rules.queue, "default");
  EXPECT_EQ(record.rules.max_attempts, 3);
  EXPECT_EQ(record.rules.backoff, absl::Seconds(1));
  EXPECT_EQ(record.rules.backoff_cap, absl::Seconds(60));
  EXPECT_THAT(record.rules.stages, ElementsAre("complete", "dedupe"));
  EXPECT_EQ(record.name.id.substr(0, 2), "j-");
  EXPECT_EQ(record.request_id, "");
  EXPECT_EQ(record.created_by, "me");
}

TEST_F(JobCreationTest, MissingFilesAreTypedErrors) {
  spec().set_input_file("projects/default/files/absent");
  EXPECT_EQ(ReasonOf(ResolveInputs(request_, store_).status()), "FILE_NOT_READY");
  spec().set_input_file("projects/default/files/f-1");
  spec().set_reference("projects/default/references/absent");
  EXPECT_EQ(ReasonOf(ResolveInputs(request_, store_).status()), "REFERENCE_MISSING");
  spec().set_reference("projects/default/references/r-2");  // Serves the stage dedupe.
  EXPECT_EQ(ReasonOf(ResolveInputs(request_, store_).status()), "REFERENCE_MISSING");
}

TEST_F(JobCreationTest, DatabaseErrorsStayWhatTheyAre) {
  store_.SetAvailable(false);
  EXPECT_EQ(ReasonOf(ResolveInputs(request_, store_).status()), "DATABASE_UNAVAILABLE");
}

TEST_F(JobCreationTest, HashFollowsTheBodyAlone) {
  const std::string hash = RequestHash(request_);
  v1::CreateJobRequest same = request_;
  same.set_request_id("another");
  same.mutable_job()->set_state(v1::JOB_STATE_FAILED);  // Output only.
  EXPECT_EQ(RequestHash(same), hash);
  same.mutable_job()->mutable_spec()->set_priority(1);
  EXPECT_NE(RequestHash(same), hash);
}

TEST_F(JobCreationTest, HashDoesNotDependOnTheOrderOfLabels) {
  v1::CreateJobRequest other = request_;
  for (int i = 0; i < 20; ++i) {
    (*request_.mutable_job()->mutable_labels())["k" + std::to_string(i)] = "v";
    (*other.mutable_job()->mutable_labels())["k" + std::to_string(19 - i)] = "v";
  }
  EXPECT_EQ(RequestHash(request_), RequestHash(other));
}

}  // namespace
}  // namespace dq
