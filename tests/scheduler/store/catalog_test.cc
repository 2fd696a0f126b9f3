// The conformance suite: files and references.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/error.h"
#include "tests/scheduler/store/job_script.h"
#include "tests/scheduler/store/store_under_test.h"

namespace dq {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

FileRecord File(const std::string& id) {
  FileRecord file;
  file.project = "default";
  file.id = id;
  file.display_name = "the “file” of " + id;
  file.uri = "file:///" + id;
  file.size_bytes = int64_t{5} << 40;
  file.sha256 = "sha-" + id;
  file.request_id = "request-" + id;
  file.created_by = "user:alice";
  file.create_time = JobScript::Start();
  return file;
}

ReferenceRecord Reference(const std::string& id, const std::string& file_id) {
  ReferenceRecord reference;
  reference.project = "default";
  reference.id = id;
  reference.stage = "complete";
  reference.file_id = file_id;
  reference.key_columns = {"id", "a \"quoted\", column"};
  reference.display_name = "the reference " + id;
  reference.request_id = "request-" + id;
  reference.created_by = "user:alice";
  reference.create_time = JobScript::Start();
  return reference;
}

template <typename Record>
std::vector<std::string> Ids(const absl::StatusOr<std::vector<Record>>& records) {
  EXPECT_TRUE(records.ok()) << records.status();
  std::vector<std::string> ids;
  if (records.ok()) {
    for (const Record& record : *records) ids.push_back(record.id);
  }
  return ids;
}

class CatalogTest : public StoreTest {};
DQ_RUN_ON_EVERY_STORE(CatalogTest);

TEST_P(CatalogTest, AFileReadsBackFieldByField) {
  const FileRecord want = File("f-1");
  const auto created = catalog().CreateFile(want);
  ASSERT_TRUE(created.ok()) << created.status();
  EXPECT_FALSE(created->existed);
  const auto got = catalog().GetFile("default", "f-1");
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_EQ(got->display_name, want.display_name);
  EXPECT_EQ(got->uri, want.uri);
  EXPECT_EQ(got->size_bytes, want.size_bytes);
  EXPECT_EQ(got->sha256, want.sha256);
  EXPECT_EQ(got->produced_by, "");
  EXPECT_EQ(got->request_id, want.request_id);
  EXPECT_EQ(got->created_by, want.created_by);
  EXPECT_EQ(got->create_time, want.create_time);
}

TEST_P(CatalogTest, ARepeatedRequestGetsTheEarlierFile) {
  ASSERT_TRUE(catalog().CreateFile(File("f-1")).ok());
  FileRecord again = File("f-2");
  again.request_id = "request-f-1";
  again.sha256 = "sha-f-1";
  const auto repeated = catalog().CreateFile(again);
  ASSERT_TRUE(repeated.ok()) << repeated.status();
  EXPECT_TRUE(repeated->existed);
  EXPECT_EQ(repeated->record.id, "f-1");
  again.sha256 = "other bytes";
  const auto reused = catalog().CreateFile(again);
  EXPECT_TRUE(absl::IsAlreadyExists(reused.status()));
  EXPECT_EQ(ReasonOf(reused.status()), "REQUEST_ID_REUSED");
}

TEST_P(CatalogTest, ACallThatIsRepeatedBecauseItsAnswerWasLostFindsItsOwnRecord) {
  ASSERT_TRUE(catalog().CreateFile(File("f-1")).ok());
  const auto file = catalog().CreateFile(File("f-1"));
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_FALSE(file->existed);
  ASSERT_TRUE(catalog().CreateReference(Reference("r-1", "f-1")).ok());
  const auto reference = catalog().CreateReference(Reference("r-1", "f-1"));
  ASSERT_TRUE(reference.ok()) << reference.status();
  EXPECT_FALSE(reference->existed);
}

TEST_P(CatalogTest, ATakenFileIdIsTold) {
  ASSERT_TRUE(catalog().CreateFile(File("f-1")).ok());
  FileRecord thief = File("f-1");
  thief.request_id = "another request";
  const auto taken = catalog().CreateFile(thief);
  EXPECT_TRUE(absl::IsAlreadyExists(taken.status()));
  EXPECT_EQ(ReasonOf(taken.status()), "ID_TAKEN");
}

TEST_P(CatalogTest, FilesListNewestFirstInPages) {
  for (const char* id : {"z", "m", "a"}) ASSERT_TRUE(catalog().CreateFile(File(id)).ok());
  FileRecord elsewhere = File("other");
  elsewhere.project = "other";
  ASSERT_TRUE(catalog().CreateFile(elsewhere).ok());
  EXPECT_THAT(Ids(catalog().ListFiles("default", "", 10)), ElementsAre("a", "m", "z"));
  EXPECT_THAT(Ids(catalog().ListFiles("default", "", 2)), ElementsAre("a", "m"));
  EXPECT_THAT(Ids(catalog().ListFiles("default", "m", 2)), ElementsAre("z"));
  EXPECT_THAT(Ids(catalog().ListFiles("default", "z", 2)), IsEmpty());
  ASSERT_TRUE(catalog().DeleteFile("default", "m").ok());
  EXPECT_THAT(Ids(catalog().ListFiles("default", "m", 1)), ElementsAre("a"));
}

TEST_P(CatalogTest, AnUnknownFileIsNotFoundAndDeletingItIsFine) {
  EXPECT_EQ(ReasonOf(catalog().GetFile("default", "zz").status()), "FILE_NOT_FOUND");
  EXPECT_TRUE(catalog().DeleteFile("default", "zz").ok());
  EXPECT_EQ(ReasonOf(catalog().GetReference("default", "zz").status()), "REFERENCE_NOT_FOUND");
  EXPECT_TRUE(catalog().DeleteReference("default", "zz").ok());
}

TEST_P(CatalogTest, ADeletedFileIsGoneAndItsRequestIdFree) {
  ASSERT_TRUE(catalog().CreateFile(File("f-1")).ok());
  ASSERT_TRUE(catalog().DeleteFile("default", "f-1").ok());
  EXPECT_TRUE(absl::IsNotFound(catalog().GetFile("default", "f-1").status()));
  const auto again = catalog().CreateFile(File("f-1"));
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_FALSE(again->existed);
}

TEST_P(CatalogTest, AReferenceNeedsItsFileAndReadsBack) {
  const ReferenceRecord want = Reference("r-1", "f-1");
  const auto early = catalog().CreateReference(want);
  EXPECT_TRUE(absl::IsFailedPrecondition(early.status()));
  EXPECT_EQ(ReasonOf(early.status()), "FILE_NOT_READY");
  ASSERT_TRUE(catalog().CreateFile(File("f-1")).ok());
  ASSERT_TRUE(catalog().CreateReference(want).ok());
  const auto got = catalog().GetReference("default", "r-1");
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_EQ(got->stage, want.stage);
  EXPECT_EQ(got->file_id, want.file_id);
  EXPECT_EQ(got->key_columns, want.key_columns);
  EXPECT_EQ(got->display_name, want.display_name);
  EXPECT_EQ(got->request_id, want.request_id);
  EXPECT_EQ(got->created_by, want.created_by);
  EXPECT_EQ(got->create_time, want.create_time);
}

TEST_P(CatalogTest, ReferencesAnswerRepetitionsLikeFiles) {
  ASSERT_TRUE(catalog().CreateFile(File("f-1")).ok());
  ASSERT_TRUE(catalog().CreateReference(Reference("r-1", "f-1")).ok());
  ReferenceRecord again = Reference("r-2", "f-1");
  again.request_id = "request-r-1";
  const auto repeated = catalog().CreateReference(again);
  ASSERT_TRUE(repeated.ok()) << repeated.status();
  EXPECT_TRUE(repeated->existed);
  EXPECT_EQ(repeated->record.id, "r-1");
  again.key_columns = {"other"};
  EXPECT_EQ(ReasonOf(catalog().CreateReference(again).status()), "REQUEST_ID_REUSED");
  again.id = "r-1";
  again.request_id = "another request";
  EXPECT_EQ(ReasonOf(catalog().CreateReference(again).status()), "ID_TAKEN");
}

TEST_P(CatalogTest, ReferencesListNewestFirstInPages) {
  ASSERT_TRUE(catalog().CreateFile(File("f-1")).ok());
  for (const char* id : {"z", "m", "a"}) {
    ASSERT_TRUE(catalog().CreateReference(Reference(id, "f-1")).ok());
  }
  EXPECT_THAT(Ids(catalog().ListReferences("default", "", 2)), ElementsAre("a", "m"));
  EXPECT_THAT(Ids(catalog().ListReferences("default", "m", 2)), ElementsAre("z"));
}

TEST_P(CatalogTest, AFileIsKeptWhileAReferenceNeedsIt) {
  ASSERT_TRUE(catalog().CreateFile(File("f-1")).ok());
  ASSERT_TRUE(catalog().CreateReference(Reference("r-1", "f-1")).ok());
  const absl::Status refused = catalog().DeleteFile("default", "f-1");
  EXPECT_TRUE(absl::IsFailedPrecondition(refused));
  EXPECT_EQ(ReasonOf(refused), "IN_USE");
  ASSERT_TRUE(catalog().DeleteReference("default", "r-1").ok());
  EXPECT_TRUE(catalog().DeleteFile("default", "f-1").ok());
}

// A reference that is being validated.
ReferenceRecord Validating(const std::string& id, const std::string& file_id) {
  ReferenceRecord reference = Reference(id, file_id);
  reference.state = ReferenceState::kValidating;
  reference.validation_job = "j-" + id;
  return reference;
}

ReferenceVersion Version(int32_t version, const std::string& file_id, ReferenceState state) {
  return {version, file_id, {"code"}, state, {}, "j-" + file_id, "user:bob", JobScript::Start()};
}

TEST_P(CatalogTest, ARepetitionIsOneAlsoWhenTheFirstFileIsGone) {
  for (const char* id : {"f-1", "f-2"}) ASSERT_TRUE(catalog().CreateFile(File(id)).ok());
  const ReferenceRecord asked = Reference("r-1", "f-1");
  ASSERT_TRUE(catalog().CreateReference(asked).ok());
  ReferenceRecord changed = *catalog().GetReference("default", "r-1");
  changed.newest_version = changed.version = 2;
  changed.file_id = "f-2";
  ASSERT_TRUE(catalog().UpdateReference(changed, Version(2, "f-2", ReferenceState::kReady)).ok());
  ASSERT_TRUE(catalog().DeleteFile("default", "f-1").ok());
  ReferenceRecord again = asked;
  again.id = "r-2";
  const auto repeated = catalog().CreateReference(again);
  ASSERT_TRUE(repeated.ok()) << repeated.status();
  EXPECT_TRUE(repeated->existed);
  EXPECT_EQ(repeated->record.id, "r-1");
}

TEST_P(CatalogTest, AVersionReadsBackFieldByField) {
  for (const char* id : {"f-1", "f-2"}) ASSERT_TRUE(catalog().CreateFile(File(id)).ok());
  ASSERT_TRUE(catalog().CreateReference(Validating("r-1", "f-1")).ok());
  ReferenceRecord changed = *catalog().GetReference("default", "r-1");
  EXPECT_EQ(changed.state, ReferenceState::kValidating);
  EXPECT_EQ(changed.revision, 1);
  changed.newest_version = 2;
  changed.display_name = "another label";
  ASSERT_TRUE(
      catalog().UpdateReference(changed, Version(2, "f-2", ReferenceState::kValidating)).ok());
  const auto versions = catalog().ListReferenceVersions("default", "r-1", 10);
  ASSERT_TRUE(versions.ok()) << versions.status();
  ASSERT_EQ(versions->size(), 2);
  const ReferenceVersion& newest = versions->front();
  EXPECT_EQ(newest.version, 2);
  EXPECT_EQ(newest.file_id, "f-2");
  EXPECT_THAT(newest.key_columns, ElementsAre("code"));
  EXPECT_EQ(newest.state, ReferenceState::kValidating);
  EXPECT_EQ(newest.validation_job, "j-f-2");
  EXPECT_EQ(newest.created_by, "user:bob");
  EXPECT_EQ(newest.create_time, JobScript::Start());
  EXPECT_EQ(versions->back().version, 1);
  EXPECT_EQ(versions->back().validation_job, "j-r-1");
  EXPECT_EQ(catalog().ListReferenceVersions("default", "r-1", 1)->size(), 1);
  EXPECT_EQ(catalog().GetReferenceVersion("default", "r-1", 1)->file_id, "f-1");
  EXPECT_EQ(ReasonOf(catalog().GetReferenceVersion("default", "r-1", 3).status()),
            "REFERENCE_NOT_FOUND");
  const auto reference = catalog().GetReference("default", "r-1");
  EXPECT_EQ(reference->version, 1);
  EXPECT_EQ(reference->file_id, "f-1");
  EXPECT_EQ(reference->newest_version, 2);
  EXPECT_EQ(reference->display_name, "another label");
  EXPECT_EQ(reference->revision, 2);
}

TEST_P(CatalogTest, VersionsThatAreValidatedAreListedPageByPage) {
  for (const char* id : {"f-1", "f-2"}) ASSERT_TRUE(catalog().CreateFile(File(id)).ok());
  for (const char* id : {"r-1", "r-2"}) {
    ASSERT_TRUE(catalog().CreateReference(Reference(id, "f-1")).ok());
    ReferenceRecord changed = *catalog().GetReference("default", id);
    changed.newest_version = 2;
    const auto added = Version(2, "f-2", ReferenceState::kValidating);
    ASSERT_TRUE(catalog().UpdateReference(changed, added).ok());
  }
  const auto first = catalog().ListValidatingReferences({}, 1);
  ASSERT_EQ(first->size(), 1);
  const auto second = catalog().ListValidatingReferences(first->front(), 1);
  ASSERT_EQ(second->size(), 1);
  EXPECT_NE(first->front().id, second->front().id);
  EXPECT_EQ(second->front().version.file_id, "f-2");
  EXPECT_THAT(*catalog().ListValidatingReferences(second->front(), 1), IsEmpty());
}

TEST_P(CatalogTest, AVersionIsCurrentOnceItIsReady) {
  for (const char* id : {"f-1", "f-2"}) ASSERT_TRUE(catalog().CreateFile(File(id)).ok());
  ASSERT_TRUE(catalog().CreateReference(Reference("r-1", "f-1")).ok());
  ReferenceRecord changed = *catalog().GetReference("default", "r-1");
  changed.newest_version = 2;
  ASSERT_TRUE(
      catalog().UpdateReference(changed, Version(2, "f-2", ReferenceState::kValidating)).ok());
  EXPECT_EQ(ReasonOf(catalog().DeleteFile("default", "f-2")), "IN_USE");
  auto validating = catalog().ListValidatingReferences({}, 10);
  ASSERT_EQ(validating->size(), 1);
  ValidatingReference& settled = validating->front();
  EXPECT_EQ(settled.id, "r-1");
  settled.version.state = ReferenceState::kReady;
  ASSERT_TRUE(catalog().SettleReference(settled).ok());
  EXPECT_THAT(*catalog().ListValidatingReferences({}, 10), IsEmpty());
  const auto current = catalog().GetReference("default", "r-1");
  EXPECT_EQ(current->version, 2);
  EXPECT_EQ(current->file_id, "f-2");
  EXPECT_THAT(current->key_columns, ElementsAre("code"));
  EXPECT_EQ(current->state, ReferenceState::kReady);
  EXPECT_TRUE(catalog().DeleteFile("default", "f-1").ok());  // Nothing needs an earlier version.
  EXPECT_EQ(ReasonOf(catalog().DeleteFile("default", "f-2")), "IN_USE");
  settled.version.state = ReferenceState::kRefused;  // It has been settled.
  ASSERT_TRUE(catalog().SettleReference(settled).ok());
  EXPECT_EQ(catalog().GetReference("default", "r-1")->state, ReferenceState::kReady);
}

TEST_P(CatalogTest, ARefusedVersionIsNeverCurrentAndTellsWhy) {
  for (const char* id : {"f-1", "f-2"}) ASSERT_TRUE(catalog().CreateFile(File(id)).ok());
  ASSERT_TRUE(catalog().CreateReference(Reference("r-1", "f-1")).ok());
  ReferenceRecord changed = *catalog().GetReference("default", "r-1");
  changed.newest_version = 2;
  ReferenceVersion bad = Version(2, "f-2", ReferenceState::kValidating);
  ASSERT_TRUE(catalog().UpdateReference(changed, bad).ok());
  bad.state = ReferenceState::kRefused;
  bad.error = {"KEY_NOT_UNIQUE", "two rows", {{"rows", "2"}}};
  ASSERT_TRUE(catalog().SettleReference({"default", "r-1", bad}).ok());
  EXPECT_EQ(catalog().GetReference("default", "r-1")->version, 1);
  const auto told = catalog().GetReferenceVersion("default", "r-1", 2);
  EXPECT_EQ(told->state, ReferenceState::kRefused);
  EXPECT_EQ(told->error, bad.error);
  EXPECT_TRUE(catalog().DeleteFile("default", "f-2").ok());
}

TEST_P(CatalogTest, OneReferenceOfAProjectAndStageIsActive) {
  ASSERT_TRUE(catalog().CreateFile(File("f-1")).ok());
  ReferenceRecord first = Reference("r-1", "f-1");
  first.wants_active = true;
  const auto created = catalog().CreateReference(first);
  ASSERT_TRUE(created.ok()) << created.status();
  EXPECT_TRUE(created->record.active);
  EXPECT_EQ(catalog().GetActiveReference("default", "complete")->id, "r-1");
  EXPECT_EQ(ReasonOf(catalog().GetActiveReference("default", "dedupe").status()),
            "REFERENCE_NOT_FOUND");
  EXPECT_EQ(ReasonOf(catalog().GetActiveReference("other", "complete").status()),
            "REFERENCE_NOT_FOUND");
  ASSERT_TRUE(catalog().CreateReference(Reference("r-2", "f-1")).ok());
  ReferenceRecord second = *catalog().GetReference("default", "r-2");
  second.active = true;
  ASSERT_TRUE(catalog().UpdateReference(second, std::nullopt).ok());
  EXPECT_EQ(catalog().GetActiveReference("default", "complete")->id, "r-2");
  EXPECT_FALSE(catalog().GetReference("default", "r-1")->active);
  EXPECT_EQ(ReasonOf(catalog().UpdateReference(second, std::nullopt)), "ETAG_MISMATCH");
  second = *catalog().GetReference("default", "r-2");
  second.active = false;
  ASSERT_TRUE(catalog().UpdateReference(second, std::nullopt).ok());
  EXPECT_TRUE(absl::IsNotFound(catalog().GetActiveReference("default", "complete").status()));
}

TEST_P(CatalogTest, AReferenceThatIsToBeActiveIsOnceItIsReady) {
  ASSERT_TRUE(catalog().CreateFile(File("f-1")).ok());
  ReferenceRecord first = Reference("r-1", "f-1");
  first.wants_active = true;
  ASSERT_TRUE(catalog().CreateReference(first).ok());
  ReferenceRecord second = Validating("r-2", "f-1");
  second.wants_active = true;
  ASSERT_TRUE(catalog().CreateReference(second).ok());
  EXPECT_EQ(catalog().GetActiveReference("default", "complete")->id, "r-1");
  ValidatingReference settled = catalog().ListValidatingReferences({}, 10)->front();
  settled.version.state = ReferenceState::kReady;
  ASSERT_TRUE(catalog().SettleReference(settled).ok());
  EXPECT_EQ(catalog().GetActiveReference("default", "complete")->id, "r-2");
  EXPECT_FALSE(catalog().GetReference("default", "r-2")->wants_active);
  EXPECT_FALSE(catalog().GetReference("default", "r-1")->active);
}

TEST_P(CatalogTest, ANewVersionNeedsItsFile) {
  ASSERT_TRUE(catalog().CreateFile(File("f-1")).ok());
  ASSERT_TRUE(catalog().CreateReference(Reference("r-1", "f-1")).ok());
  ReferenceRecord changed = *catalog().GetReference("default", "r-1");
  changed.newest_version = 2;
  const absl::Status refused =
      catalog().UpdateReference(changed, Version(2, "absent", ReferenceState::kValidating));
  EXPECT_EQ(ReasonOf(refused), "FILE_NOT_READY");
  EXPECT_EQ(catalog().GetReference("default", "r-1")->revision, 1);
}

TEST_P(CatalogTest, WhatALiveJobNeedsIsKeptUntilItIsFinished) {
  ASSERT_TRUE(catalog().CreateFile(File("input")).ok());
  ASSERT_TRUE(catalog().CreateFile(File("rows")).ok());
  ASSERT_TRUE(catalog().CreateReference(Reference("r-1", "rows")).ok());
  JobScript job(1, "a");
  job.record.file_ids = {"input"};
  job.record.reference_ids = {"r-1"};
  ASSERT_TRUE(Commit({job.Create()}).ok());
  EXPECT_EQ(ReasonOf(catalog().DeleteFile("default", "input")), "IN_USE");
  EXPECT_EQ(ReasonOf(catalog().DeleteReference("default", "r-1")), "IN_USE");
  ASSERT_TRUE(Commit({}, {job.Cancel()}).ok());
  EXPECT_TRUE(catalog().DeleteReference("default", "r-1").ok());
  EXPECT_TRUE(catalog().DeleteFile("default", "input").ok());
}

}  // namespace
}  // namespace dq
