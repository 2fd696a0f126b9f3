// What dqctl does on the machine it runs on: local runs, child processes, the data folder of dev.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "common/base/error.h"
#include "scheduler/dqctl/child_process.h"
#include "scheduler/dqctl/dev_folder.h"
#include "scheduler/dqctl/local_clean.h"
#include "scheduler/dqctl/programs.h"
#include "tests/scheduler/dqctl/command_test.h"
#include "tests/support/wait_until.h"

namespace dq::dqctl {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

class MachineTest : public CommandTest {
 protected:
  MachineTest() {
    session_.program_folder = folder_;
    Write("in.csv", "id\n1\n");
  }

  // Puts a shell script in the place of dq-worker. $1 is "run"; the flags come in a fixed order.
  void WorkerIs(const std::string& script) {
    std::ofstream(Path("dq-worker")) << "#!/bin/sh\n" << script;
    fs::permissions(Path("dq-worker"), fs::perms::owner_all);
  }
};

TEST_F(MachineTest, WhatCannotBeWrittenIsNoSuccess) {
  out_.setstate(std::ios::badbit);  // As a full disk leaves it.
  EXPECT_EQ(Run({"version"}), 1);
  EXPECT_THAT(err_.str(), HasSubstr("OUTPUT_FAILED"));
}

TEST_F(MachineTest, CleanTakesADashForNoFile) {
  EXPECT_EQ(Run({"clean", "--local", Path("in.csv"), "-o", "-"}), 2);
  EXPECT_THAT(err_.str(), HasSubstr("files only"));
}

// Finds the value of --output and --report among the arguments.
constexpr char kReadFlags[] = R"(
while [ $# -gt 0 ]; do
  case $1 in --output) output=$2 ;; --report) report=$2 ;; --gate) gate=$2 ;; esac
  shift
done
)";

TEST_F(MachineTest, ALocalCleanShowsProgressAndTheReport) {
  WorkerIs(std::string(kReadFlags) + R"(
echo '{"percent":50,"stage":"dedupe","stage_index":2,"stage_count":2,"rows_done":7}' >&2
echo '{"rows_in":4321,"unknown_field":1}' > "$report"
echo cleaned > "$output"
)");
  EXPECT_EQ(Run({"clean", Path("in.csv"), "--local"}), 0) << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("4,321"));
  EXPECT_THAT(out_.str(), HasSubstr("wrote " + Path("in.cleaned.csv")));
  EXPECT_EQ(err_.str(), "PROCESSING\n");
}

TEST_F(MachineTest, ALocalCleanKeepsTheExitCodesOfTheFleet) {
  WorkerIs(std::string(kReadFlags) + R"(
echo '{}' > "$report"; echo cleaned > "$output"
echo "dq-worker: GATE_FAILED: $gate" >&2
exit 5
)");
  EXPECT_EQ(Run({"clean", Path("in.csv"), "--local", "--gate", "score>=99"}), 5);
  EXPECT_THAT(err_.str(), HasSubstr("dqctl: GATE_FAILED: score>=99"));
  EXPECT_THAT(out_.str(), HasSubstr("FAILED"));
  WorkerIs("echo 'dq-worker: PARSE_FAILED: row 2' >&2; exit 3\n");
  EXPECT_EQ(Run({"clean", Path("in.csv"), "--local"}), 3);
  EXPECT_THAT(err_.str(), HasSubstr("dqctl: PARSE_FAILED: row 2"));
}

TEST_F(MachineTest, AWorkerThatIsKilledIsAnErrorAndNoResult) {
  WorkerIs("kill -9 $$\n");
  EXPECT_EQ(Run({"clean", Path("in.csv"), "--local"}), 1);
  EXPECT_THAT(err_.str(), HasSubstr("WORKER_LOST: dq-worker ended by signal 9"));
}

TEST_F(MachineTest, CtrlCAfterTheLastMomentToStopIsADoneClean) {
  WorkerIs(std::string(kReadFlags) + R"(
finish() { echo '{"rows_in":4321}' > "$report"; echo cleaned > "$output"; exit 0; }
trap finish TERM; : > "$0.started"; while :; do sleep 0.01; done
)");
  std::thread user([&] {
    EXPECT_TRUE(WaitUntil([&] { return fs::exists(Path("dq-worker.started")); }));
    interrupt_.Trigger();
  });
  EXPECT_EQ(Run({"clean", Path("in.csv"), "--local"}), 0) << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("wrote " + Path("in.cleaned.csv")));
  user.join();
}

