#include "worker/api/job_files.h"

#include <gtest/gtest.h>

#include "common/base/error.h"
#include "worker/api/outcome_messages.h"

namespace dq {
namespace {

TEST(CleanedName, TheStemIsKeptAndTheExtensionStaysLast) {
  EXPECT_EQ(CleanedName("customers.csv"), "customers.cleaned.csv");
  EXPECT_EQ(CleanedName("a.b.tsv"), "a.b.cleaned.tsv");
  EXPECT_EQ(CleanedName("customers"), "customers.cleaned");
  EXPECT_EQ(CleanedName("kündigungen.csv"), "kündigungen.cleaned.csv");
}

TEST(CleanedName, WhatIsNoFileNameBecomesOne) {
  EXPECT_EQ(CleanedName(""), "output.cleaned");
  EXPECT_EQ(CleanedName("../../etc/passwd"), "passwd.cleaned");
  EXPECT_EQ(CleanedName("a/.."), "..cleaned.");
  EXPECT_EQ(CleanedName(".csv"), "output.cleaned.csv");
  EXPECT_EQ(CleanedName("a\nb.csv"), "a_b.cleaned.csv");
  EXPECT_LE(CleanedName(std::string(5000, 'a') + ".csv").size(), 255u);
}

std::string Repeated(std::string_view text, int times) {
  std::string all;
  while (times-- > 0) all += text;
  return all;
}

TEST(CleanedName, ALongNameIsCutAtACharacterAndKeepsItsExtension) {
  const std::string name = CleanedName("a" + Repeated("表", 80) + ".csv");
  EXPECT_EQ(name, "a" + Repeated("表", 66) + ".cleaned.csv");
  EXPECT_EQ(CleanedName(std::string(251, 'a') + ".csv"), std::string(200, 'a') + ".cleaned.csv");
  EXPECT_EQ(CleanedName("a." + std::string(253, 'b')), "a." + std::string(198, 'b') + ".cleaned");
  EXPECT_EQ(CleanedName("my customers (1).csv"), "my customers (1).cleaned.csv");
  EXPECT_EQ(CleanedName("a\xff.csv"), "a?.cleaned.csv");
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
