#include "worker/api/job_files.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "common/base/error.h"
#include "worker/api/outcome_messages.h"

namespace dq {
namespace {

namespace fs = std::filesystem;

std::string NameOf(std::string_view display_name) { return CleanedName(display_name, {}); }

TEST(CleanedName, TheExtensionSaysWhatTheFileIs) {
  const OutputChoice plain;
  const OutputChoice packed = {.format = OutputFormat::kJsonLines,
                               .compression = Compression::kGzip};
  EXPECT_EQ(CleanedName("a.csv.gz", plain), "a.cleaned.csv");
  EXPECT_EQ(CleanedName("a.csv.gz", packed), "a.cleaned.jsonl.gz");
  EXPECT_EQ(CleanedName("a.csv", {.compression = Compression::kZstd}), "a.cleaned.csv.zst");
  EXPECT_EQ(CleanedName("a.jsonl", {.format = OutputFormat::kTsv}), "a.cleaned.tsv");
}

TEST(CleanedName, TheStemIsKeptAndTheExtensionStaysLast) {
  EXPECT_EQ(NameOf("customers.csv"), "customers.cleaned.csv");
  EXPECT_EQ(NameOf("a.b.tsv"), "a.b.cleaned.tsv");
  EXPECT_EQ(NameOf("customers"), "customers.cleaned");
  EXPECT_EQ(NameOf("kündigungen.csv"), "kündigungen.cleaned.csv");
}

TEST(CleanedName, WhatIsNoFileNameBecomesOne) {
  EXPECT_EQ(NameOf(""), "output.cleaned");
  EXPECT_EQ(NameOf("../../etc/passwd"), "passwd.cleaned");
  EXPECT_EQ(NameOf("a/.."), "..cleaned.");
  EXPECT_EQ(NameOf(".csv"), "output.cleaned.csv");
  EXPECT_EQ(NameOf("a\nb.csv"), "a_b.cleaned.csv");
  EXPECT_LE(NameOf(std::string(5000, 'a') + ".csv").size(), 255u);
}

std::string Repeated(std::string_view text, int times) {
  std::string all;
  while (times-- > 0) all += text;
  return all;
}

TEST(CleanedName, ALongNameIsCutAtACharacterAndKeepsItsExtension) {
  const std::string name = NameOf("a" + Repeated("表", 80) + ".csv");
  EXPECT_EQ(name, "a" + Repeated("表", 66) + ".cleaned.csv");
  EXPECT_EQ(NameOf(std::string(251, 'a') + ".csv"), std::string(200, 'a') + ".cleaned.csv");
  EXPECT_EQ(NameOf("a." + std::string(253, 'b')), "a." + std::string(198, 'b') + ".cleaned");
  EXPECT_EQ(NameOf("my customers (1).csv"), "my customers (1).cleaned.csv");
  EXPECT_EQ(NameOf("a\xff.csv"), "a?.cleaned.csv");
}

// The folder of a job at its attempt 3, with what two earlier attempts have left.
class JobFilesTest : public ::testing::Test {
 protected:
  JobFilesTest() {
    std::string pattern = (fs::temp_directory_path() / "dq-files-XXXXXX").string();
    root_ = mkdtemp(pattern.data());
    store_ = OpenFileObjectStore(root_.string()).value();
    std::ofstream(root_ / "in.csv") << "a\n1\n";
    for (const char* attempt : {"a1-01234567", "a2-01234567"}) {
      for (const char* file : {kCheckpointNames[0], kCheckpointNames[1], kCheckpointNames[2],
                               "in.cleaned.csv", "rejects.csv"}) {
        fs::create_directories(FolderOf(attempt));
        std::ofstream(FolderOf(attempt) / file) << attempt;
      }
    }
    order_.input = {"file:///in.csv", 4};
    order_.spec.display_name = "in.csv";
    order_.output_prefix = "file:///job";
    order_.output_directory = "a3-01234567";
    order_.attempt = 3;
  }
  ~JobFilesTest() override { fs::remove_all(root_); }
  fs::path FolderOf(const std::string& attempt) const {
    return root_ / "job" / (".tmp-" + attempt + "-89abcdef");
  }
  static std::string Content(int fd) {
    std::string text(64, ' ');
    const ssize_t got = ::pread(fd, text.data(), text.size(), 0);
    return text.substr(0, got < 0 ? 0 : static_cast<size_t>(got));
  }
  JobFiles Open() {
    return JobFiles::Open(*store_, order_, [] { return false; }).value();
  }

  fs::path root_;
  std::unique_ptr<ObjectStore> store_;
  ChainOrder order_;
};

TEST_F(JobFilesTest, TheGrantedCheckpointIsTakenOverWhateverElseLiesThere) {
  order_.resume = ResumeOrder{"a1-01234567", "", {7, "f"}};
  const JobFiles files = Open();
  ASSERT_TRUE(files.resume().has_value());
  EXPECT_EQ(files.resume()->sequence_min, 7);
  EXPECT_EQ(Content(files.checkpoint_files().slot_fds[0]), "a1-01234567");
  EXPECT_EQ(Content(files.chain_files().cleaned_fd), "a1-01234567");
}

TEST_F(JobFilesTest, WhatHoldsTheGrantedCheckpointStaysUntilTheAttemptHasCompleted) {
  order_.resume = ResumeOrder{"a1-01234567", "", {7, "f"}};
  const JobFiles files = Open();
  EXPECT_TRUE(fs::exists(FolderOf("a1-01234567")));
  EXPECT_FALSE(fs::exists(FolderOf("a2-01234567")));
  RemoveEarlierAttempts(*store_, order_);
  EXPECT_FALSE(fs::exists(FolderOf("a1-01234567")));
}

TEST_F(JobFilesTest, WithoutAGrantedCheckpointTheAttemptBeginsAtTheBeginning) {
  const JobFiles files = Open();
  EXPECT_FALSE(files.resume().has_value());
  EXPECT_EQ(Content(files.checkpoint_files().slot_fds[0]), "");
}

TEST_F(JobFilesTest, ACheckpointThatIsGoneMakesTheAttemptBeginAtTheBeginning) {
  order_.resume = ResumeOrder{"a1-76543210", "", {7, "f"}};
  EXPECT_FALSE(Open().resume().has_value());
}

TEST(IsRetryable, BadInputAndBadConfigurationAreNot) {
  const auto error = [](const char* category) {
    return MakeError(absl::StatusCode::kInternal, "R", "m", {{"category", category}});
  };
  EXPECT_FALSE(IsRetryable(error("file")));
  EXPECT_FALSE(IsRetryable(error("configuration")));
  EXPECT_TRUE(IsRetryable(error("processing")));
  EXPECT_TRUE(IsRetryable(error("system")));
  EXPECT_TRUE(IsRetryable(absl::InternalError("without category")));
}

TEST(IsRetryable, WhatPassesALimitWillPassItAgain) {
  for (const char* reason : {"OUT_OF_MEMORY", "CPU_LIMIT", "REPORT_TOO_LONG"}) {
    for (const char* category : {"processing", "system"}) {
      EXPECT_FALSE(IsRetryable(
          MakeError(absl::StatusCode::kResourceExhausted, reason, "m", {{"category", category}})));
    }
  }
}

}  // namespace
}  // namespace dq
