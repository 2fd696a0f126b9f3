// `dq-worker run` and the files of this machine: what it replaces, what it refuses to replace.
#include "worker/run_command.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

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
  int Run() const { return RunLocally(options_, CancelToken(), stop_); }

  std::string folder_;
  RunOptions options_;
  CancelToken stop_;
};

TEST_F(RunCommand, NoOutputReplacesAnotherFileOfTheCommand) {
  const RunOptions fine = options_;
  for (std::string RunOptions::*field :
       {&RunOptions::output, &RunOptions::report, &RunOptions::changes, &RunOptions::clusters,
        &RunOptions::rejects, &RunOptions::profile, &RunOptions::intermediate}) {
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

TEST_F(RunCommand, AFileWithTheNameOfRejectsThatHoldsNoneIsLeftAlone) {
  Write("out.csv.rejects.csv", "mine\n");
  EXPECT_EQ(Run(), kExitOk);
  EXPECT_EQ(Text("out.csv.rejects.csv"), "mine\n");
}

TEST_F(RunCommand, SideFilesAreGuardedAgainstFormulasToo) {
  Write("in.csv", "a,b\n=x,N/A\n=y\n");
  options_.changes = Path("changes.csv");
  options_.spec.form.output.formula_guard = FormulaGuard::kOn;
  EXPECT_EQ(Run(), kExitOk);
  EXPECT_NE(Text("out.csv.rejects.csv").find(",ragged,'=y"), std::string::npos);
  EXPECT_EQ(Text("out.csv"), "a,b\n'=x,\n");
}

TEST_F(RunCommand, LinesThatAreNoRowsAreKeptInTheRejects) {
  Write("in.csv", "A title\n\na,b\n1,2\n3,4\n");
  EXPECT_EQ(Run(), kExitOk);
  EXPECT_NE(Text("out.csv.rejects.csv").find("preamble,A title"), std::string::npos);
}

TEST_F(RunCommand, TheSummaryTellsOfClearedCellsAndTheNotesOfTheReport) {
  Write("in.csv", "id,town,town\n1,Bend,x\n2,n/a,y\n3,,z\n4,Gary,n/a\n");
  testing::internal::CaptureStdout();
  const int code = Run();
  const std::string summary = testing::internal::GetCapturedStdout();
  EXPECT_EQ(code, kExitOk);
  EXPECT_NE(summary.find("\ncells cleared       2\ncells filled        0\n"), std::string::npos)
      << summary;
  const size_t report = summary.find("\nreport              ");
  const size_t note = summary.find("\nnote: ");
  ASSERT_NE(note, std::string::npos) << summary;
  EXPECT_GT(note, report);
  EXPECT_NE(summary.find("town", note), std::string::npos) << summary;
}

class RunCommandWithCheckpoints : public RunCommand {
 protected:
  RunCommandWithCheckpoints() {
    std::string text = "a,b\n";
    for (int i = 0; i < 200'000; ++i) text += std::to_string(i % 150'000) + ",word\n";
    Write("in.csv", text);
    options_.checkpoint_dir = Path("checkpoints");
    options_.checkpoint_interval = std::chrono::milliseconds(0);
  }
  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
      names.push_back(entry.path().filename());
    }
    std::sort(names.begin(), names.end());
    return names;
  }
};

TEST_F(RunCommandWithCheckpoints, AStoppedRunGoesOnAndLeavesNothingBehind) {
  stop_.Cancel();
  ASSERT_EQ(Run(), kExitCheckpointed);
  EXPECT_FALSE(std::filesystem::exists(Path("out.csv")));
  EXPECT_GT(std::filesystem::file_size(Path("checkpoints/checkpoint.a")), 64U);

  options_.resume = true;
  testing::internal::CaptureStderr();
  const CancelToken never;
  ASSERT_EQ(RunLocally(options_, CancelToken(), never), kExitOk);
  EXPECT_NE(testing::internal::GetCapturedStderr().find("resumed from checkpoint 1 at"),
            std::string::npos);
  const std::string resumed = Text("out.csv");
  EXPECT_EQ(Names(), (std::vector<std::string>{"checkpoints", "in.csv", "out.csv", "report.json"}));
  EXPECT_TRUE(std::filesystem::is_empty(Path("checkpoints")));

  options_.checkpoint_dir.clear();
  options_.resume = false;
  ASSERT_EQ(RunLocally(options_, CancelToken(), never), kExitOk);
  EXPECT_EQ(Text("out.csv"), resumed);
}

