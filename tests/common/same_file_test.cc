#include "common/base/same_file.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace dq {
namespace {

TEST(SameFile, AFileThatIsNotThereYetIsTheSameUnderEveryWayToNameIt) {
  const std::string name = "same_file_that_is_not_there.csv";
  EXPECT_TRUE(SameFile(name, "./" + name));
  EXPECT_TRUE(SameFile("./" + name, (std::filesystem::current_path() / name).string()));
  EXPECT_TRUE(SameFile(name, "no_such_folder/../" + name));
  EXPECT_FALSE(SameFile(name, "no_such_folder/" + name));
  EXPECT_FALSE(SameFile(name, "./other_" + name));
}

TEST(SameFile, LinksAreFollowedAndDevicesReplaceNothing) {
  const std::filesystem::path folder = testing::TempDir();
  const std::filesystem::path file = folder / "same_file_test_file";
  const std::filesystem::path link = folder / "same_file_test_link";
  std::ofstream(file) << "x";
  std::filesystem::remove(link);
  std::filesystem::create_symlink(file, link);
  EXPECT_TRUE(SameFile(file.string(), link.string()));
  EXPECT_FALSE(SameFile("/dev/null", "/dev/null"));
}

}  // namespace
}  // namespace dq
