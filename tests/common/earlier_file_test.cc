#include "common/base/earlier_file.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace dq {
namespace {

class EarlierFile : public ::testing::Test {
 protected:
  void Write(const std::filesystem::path& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
  }
  std::filesystem::path folder_ = std::filesystem::path(testing::TempDir()) / "earlier_file_test";
  void SetUp() override {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
};

TEST_F(EarlierFile, IsRemovedWhenItBeginsAsOurs) {
  Write(folder_ / "a", "row,reason\n1,short\n");
  RemoveEarlierFile(folder_ / "a", "row,reason\n");
  EXPECT_FALSE(std::filesystem::exists(folder_ / "a"));
}

TEST_F(EarlierFile, IsLeftAloneWhenItIsNotOurs) {
  Write(folder_ / "other", "name,reason\n1,short\n");
  Write(folder_ / "shorter", "row");
  Write(folder_ / "empty", "");
  Write(folder_ / "target", "row,reason\n");
  std::filesystem::create_symlink(folder_ / "target", folder_ / "link");
  std::filesystem::create_directory(folder_ / "folder");
  for (const char* name : {"other", "shorter", "empty", "link", "folder", "nothing"}) {
    RemoveEarlierFile(folder_ / name, "row,reason\n");
  }
  for (const char* name : {"other", "shorter", "empty", "link", "target", "folder"}) {
    EXPECT_TRUE(std::filesystem::exists(folder_ / name)) << name;
  }
}

}  // namespace
}  // namespace dq