// Runs on, and says whether it began at a checkpoint.
class ResumedRunCommand : public RunCommandWithCheckpoints {
 protected:
  ResumedRunCommand() {
    options_.spec.stages = {DedupeOptions{}};  // So that the first pass writes.
    stop_.Cancel();
    EXPECT_EQ(Run(), kExitCheckpointed);
    options_.resume = true;
  }
  bool GoesOn() const {
    testing::internal::CaptureStderr();
    const CancelToken never;
    EXPECT_EQ(RunLocally(options_, CancelToken(), never), kExitOk);
    return testing::internal::GetCapturedStderr().find("resumed from checkpoint") !=
           std::string::npos;
  }
};

TEST_F(ResumedRunCommand, AnOutputThatCannotBeWrittenCostsNothing) {
  options_.changes = "/nosuch/changes.csv";
  EXPECT_EQ(Run(), kExitError);
  options_.changes.clear();
  EXPECT_TRUE(GoesOn());
}

TEST_F(ResumedRunCommand, AWrongOptionCostsNothing) {
  const std::vector<StageSpec> stages = std::exchange(options_.spec.stages, {});
  EXPECT_EQ(Run(), kExitError);
  options_.spec.stages = stages;
  EXPECT_TRUE(GoesOn());
}

TEST_F(ResumedRunCommand, ACancelBeforeItGoesOnCostsNothing) {
  CancelToken cancelled;
  cancelled.Cancel();
  EXPECT_EQ(RunLocally(options_, cancelled, CancelToken()), kExitCancelled);
  EXPECT_TRUE(GoesOn());
}

TEST_F(ResumedRunCommand, AnOutputThatCannotBePublishedCostsNothing) {
  const std::string report = std::exchange(options_.report, Path(std::string(300, 'r')));
  EXPECT_EQ(RunLocally(options_, CancelToken(), CancelToken()), kExitError);
  EXPECT_FALSE(std::filesystem::exists(Path("out.csv")));
  options_.report = report;
  EXPECT_TRUE(GoesOn());
}

TEST_F(ResumedRunCommand, WhatAnotherRunHasWrittenIsNotTakenForItsOwn) {
  RunOptions other = options_;
  Write("other.csv", "c,d\n" + Text("in.csv").substr(4) + "9,other\n");
  other.input = Path("other.csv");
  other.checkpoint_dir = Path("other");
  other.resume = false;
  EXPECT_EQ(RunLocally(other, CancelToken(), stop_), kExitCheckpointed);
  (void)GoesOn();
  const std::string resumed = Text("out.csv");
  options_.checkpoint_dir.clear();
  options_.resume = false;
  ASSERT_EQ(RunLocally(options_, CancelToken(), CancelToken()), kExitOk);
  EXPECT_TRUE(Text("out.csv") == resumed);
}

TEST_F(RunCommandWithCheckpoints, WhatFailsBeforeItBeginsLeavesNothing) {
  options_.spec.stages.clear();
  EXPECT_EQ(Run(), kExitError);
  EXPECT_EQ(Names(), (std::vector<std::string>{"checkpoints", "in.csv"}));
  EXPECT_TRUE(std::filesystem::is_empty(Path("checkpoints")));
}

TEST_F(RunCommandWithCheckpoints, WhatCannotBePublishedLeavesNothingWithoutACheckpoint) {
  options_.checkpoint_interval = kCheckpointIntervalDefault;
  Write("in.csv", "a,b\n1,2\n");
  options_.report = Path(std::string(300, 'r'));
  EXPECT_EQ(Run(), kExitError);
  EXPECT_EQ(Names(), (std::vector<std::string>{"checkpoints", "in.csv"}));
}

TEST_F(RunCommandWithCheckpoints, WhatIsStoppedBeforeItsFirstCheckpointIsCancelled) {
  std::get<DedupeOptions>(options_.spec.stages[1]).match = MatchKind::kFuzzy;
  options_.spec.stages.erase(options_.spec.stages.begin());
  stop_.Cancel();
  EXPECT_EQ(Run(), kExitCancelled);
  EXPECT_EQ(Names(), (std::vector<std::string>{"checkpoints", "in.csv"}));
  EXPECT_TRUE(std::filesystem::is_empty(Path("checkpoints")));
}

TEST_F(RunCommandWithCheckpoints, WithoutResumeARunStartsOver) {
  stop_.Cancel();
  ASSERT_EQ(Run(), kExitCheckpointed);
  testing::internal::CaptureStderr();
  const CancelToken never;
  ASSERT_EQ(RunLocally(options_, CancelToken(), never), kExitOk);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST_F(RunCommandWithCheckpoints, ResumingWithoutACheckpointSaysSo) {
  options_.resume = true;
  testing::internal::CaptureStderr();
  const CancelToken never;
  ASSERT_EQ(RunLocally(options_, CancelToken(), never), kExitOk);
  EXPECT_NE(testing::internal::GetCapturedStderr().find("starts over"), std::string::npos);
}

}  // namespace
}  // namespace dq
