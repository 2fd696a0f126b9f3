#include "worker/sandbox/sandboxed_job.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include "common/base/clock.h"
#include "common/base/error.h"
#include "worker/sandbox/child_limits.h"

namespace dq {
namespace {

namespace fs = std::filesystem;

constexpr char kProgram[] = DQ_BINARY_DIR "/tests/scripted_child";

class SandboxedJobTest : public testing::Test {
 protected:
  SandboxedJobTest() {
    std::string pattern = (fs::temp_directory_path() / "dq-sandbox-XXXXXX").string();
    directory_ = mkdtemp(pattern.data());
    std::ofstream(directory_ / "input.csv") << "a,b\n1,2\n";
    input_.Reset(open((directory_ / "input.csv").c_str(), O_RDONLY | O_CLOEXEC));
    cleaned_.Reset(Create("cleaned.csv"));
    report_.Reset(Create("report.json"));
    temp_dir_.Reset(open(directory_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  }
  ~SandboxedJobTest() override { fs::remove_all(directory_); }

  int Create(const std::string& name) {
    return open((directory_ / name).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  }
  std::string Read(const std::string& name) {
    std::ifstream in(directory_ / name);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  ChainFiles Files() {
    ChainFiles files;
    files.input_fd = input_.get();
    files.cleaned_fd = cleaned_.get();
    files.report_fd = report_.get();
    files.temp_dir_fd = temp_dir_.get();
    return files;
  }
  std::unique_ptr<SandboxedJob> Start(const std::string& what, int64_t cpu_seconds = 0) {
    ChainSpec spec;
    spec.stages = {DedupeOptions{}};
    spec.display_name = what + ".csv";
    return SandboxedJob::Start(kProgram, spec, Files(), cpu_seconds, {}).value();
  }
  absl::StatusOr<ChainResult> Run(const std::string& what,
                                  absl::Duration timeout = absl::InfiniteDuration()) {
    NullJobSink sink;
    return Start(what)->Run(timeout, sink);
  }
  void ExpectError(const std::string& what, const std::string& reason) {
    const auto result = Run(what);
    EXPECT_EQ(ReasonOf(result.status()), reason) << what << result.status();
    EXPECT_EQ(MetadataOf(result.status())["category"], "system") << what;
  }

  fs::path directory_;
  UniqueFd input_;
  UniqueFd cleaned_;
  UniqueFd report_;
  UniqueFd temp_dir_;
};

// Counts progress and runs a callback on the first.
class CallingSink final : public NullJobSink {
 public:
  explicit CallingSink(std::function<void()> first) : first_(std::move(first)) {}
  void OnProgress(const ChainProgress& progress) override {
    last = progress;
    if (calls++ == 0) first_();
  }
  int calls = 0;
  ChainProgress last;

 private:
  std::function<void()> first_;
};

TEST_F(SandboxedJobTest, TheChildWorksOnThePassedDescriptors) {
  const auto result = Run("ok");
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->score, 97.5);
  EXPECT_EQ(Read("cleaned.csv"), "a,b\n1,2\n");
  EXPECT_EQ(Read("report.json"), result->report_json);
}

TEST_F(SandboxedJobTest, TheChildSeesNoOtherDescriptor) {
  const UniqueFd leaked(open("/dev/null", O_RDONLY));  // Not close-on-exec, on purpose.
  const auto result = Run("descriptors");
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->report_json, "0 1 2 3 4 5 7 8 12 ");
}

TEST_F(SandboxedJobTest, ATypedErrorOfTheChainComesThrough) {
  const auto result = Run("error");
  EXPECT_EQ(result.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReasonOf(result.status()), "PARSE_FAILED");
  EXPECT_EQ(MetadataOf(result.status())["row"], "3");
}

TEST_F(SandboxedJobTest, ADeathWithoutLastWordIsACrash) {
  ExpectError("killed", "CRASHED");
  ExpectError("silent", "CRASHED");
  ExpectError("garbage", "CRASHED");
  ExpectError("flood", "CRASHED");
}

TEST_F(SandboxedJobTest, AResultIsOnlyBelievedAfterACleanExit) { ExpectError("late", "CRASHED"); }

TEST_F(SandboxedJobTest, ACrashCarriesTheLastWordsOnStderr) {
  const auto result = Run("abort");
  EXPECT_EQ(ReasonOf(result.status()), "CRASHED");
  EXPECT_NE(MetadataOf(result.status())["stderr"].find("last words"), std::string::npos);
  if (!kSanitized) {
    EXPECT_EQ(MetadataOf(result.status())["signal"], "SIGABRT");
  }
}

TEST_F(SandboxedJobTest, AnUncaughtBadAllocIsOutOfMemory) {
  EXPECT_EQ(ReasonOf(Run("alloc").status()), "OUT_OF_MEMORY");
}

TEST_F(SandboxedJobTest, DescriptorsAndCpuTimeAreLimited) {
  NullJobSink sink;
  const auto result = Start("limits", 3600)->Run(absl::InfiniteDuration(), sink);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->report_json, "descriptors 64 cpu 3600");
}

TEST_F(SandboxedJobTest, AJobThatBurnsItsCpuTimeIsTyped) {
  NullJobSink sink;
  const auto result = Start("burn", 1)->Run(absl::InfiniteDuration(), sink);
  EXPECT_EQ(ReasonOf(result.status()), "CPU_LIMIT") << result.status();
}

TEST_F(SandboxedJobTest, AddressSpaceIsLimited) {
  if (kSanitized) GTEST_SKIP() << "sanitizers need address space";
  EXPECT_EQ(Run("much")->report_json, "refused");
}

TEST_F(SandboxedJobTest, TheFilterLeavesUnnamedFilesThreadsAndItselfAndNothingElse) {
  const auto result = Run("probe");
  ASSERT_TRUE(result.ok()) << result.status();
  if (result->report_json == "no filter") GTEST_SKIP() << "no seccomp here";
  EXPECT_EQ(result->report_json, "tmpfile own tgkill own prlimit64 thread ");
}

TEST_F(SandboxedJobTest, KillEndsAHangingChildAtOnce) {
  const std::unique_ptr<SandboxedJob> job = Start("hang");
  CallingSink sink([&] { job->Kill(); });
  const absl::Time begin = SystemClock().Boot();
  const auto result = job->Run(absl::InfiniteDuration(), sink);
  EXPECT_EQ(result.status().code(), absl::StatusCode::kCancelled);
  EXPECT_LT(SystemClock().Boot() - begin, absl::Seconds(10));
  EXPECT_EQ(sink.last.percent, 12.5);
  job->Kill();  // Harmless after the end.
}

TEST_F(SandboxedJobTest, KillFromAnotherThreadWinsWhateverTheChildDoes) {
  const std::unique_ptr<SandboxedJob> job = Start("hang");
  std::thread killer([&] { job->Kill(); });
  NullJobSink sink;
  EXPECT_EQ(job->Run(absl::InfiniteDuration(), sink).status().code(), absl::StatusCode::kCancelled);
  killer.join();
}

TEST_F(SandboxedJobTest, TheTimeLimitKillsAndIsTyped) {
  const auto result = Run("hang", absl::Milliseconds(30));
  EXPECT_EQ(ReasonOf(result.status()), "TIMEOUT");
  EXPECT_EQ(result.status().code(), absl::StatusCode::kDeadlineExceeded);
}

TEST_F(SandboxedJobTest, AForgottenJobLeavesNoProcess) {
  Start("hang").reset();
  // Not even one that is dead and not reaped.
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
}

TEST_F(SandboxedJobTest, AMissingProgramIsTyped) {
  ChainSpec spec;
  EXPECT_EQ(ReasonOf(SandboxedJob::Start("/nowhere/dq-worker", spec, Files(), 0, {}).status()),
            "SANDBOX_FAILED");
}

}  // namespace
}  // namespace dq
