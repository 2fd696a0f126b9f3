// The real child, dq-worker, under its real parent.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "common/base/error.h"
#include "common/base/sha256.h"
#include "worker/sandbox/sandboxed_job.h"

namespace dq {
namespace {

namespace fs = std::filesystem;

constexpr char kProgram[] = DQ_BINARY_DIR "/bin/dq-worker";

class JobChildTest : public testing::Test {
 protected:
  JobChildTest() {
    std::string pattern = (fs::temp_directory_path() / "dq-child-XXXXXX").string();
    directory_ = mkdtemp(pattern.data());
    spec_.stages = {CompleteOptions{}, DedupeOptions{}};
    spec_.display_name = "input.csv";
  }
  ~JobChildTest() override { fs::remove_all(directory_); }

  absl::StatusOr<ChainResult> Run(const std::string& input) {
    NullJobSink sink;
    return Run(input, sink, [](SandboxedJob&) {});
  }
  // Keeps checkpoints when the folder has a file for them.
  absl::StatusOr<ChainResult> Run(const std::string& input, JobSink& sink,
                                  const std::function<void(SandboxedJob&)>& on_start) {
    std::ofstream(directory_ / "input.csv") << input;
    const UniqueFd learned(Open("learned"));
    const UniqueFd slot_a(Open("slot_a"));
    const UniqueFd slot_b(Open("slot_b"));
    const UniqueFd in(open((directory_ / "input.csv").c_str(), O_RDONLY | O_CLOEXEC));
    const UniqueFd cleaned(Create("cleaned.csv"));
    const UniqueFd report(Create("report.json"));
    const UniqueFd clusters(Create("clusters.csv"));
    const UniqueFd temp(open(directory_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    ChainFiles files;
    files.input_fd = in.get();
    files.cleaned_fd = cleaned.get();
    files.report_fd = report.get();
    files.clusters_fd = clusters.get();
    files.temp_dir_fd = temp.get();
    auto job = SandboxedJob::Start(kProgram, spec_, files, 60,
                                   {.files = {learned.get(), {slot_a.get(), slot_b.get()}},
                                    .interval = std::chrono::milliseconds(0),
                                    .resume = WantedCheckpoint()});
    if (!job.ok()) return job.status();
    on_start(**job);
    return (*job)->Run(absl::Seconds(60), sink);
  }
  int Open(const std::string& name) {
    return open((directory_ / name).c_str(), O_RDWR | O_CLOEXEC);
  }
  int Create(const std::string& name) {
    return open((directory_ / name).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  }
  std::string Read(const std::string& name) {
    std::ifstream in(directory_ / name);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  fs::path directory_;
  ChainSpec spec_;
};

TEST_F(JobChildTest, AChainRunsInTheSandboxAsItDoesWithout) {
  const auto result = Run("id,name\n1,Ann\n2,Bob\n1,Ann\n");
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->rows_in, 3);
  EXPECT_EQ(result->rows_out, 2);
  EXPECT_EQ(Read("cleaned.csv"), "id,name\n1,Ann\n2,Bob\n");
  EXPECT_EQ(Read("report.json"), result->report_json);
  EXPECT_EQ(result->outputs.at(0).sha256, Sha256Of(Read("cleaned.csv")));
  EXPECT_EQ(result->totals.size(), 2u);
}

TEST_F(JobChildTest, SeveralThreadsAreFineInTheSandbox) {
  spec_.threads = 4;
  EXPECT_EQ(Run("id\n1\n2\n1\n")->rows_out, 2);
}

// Interrupts its job once a checkpoint is there.
class Interrupter final : public NullJobSink {
 public:
  void OnStart(const ChainStart& start) override { started = start; }
  void OnSaved(const SavedCheckpoint&) override {
    if (job != nullptr) job->Interrupt();
  }
  SandboxedJob* job = nullptr;
  ChainStart started;
};

TEST_F(JobChildTest, AnInterruptedJobGoesOnFromItsCheckpointInTheSandbox) {
  std::string input = "id,name\n";
  for (int i = 0; i < 300'000; ++i) input += std::to_string(i % 200'000) + ",Ann\n";
  ASSERT_TRUE(Run(input).ok());
  const std::string cleaned = Read("cleaned.csv");
  const std::string clusters = Read("clusters.csv");
  for (const char* name : {"learned", "slot_a", "slot_b"}) UniqueFd(Create(name)).Reset();

  Interrupter sink;
  const auto stopped = Run(input, sink, [&](SandboxedJob& job) { sink.job = &job; });
  EXPECT_EQ(ReasonOf(stopped.status()), "INTERRUPTED") << stopped.status();
  EXPECT_FALSE(sink.started.resumed);
  sink.job = nullptr;
  const auto resumed = Run(input, sink, [](SandboxedJob&) {});
  ASSERT_TRUE(resumed.ok()) << resumed.status();
  EXPECT_TRUE(sink.started.resumed) << sink.started.reason;
  EXPECT_GT(sink.started.percent, 0);
  EXPECT_EQ(Read("cleaned.csv"), cleaned);
  EXPECT_EQ(Read("clusters.csv"), clusters);
}

TEST_F(JobChildTest, AnErrorOfTheChainIsTyped) {
  EXPECT_EQ(MetadataOf(Run("").status())["category"], "file");
  spec_.input_sha256 = std::string(64, '0');
  EXPECT_EQ(ReasonOf(Run("id\n1\n").status()), "INPUT_CHANGED");
}

}  // namespace
}  // namespace dq
