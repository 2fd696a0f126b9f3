// What tests of commands run in: a folder of their own, and a session that keeps what is printed.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "scheduler/dqctl/options.h"
#include "scheduler/dqctl/run.h"

namespace dq::dqctl {

class CommandTest : public testing::Test {
 protected:
  CommandTest() {
    std::string pattern = testing::TempDir() + "dqctl-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
  }
  ~CommandTest() override { std::filesystem::remove_all(folder_); }

  // Runs a command line as main() does; returns its exit code.
  int Run(const std::vector<std::string>& arguments) {
    const auto line = ParseCommandLine(arguments);
    EXPECT_TRUE(line.ok()) << line.status();
    return static_cast<int>(RunCommand(*line->command, session_));
  }
  std::string Path(const std::string& name) const { return folder_ + "/" + name; }
  std::string Written(const std::string& name) const {
    std::ifstream file(Path(name));
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void Write(const std::string& name, const std::string& text) {
    std::ofstream(Path(name)) << text;
  }

  std::string folder_;
  std::ostringstream out_;
  std::ostringstream err_;
  Console console_{.out = out_,
                   .err = err_,
                   .width = [] { return 100; },
                   .now = [] { return absl::FromUnixSeconds(1'000'000); }};
  Interrupt interrupt_;
  Session session_{.connection = {},
                   .console = console_,
                   .interrupt = interrupt_,
                   .client = {},
                   .watch = {},
                   .program_folder = "/nowhere",
                   .environment = [](const char*) { return std::string(); }};
};

}  // namespace dq::dqctl
