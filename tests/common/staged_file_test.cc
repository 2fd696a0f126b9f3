#include "common/base/staged_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "common/base/error.h"
#include "common/base/unique_fd.h"

namespace dq {
namespace {

namespace fs = std::filesystem;

class StagedFileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "dq-staged-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string At(const std::string& name) const { return (folder_ / name).string(); }
  static void Write(const StagedFile& file, const std::string& text) {
    ASSERT_EQ(::write(file.fd(), text.data(), text.size()), std::ssize(text));
  }
  static std::string Read(const std::string& path) {
    std::ifstream in(path);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  size_t Entries() const {
    return static_cast<size_t>(std::distance(fs::directory_iterator(folder_), {}));
  }

  fs::path folder_;
};

TEST_F(StagedFileTest, AppearsOnlyWhenPublished) {
  StagedFile file = *StagedFile::Create(At("a.csv"));
  Write(file, "new");
  EXPECT_FALSE(fs::exists(At("a.csv")));
  EXPECT_EQ(Entries(), 0U) << "what a kill now would leave";
  ASSERT_TRUE(file.Sync().ok());
  ASSERT_TRUE(file.Publish().ok());
  EXPECT_EQ(Read(At("a.csv")), "new");
  EXPECT_EQ(Entries(), 1U);
}

TEST_F(StagedFileTest, LeavesNothingAndWhatWasThereWhenDropped) {
  std::ofstream(At("a.csv")) << "old";
  {
    StagedFile file = *StagedFile::Create(At("a.csv"));
    Write(file, "half");
  }
  EXPECT_EQ(Read(At("a.csv")), "old");
  EXPECT_EQ(Entries(), 1U);
}

TEST_F(StagedFileTest, NeverReplacesADeviceOrAPipe) {
  ASSERT_EQ(::mkfifo(At("pipe").c_str(), 0600), 0);
  const UniqueFd reader(::open(At("pipe").c_str(), O_RDONLY | O_NONBLOCK));
  StagedFile file = *StagedFile::Create(At("pipe"));
  Write(file, "text");
  ASSERT_TRUE(file.Sync().ok());
  ASSERT_TRUE(file.Publish().ok());
  EXPECT_TRUE(fs::is_fifo(At("pipe")));
  char text[8] = {};
  EXPECT_EQ(::read(reader.get(), text, sizeof text), 4);
  EXPECT_EQ(Entries(), 1U);
}

TEST_F(StagedFileTest, APipeThatNobodyReadsIsRefusedAndNotWaitedFor) {
  ASSERT_EQ(::mkfifo(At("pipe").c_str(), 0600), 0);
  const absl::Status refused = StagedFile::Create(At("pipe")).status();
  EXPECT_EQ(ReasonOf(refused), "OUTPUT_FAILED");
  EXPECT_NE(MessageOf(refused).find("nobody reads"), std::string::npos) << MessageOf(refused);
}

TEST_F(StagedFileTest, ReplacesTheTargetOfALinkAndKeepsTheLink) {
  std::ofstream(At("target.csv")) << "old";
  fs::create_symlink("target.csv", At("link.csv"));
  StagedFile file = *StagedFile::Create(At("link.csv"));
  Write(file, "new");
  ASSERT_TRUE(file.Publish().ok());
  EXPECT_TRUE(fs::is_symlink(At("link.csv")));
  EXPECT_EQ(Read(At("target.csv")), "new");
}

TEST_F(StagedFileTest, RefusesALinkToNothingAndADescriptorOfAFile) {
  fs::create_symlink("nothing", At("link"));
  const UniqueFd log(::open(At("log").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  const std::string descriptor = "/proc/self/fd/" + std::to_string(log.get());
  fs::create_symlink(descriptor, At("stdout"));
  for (const std::string& path : {At("link"), At("stdout"), descriptor}) {
    EXPECT_EQ(ReasonOf(StagedFile::Create(path).status()), "OUTPUT_FAILED") << path;
    EXPECT_EQ(ReasonOf(StagedFile::Continue(path).status()), "OUTPUT_FAILED") << path;
  }
  EXPECT_TRUE(fs::is_symlink(At("link")));
  EXPECT_EQ(Entries(), 3U);
}

TEST_F(StagedFileTest, WhatIsContinuedIsThereTheNextTime) {
  { Write(*StagedFile::Continue(At("a.csv")), "half"); }
  {
    StagedFile file = *StagedFile::Continue(At("a.csv"));
    ASSERT_EQ(::lseek(file.fd(), 0, SEEK_END), 4);
    Write(file, " and half");
    ASSERT_TRUE(file.Publish().ok());
  }
  EXPECT_EQ(Read(At("a.csv")), "half and half");
  EXPECT_EQ(Entries(), 1U);
}

TEST_F(StagedFileTest, WhatIsContinuedButEmptyOrDiscardedIsGone) {
  { const StagedFile empty = *StagedFile::Continue(At("a.csv")); }
  EXPECT_EQ(Entries(), 0U);
  StagedFile file = *StagedFile::Continue(At("a.csv"));
  Write(file, "half");
  file.Discard();
  EXPECT_EQ(Entries(), 0U);
}

TEST_F(StagedFileTest, OnlyOneAtATimeContinuesAFile) {
  StagedFile file = *StagedFile::Continue(At("a.csv"));
  Write(file, "mine");
  const auto second = StagedFile::Continue(At("a.csv"));
  EXPECT_EQ(ReasonOf(second.status()), "OUTPUT_FAILED");
  EXPECT_NE(MessageOf(second.status()).find("another process"), std::string::npos);
  ASSERT_TRUE(file.Publish().ok());
  const auto next = StagedFile::Continue(At("a.csv"));
  ASSERT_TRUE(next.ok()) << next.status();
  EXPECT_EQ(::lseek(next->fd(), 0, SEEK_END), 0);
}

TEST_F(StagedFileTest, RefusesAFolderAndAMissingFolder) {
  EXPECT_EQ(ReasonOf(StagedFile::Create(folder_.string()).status()), "OUTPUT_FAILED");
  EXPECT_EQ(ReasonOf(StagedFile::Create(At("missing/a.csv")).status()), "OUTPUT_FAILED");
}

}  // namespace
}  // namespace dq
