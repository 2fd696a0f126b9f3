#include "scheduler/dqctl/clean_paths.h"

#include <gtest/gtest.h>

namespace dq::dqctl {
namespace {

std::string CleanedOf(const std::string& file) {
  CleanCommand command;
  command.file = file;
  return CleanedPath(command);
}

TEST(CleanPaths, TheCleanedFileIsNamedBeforeTheExtensionOfWhatIsPacked) {
  EXPECT_EQ(CleanedOf("/d/a.csv"), "/d/a.cleaned.csv");
  EXPECT_EQ(CleanedOf("/d/a.csv.gz"), "/d/a.cleaned.csv.gz");
  EXPECT_EQ(CleanedOf("a.2024.jsonl.zst"), "a.2024.cleaned.jsonl.zst");
  EXPECT_EQ(CleanedOf("a.gz"), "a.cleaned.gz");
  EXPECT_EQ(CleanedOf("/d.x/a"), "/d.x/a.cleaned");
  EXPECT_EQ(CleanedOf(".gz"), ".gz.cleaned");
}

TEST(CleanPaths, ANameThatWasGivenIsTaken) {
  CleanCommand command;
  command.file = "a.csv.gz";
  command.output = "b.csv";
  EXPECT_EQ(CleanedPath(command), "b.csv");
}

}  // namespace
}  // namespace dq::dqctl
