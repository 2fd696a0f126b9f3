#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "common/base/error.h"
#include "common/base/sha256.h"
#include "common/storage/file_tree.h"
#include "common/storage/object_store.h"

namespace dq {
namespace {

namespace fs = std::filesystem;

constexpr char kSha256OfAbc[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

class FileObjectStoreTest : public testing::Test {
 protected:
  FileObjectStoreTest() {
    std::string pattern = (fs::temp_directory_path() / "dq-storage-XXXXXX").string();
    top_ = mkdtemp(pattern.data());
    fs::create_directory(root());
    store_ = OpenFileObjectStore(root().string()).value();
  }
  ~FileObjectStoreTest() override { fs::remove_all(top_); }

  fs::path root() const { return top_ / "root"; }
  void Write(const fs::path& path, const std::string& text) {
    fs::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  static std::string Read(const fs::path& path) {
    std::ifstream in(path);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  static std::vector<std::string> EntriesOf(const fs::path& directory) {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(directory)) {
      names.push_back(entry.path().filename().string());
    }
    return names;
  }
  void ExpectRefused(const std::string& uri) {
    const auto opened = store_->OpenRead(uri);
    EXPECT_EQ(opened.status().code(), absl::StatusCode::kInvalidArgument) << uri << opened.status();
    EXPECT_EQ(ReasonOf(opened.status()), "BAD_FIELD") << uri;
    EXPECT_EQ(store_->Stat(uri).status().code(), absl::StatusCode::kInvalidArgument) << uri;
  }

  fs::path top_;
  std::unique_ptr<ObjectStore> store_;
};

TEST_F(FileObjectStoreTest, APlainFileIsOpenedByItsKey) {
  Write(root() / "a/b.csv", "abc");
  const auto fd = store_->OpenRead("file:///a/b.csv");
  ASSERT_TRUE(fd.ok()) << fd.status();
  EXPECT_EQ(Sha256OfFd(fd->get()).value(), kSha256OfAbc);
  EXPECT_EQ(store_->Stat("file:///a/b.csv").value().size_bytes, 3);
}

TEST_F(FileObjectStoreTest, AMissingFileIsFileMissing) {
  const auto fd = store_->OpenRead("file:///nowhere/b.csv");
  EXPECT_EQ(fd.status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ReasonOf(fd.status()), "FILE_MISSING");
  EXPECT_EQ(MetadataOf(fd.status())["category"], "file");
}

TEST_F(FileObjectStoreTest, UrisThatLeaveTheRootAreRefused) {
  Write(top_ / "secret", "x");
  Write(root() / "a/b", "x");
  for (const char* uri : {"file:///../secret", "file:///a/../../secret", "file:///a/../a/b",
                          "file:////etc/passwd", "file:///./a/b", "file:///a//b", "file:///a/b/",
                          "file:///", "/etc/passwd", "file://host/a", "s3://bucket/a", ""}) {
    ExpectRefused(uri);
  }
  ExpectRefused(std::string("file:///a\0b", 11));
  ExpectRefused("file:///" + std::string(2000, 'a'));
}

TEST_F(FileObjectStoreTest, SymbolicLinksOutOfTheRootAreRefusedAndThoseWithinAreFollowed) {
  Write(top_ / "secret", "x");
  Write(root() / "inside", "x");
  fs::create_symlink("../secret", root() / "relative");
  fs::create_symlink(top_ / "secret", root() / "absolute");
  fs::create_symlink("..", root() / "directory");
  fs::create_symlink("/proc/self/root", root() / "magic");
  fs::create_symlink("inside", root() / "harmless");
  for (const char* uri : {"file:///relative", "file:///absolute", "file:///directory/secret",
                          "file:///magic/etc/passwd"}) {
    ExpectRefused(uri);
  }
  EXPECT_TRUE(store_->OpenRead("file:///harmless").ok());
  EXPECT_FALSE(store_->Create("file:///directory/new").ok());
  EXPECT_FALSE(store_->Publish("file:///directory", "a1").ok());
  EXPECT_FALSE(store_->Remove("file:///directory/secret").ok());
  EXPECT_TRUE(fs::exists(top_ / "secret"));
}

TEST_F(FileObjectStoreTest, WhatIsNoPlainFileIsRefusedWithoutHanging) {
  fs::create_directory(root() / "directory");
  ASSERT_EQ(mkfifo((root() / "fifo").c_str(), 0600), 0);
  ExpectRefused("file:///directory");
  ExpectRefused("file:///fifo");
}

TEST_F(FileObjectStoreTest, AnUnreadableFileIsTyped) {
  if (geteuid() == 0) GTEST_SKIP() << "root reads everything";
  Write(root() / "locked", "x");
  fs::permissions(root() / "locked", fs::perms::none);
  EXPECT_EQ(ReasonOf(store_->OpenRead("file:///locked").status()), "FILE_UNREADABLE");
}

TEST_F(FileObjectStoreTest, AnObjectAppearsWholeAtCommit) {
  auto writer = store_->Create("file:///new/deep/object");
  ASSERT_TRUE(writer.ok()) << writer.status();
  ASSERT_TRUE((*writer)->Append("a").ok());
  ASSERT_TRUE((*writer)->Append("bc").ok());
  EXPECT_FALSE(fs::exists(root() / "new/deep/object"));
  EXPECT_TRUE(store_->List("file:///new").value().empty());
  const auto written = (*writer)->Commit();
  ASSERT_TRUE(written.ok()) << written.status();
  EXPECT_EQ(written->uri, "file:///new/deep/object");
  EXPECT_EQ(written->size_bytes, 3);
  EXPECT_EQ(written->sha256, kSha256OfAbc);
  EXPECT_EQ(Read(root() / "new/deep/object"), "abc");
  EXPECT_THAT(EntriesOf(root() / "new/deep"), testing::ElementsAre("object"));
}

TEST_F(FileObjectStoreTest, AnAbortedOrForgottenWriterLeavesNothing) {
  for (const bool forget : {false, true}) {
    auto writer = store_->Create("file:///d/object").value();
    ASSERT_TRUE(writer->Append("abc").ok());
    if (!forget) writer->Abort();
    writer.reset();
    EXPECT_TRUE(fs::is_empty(root() / "d"));
  }
}

TEST_F(FileObjectStoreTest, APublicationAppearsAsAWholeWithItsManifest) {
  auto publication = store_->Publish("file:///projects/p/jobs/j", "a1-01234567");
  ASSERT_TRUE(publication.ok()) << publication.status();
  const UniqueFd file = (*publication)->CreateFile("out.csv").value();
  const UniqueFd empty = (*publication)->CreateFile("rejects.csv").value();
  ASSERT_EQ(write(file.get(), "abc", 3), 3);
  const auto sealed = (*publication)->Seal("out.csv");
  ASSERT_TRUE(sealed.ok()) << sealed.status();
  EXPECT_EQ(sealed->uri, "file:///projects/p/jobs/j/a1-01234567/out.csv");
  EXPECT_EQ(sealed->size_bytes, 3);
  EXPECT_EQ(sealed->sha256, kSha256OfAbc);
  EXPECT_TRUE((*publication)->Drop("rejects.csv").ok());
  EXPECT_FALSE(fs::exists(root() / "projects/p/jobs/j/a1-01234567"));
  EXPECT_TRUE(store_->List("file:///projects").value().empty());
  const auto manifest = (*publication)->Commit("{}");
  ASSERT_TRUE(manifest.ok()) << manifest.status();
  EXPECT_EQ(manifest->sha256, Sha256Of("{}"));
  publication->reset();
  EXPECT_EQ(Read(root() / "projects/p/jobs/j/a1-01234567/manifest.json"), "{}");
  EXPECT_THAT(EntriesOf(root() / "projects/p/jobs/j"), testing::ElementsAre("a1-01234567"));
  EXPECT_THAT(EntriesOf(root() / "projects/p/jobs/j/a1-01234567"),
              testing::UnorderedElementsAre("out.csv", "manifest.json"));
}

TEST_F(FileObjectStoreTest, AnAbortedPublicationLeavesNothing) {
  auto publication = store_->Publish("file:///jobs/j", "a1").value();
  ASSERT_TRUE(publication->CreateFile("out.csv").ok());
  publication.reset();
  EXPECT_TRUE(fs::is_empty(root() / "jobs/j"));
}

TEST_F(FileObjectStoreTest, WhatDeadWritersLeftUnfinishedIsRemovedAndNothingElse) {
  Write(root() / "jobs/j/.tmp-a1-0123-01234567/out.csv", "half");
  Write(root() / "jobs/j/.tmp-a3-4567-01234567/out.csv", "of a living writer");
  Write(root() / "jobs/j/a0-done/out.csv", "whole");
  Write(root() / "jobs/j/.tmp-file", "of an object");
  std::vector<std::string> asked;
  const auto is_dead = [&](std::string_view name) {
    asked.emplace_back(name);
    return name == "a1-0123";
  };
  ASSERT_TRUE(store_->RemoveUnfinished("file:///jobs/j", is_dead).ok());
  EXPECT_THAT(asked, testing::UnorderedElementsAre("a1-0123", "a3-4567"));
  EXPECT_THAT(EntriesOf(root() / "jobs/j"),
              testing::UnorderedElementsAre(".tmp-a3-4567-01234567", ".tmp-file", "a0-done"));
  EXPECT_TRUE(store_->RemoveUnfinished("file:///jobs/none", is_dead).ok());
}

TEST_F(FileObjectStoreTest, WhatCannotBeRemovedOfDeadWritersIsToldAndTheRestGoes) {
  Write(root() / "jobs/j/.tmp-a1-0123-01234567/below/file", "not of a publication");
  Write(root() / "jobs/j/.tmp-a2-4567-01234567/out.csv", "half");
  const absl::Status removed =
      store_->RemoveUnfinished("file:///jobs/j", [](std::string_view) { return true; });
  EXPECT_EQ(ReasonOf(removed), "IO_ERROR") << removed;
  EXPECT_THAT(EntriesOf(root() / "jobs/j"), testing::ElementsAre(".tmp-a1-0123-01234567"));
}

TEST_F(FileObjectStoreTest, TwoWritersOfOnePrefixLeaveEachOtherAlone) {
  auto first = store_->Publish("file:///jobs/j", "a1").value();
  const UniqueFd file = first->CreateFile("out.csv").value();
  ASSERT_TRUE(store_->Publish("file:///jobs/j", "a2").value()->Commit("{}").ok());
  EXPECT_TRUE(first->Seal("out.csv").ok());
  EXPECT_TRUE(first->Commit("{}").ok());
}

TEST_F(FileObjectStoreTest, AnOutputThatWasTakenAwayIsNoFaultOfTheFile) {
  auto publication = store_->Publish("file:///jobs/j", "a1").value();
  ASSERT_TRUE(publication->CreateFile("out.csv").ok());
  store_->RemoveUnfinished("file:///jobs/j", [](std::string_view) { return true; }).IgnoreError();
  const absl::Status gone = publication->Seal("out.csv").status();
  EXPECT_EQ(ReasonOf(gone), "IO_ERROR") << gone;
  EXPECT_EQ(MetadataOf(gone)["category"], "system");
}

TEST_F(FileObjectStoreTest, APublicationCanBeTakenBack) {
  ASSERT_TRUE(store_->Publish("file:///jobs/j", "a1").value()->Commit("{}").ok());
  ASSERT_TRUE(store_->Publish("file:///jobs/j", "a2").value()->Commit("{}").ok());
  EXPECT_TRUE(store_->Unpublish("file:///jobs/j", "a1").ok());
  EXPECT_TRUE(store_->Unpublish("file:///jobs/j", "a1").ok());
  EXPECT_TRUE(store_->Unpublish("file:///none", "a1").ok());
  EXPECT_EQ(store_->Unpublish("file:///jobs/j", "../j").code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(EntriesOf(root() / "jobs/j"), testing::ElementsAre("a2"));
}

TEST_F(FileObjectStoreTest, ADirectoryGoesOnlyWhenNothingIsLeftInIt) {
  Write(root() / "jobs/j/a1/manifest.json", "{}");
  EXPECT_TRUE(store_->RemoveEmptyDirectory("file:///jobs/j").ok());
  EXPECT_TRUE(fs::exists(root() / "jobs/j/a1/manifest.json"));
  ASSERT_TRUE(store_->Unpublish("file:///jobs/j", "a1").ok());
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(store_->RemoveEmptyDirectory("file:///jobs/j").ok());
    EXPECT_FALSE(fs::exists(root() / "jobs/j"));
  }
  EXPECT_TRUE(store_->RemoveEmptyDirectory("file:///none/j").ok());
  EXPECT_EQ(store_->RemoveEmptyDirectory("file:///../j").code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(FileObjectStoreTest, APublishedDirectoryIsNeverReplaced) {
  ASSERT_TRUE(store_->Publish("file:///jobs/j", "a1").value()->Commit("first").ok());
  EXPECT_EQ(store_->Publish("file:///jobs/j", "a1").value()->Commit("second").status().code(),
            absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(Read(root() / "jobs/j/a1/manifest.json"), "first");
  EXPECT_THAT(EntriesOf(root() / "jobs/j"), testing::ElementsAre("a1"));
}

TEST_F(FileObjectStoreTest, OutputNamesWithASlashAreRefused) {
  auto publication = store_->Publish("file:///jobs/j", "a1").value();
  for (const char* name : {"../x", "a/b", "", ".", ".."}) {
    EXPECT_EQ(publication->CreateFile(name).status().code(), absl::StatusCode::kInvalidArgument);
  }
}

TEST_F(FileObjectStoreTest, ListIsSortedAndDeepAndRemoveIsIdempotent) {
  Write(root() / "p/b", "xx");
  Write(root() / "p/a/c", "x");
  Write(root() / "q/d", "x");
  const auto listed = store_->List("file:///p").value();
  ASSERT_EQ(listed.size(), 2u);
  EXPECT_EQ(listed[0].uri, "file:///p/a/c");
  EXPECT_EQ(listed[1].uri, "file:///p/b");
  EXPECT_EQ(listed[1].size_bytes, 2);
  EXPECT_TRUE(store_->Remove("file:///p/b").ok());
  EXPECT_TRUE(store_->Remove("file:///p/b").ok());
  EXPECT_TRUE(store_->Remove("file:///none/b").ok());
  EXPECT_TRUE(store_->List("file:///none").value().empty());
  EXPECT_FALSE(fs::exists(root() / "p/b"));
}

TEST_F(FileObjectStoreTest, PlainFilesAreVisitedWhereOneEntersAndNoLinkIsFollowed) {
  Write(root() / "in/a", "x");
  Write(root() / "in/sub/b", "x");
  Write(root() / "in/sub/deep/c", "x");
  Write(root() / "in/not/d", "x");
  Write(root() / "in/.tmp-1", "unfinished");
  Write(top_ / "outside/e", "x");
  fs::create_symlink(top_ / "outside", root() / "in/link");
  fs::create_symlink(root() / "in/a", root() / "in/other");
  ASSERT_EQ(mkfifo((root() / "in/fifo").c_str(), 0600), 0);
  std::vector<std::string> paths;
  const auto enters = [](const std::string& path) { return path != "not"; };
  const auto visit = [&paths](const std::string& path) {
    paths.push_back(path);
    return absl::OkStatus();
  };
  ASSERT_TRUE(store_->VisitFiles("file:///in", enters, visit).ok());
  EXPECT_THAT(paths, testing::UnorderedElementsAre("a", "sub/b", "sub/deep/c"));
}

TEST_F(FileObjectStoreTest, AVisitEndsWithTheFirstErrorAndWhatIsNoDirectoryIsOne) {
  Write(root() / "in/a", "x");
  Write(root() / "in/b", "x");
  fs::create_symlink(top_, root() / "out");
  int visited = 0;
  const auto enters = [](const std::string&) { return true; };
  const auto visit = [&visited](const std::string&) {
    ++visited;
    return absl::CancelledError("enough");
  };
  EXPECT_TRUE(absl::IsCancelled(store_->VisitFiles("file:///in", enters, visit)));
  EXPECT_EQ(visited, 1);
  EXPECT_EQ(ReasonOf(store_->VisitFiles("file:///none", enters, visit)), "FILE_MISSING");
  for (const char* uri : {"file:///in/a", "file:///out", "file:///in/../in", "file:///"}) {
    EXPECT_EQ(ReasonOf(store_->VisitFiles(uri, enters, visit)), "BAD_FIELD") << uri;
  }
}

TEST(WriteAll, AFullDiskIsTyped) {
  const UniqueFd full(open("/dev/full", O_WRONLY | O_CLOEXEC));
  if (!full) GTEST_SKIP() << "no /dev/full";
  const absl::Status status = WriteAll(full.get(), "x", "out.csv");
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ReasonOf(status), "DISK_FULL");
  EXPECT_EQ(MetadataOf(status)["category"], "system");
}

TEST(OpenFileObjectStore, AMissingRootIsAnError) {
  EXPECT_EQ(ReasonOf(OpenFileObjectStore("/nowhere/at/all").status()), "STORAGE_ROOT_UNUSABLE");
}

}  // namespace
}  // namespace dq
