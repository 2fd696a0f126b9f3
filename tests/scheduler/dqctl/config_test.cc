#include "scheduler/dqctl/config.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "common/base/error.h"

namespace dq::dqctl {
namespace {

class ConfigTest : public testing::Test {
 protected:
  ConfigTest() {
    std::string pattern = testing::TempDir() + "dqctl-config-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    variables_["HOME"] = folder_;
  }
  ~ConfigTest() override { std::filesystem::remove_all(folder_); }

  void Write(const std::string& path, const std::string& text) {
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    std::ofstream(path) << text;
  }
  absl::StatusOr<Connection> Resolve(const Connection& flags) {
    return ResolveConnection(flags, [this](const char* name) { return variables_[name]; });
  }

  std::string folder_;
  std::map<std::string, std::string> variables_;
};

TEST_F(ConfigTest, DefaultsHoldWhenNothingIsSaid) {
  const auto connection = Resolve({});
  ASSERT_TRUE(connection.ok()) << connection.status();
  EXPECT_EQ(connection->address, kAddressDefault);
  EXPECT_EQ(connection->project, kProjectDefault);
}

TEST_F(ConfigTest, FlagsGoOverVariablesOverTheFile) {
  Write(folder_ + "/.config/dq/config.json", R"({"address": "file:1", "project": "of-file"})");
  EXPECT_EQ(Resolve({})->address, "file:1");
  variables_["DQ_ADDRESS"] = "variable:1";
  EXPECT_EQ(Resolve({})->address, "variable:1");
  EXPECT_EQ(Resolve({})->project, "of-file");
  EXPECT_EQ(Resolve({.address = "flag:1", .project = ""})->address, "flag:1");
}

TEST_F(ConfigTest, ANamedFileMustBeThere) {
  variables_["DQ_CONFIG"] = folder_ + "/nothing.json";
  EXPECT_EQ(ReasonOf(Resolve({}).status()), "CONFIG_MISSING");
  Write(folder_ + "/other.json", R"({"project": "p"})");
  variables_["DQ_CONFIG"] = folder_ + "/other.json";
  EXPECT_EQ(Resolve({})->project, "p");
}

TEST_F(ConfigTest, AMistakeInTheFileIsNamed) {
  for (const char* bad : {"", "[]", "{\"adress\": \"x\"}", "{\"address\": 5}"}) {
    EXPECT_EQ(ReasonOf(ParseConfig(bad, "f").status()), "CONFIG_INVALID") << bad;
  }
}

}  // namespace
}  // namespace dq::dqctl
