// `dq-worker run` and the files of this machine: what it replaces, what it refuses to replace.
#include "worker/run_command.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace dq {
namespace {

class RunCommand : public testing::Test {
 protected:
  RunCommand() {
    std::string name = testing::TempDir() + "run_command_XXXXXX";
    folder_ = ::mkdtemp(name.data());
    Write("in.csv", "a,b\n1,2\n");
    options_.spec.stages = {CompleteOptions{}, DedupeOptions{}};
    options_.input = Path("in.csv");
    options_.output = Path("out.csv");
    options_.report = Path("report.json");
    options_.progress = ProgressStyle::kNone;
  }
  ~RunCommand() override { std::filesystem::remove_all(folder_); }

  std::string Path(const std::string& name) const { return folder_ + "/" + name; }
  void Write(const std::string& name, const std::string& text) const {
    std::ofstream(Path(name)) << text;
  }
  std::string Text(const std::string& name) const {
    std::ostringstream text;
    text << std::ifstream(Path(name)).rdbuf();
    return text.str();
  }
  int Run() const { return RunLocally(options_, CancelToken()); }

  std::string folder_;
  RunOptions options_;
};

TEST_F(RunCommand, NoOutputReplacesAnotherFileOfTheCommand) {
  const RunOptions fine = options_;
  for (std::string RunOptions::*field :
       {&RunOptions::output, &RunOptions::report, &RunOptions::changes, &RunOptions::clusters,
        &RunOptions::rejects}) {
    options_ = fine;
    options_.*field = folder_ + "/./in.csv";
    EXPECT_EQ(Run(), kExitUsage);
  }
  options_ = fine;
  options_.report = options_.output;
  EXPECT_EQ(Run(), kExitUsage);
  options_ = fine;
  options_.changes = options_.output + ".rejects.csv";
  EXPECT_EQ(Run(), kExitUsage);
  options_ = fine;
  Write("ref.csv", "a,b\n1,2\n");
  options_.reference = Path("ref.csv");
  options_.clusters = Path("ref.csv");
  EXPECT_EQ(Run(), kExitUsage);
  EXPECT_EQ(Text("in.csv"), "a,b\n1,2\n");
  EXPECT_FALSE(std::filesystem::exists(Path("out.csv")));
}

TEST_F(RunCommand, OneDeviceMayTakeManyOutputs) {
  options_.report = options_.changes = "/dev/null";
  EXPECT_EQ(Run(), kExitOk);
}

TEST_F(RunCommand, TheRejectsOfAnEarlierRunDoNotStay) {
  Write("in.csv", "a,b\n1,2\n3\n");
  EXPECT_EQ(Run(), kExitOk);
  EXPECT_NE(Text("out.csv.rejects.csv").find("ragged"), std::string::npos);
  Write("in.csv", "a,b\n1,2\n");
  EXPECT_EQ(Run(), kExitOk);
  EXPECT_FALSE(std::filesystem::exists(Path("out.csv.rejects.csv")));
}

TEST_F(RunCommand, LinesThatAreNoRowsAreKeptInTheRejects) {
  Write("in.csv", "A title\n\na,b\n1,2\n3,4\n");
  EXPECT_EQ(Run(), kExitOk);
  EXPECT_NE(Text("out.csv.rejects.csv").find("preamble,A title"), std::string::npos);
}

}  // namespace
}  // namespace dq
