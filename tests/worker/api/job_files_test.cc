#include "worker/api/job_files.h"

#include <gtest/gtest.h>

#include "common/base/error.h"
#include "worker/api/outcome_messages.h"

namespace dq {
namespace {

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