TEST_F(MachineTest, WhatWouldBeIgnoredIsRefused) {
  EXPECT_EQ(Run({"clean", Path("in.csv"), "--local", "--gate", "schema"}), 2);
  EXPECT_THAT(err_.str(), HasSubstr("--reference"));
  EXPECT_EQ(Run({"clean", Path("in.csv"), "--detach", "--report", Path("r.json")}), 2);
  EXPECT_THAT(err_.str(), HasSubstr("--detach writes no file here"));
}

TEST_F(MachineTest, CtrlCStopsALocalClean) {
  WorkerIs("trap 'exit 6' TERM; : > \"$0.started\"; while :; do sleep 0.01; done\n");
  std::thread user([&] {
    EXPECT_TRUE(WaitUntil([&] { return fs::exists(Path("dq-worker.started")); }));
    interrupt_.Trigger();
  });
  EXPECT_EQ(Run({"clean", Path("in.csv"), "--local"}), 130);
  user.join();
}

TEST_F(MachineTest, WithoutDqWorkerALocalCleanSaysSo) {
  EXPECT_EQ(Run({"clean", Path("in.csv"), "--local"}), 1);
  EXPECT_THAT(err_.str(), HasSubstr("PROGRAM_MISSING: dq-worker"));
}

TEST_F(MachineTest, OnlyJsonObjectsAreProgress) {
  dq::v1::Job job;
  EXPECT_FALSE(ReadProgressLine("dq-worker: PARSE_FAILED: {", job));
  EXPECT_FALSE(ReadProgressLine("{\"percent\": \"x\"}", job));
  EXPECT_TRUE(ReadProgressLine("{\"percent\": 12.5, \"new\": [1]}", job));
  EXPECT_EQ(job.progress().percent(), 12.5);
}

TEST_F(MachineTest, ProgramsAreFoundBesideDqctlFirst) {
  fs::create_directory(Path("path"));
  for (const char* name : {"path/tool", "path/dq-worker"}) {
    std::ofstream(Path(name)) << "#!/bin/sh\n";
    fs::permissions(Path(name), fs::perms::owner_all);
  }
  WorkerIs("");
  EXPECT_EQ(*FindProgram("dq-worker", folder_, "/nowhere:" + Path("path")), Path("dq-worker"));
  EXPECT_EQ(*FindProgram("tool", folder_, "/nowhere:" + Path("path")), Path("path/tool"));
  EXPECT_EQ(ReasonOf(FindProgram("none", folder_, Path("path")).status()), "PROGRAM_MISSING");
}

TEST_F(MachineTest, AChildThatCannotStartIsAnErrorOfTheStart) {
  const auto child = ChildProcess::Start({.command = {Path("nothing")},
                                          .stdout_fd = -1,
                                          .stderr_fd = -1,
                                          .account = std::nullopt,
                                          .death_signal = SIGKILL});
  EXPECT_EQ(ReasonOf(child.status()), "START_FAILED");
}

TEST_F(MachineTest, AChildThatIgnoresItsStopIsKilled) {
  auto child = ChildProcess::Start(
      {.command = {"/bin/sh", "-c", "trap '' TERM; : > \"$0\"; while :; do sleep 0.01; done",
                   Path("up")},
       .stdout_fd = -1,
       .stderr_fd = -1,
       .account = std::nullopt,
       .death_signal = SIGKILL});
  ASSERT_TRUE(child.ok()) << child.status();
  ASSERT_TRUE(WaitUntil([&] { return fs::exists(Path("up")); }));
  EXPECT_FALSE(child->Poll().has_value());
  EXPECT_EQ(child->Stop(SIGTERM, absl::Milliseconds(50)).Text(), "signal 9");
}

TEST_F(MachineTest, ADataFolderHasOneUser) {
  auto first = DevFolder::Open(Path("data"));
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_TRUE(fs::is_directory(first->storage()));
  EXPECT_EQ(ReasonOf(DevFolder::Open(Path("data")).status()), "DATA_DIR_LOCKED");
  first = absl::CancelledError();
  EXPECT_TRUE(DevFolder::Open(Path("data")).ok());
}

TEST_F(MachineTest, AFolderThatOthersMayNotEnterIsNoPlaceForThem) {
  fs::create_directories(Path("private/inside"));
  fs::permissions(folder_, fs::perms::owner_all | fs::perms::others_exec);
  const Account stranger{.uid = 54321, .gid = 54321};
  EXPECT_TRUE(MayEnter(Path("private/inside"), stranger));
  fs::permissions(Path("private"), fs::perms::owner_all);
  EXPECT_FALSE(MayEnter(Path("private/inside"), stranger));
}

}  // namespace
}  // namespace dq::dqctl
