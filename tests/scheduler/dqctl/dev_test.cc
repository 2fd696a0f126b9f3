// `dqctl dev` over the real programs and a real PostgreSQL.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <optional>

#include "nlohmann/json.hpp"
#include "scheduler/dqctl/child_process.h"
#include "scheduler/dqctl/dev_folder.h"
#include "tests/support/wait_until.h"

namespace dq::dqctl {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

constexpr absl::Duration kPatience = absl::Seconds(60);

// Whether the process is there and no zombie: whoever reaps orphans may take its time.
bool IsAlive(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  std::getline(file, text);
  return file && text.find(") Z ") == std::string::npos;
}

class DevTest : public testing::Test {
 protected:
  // The folder's name has a space: it must not matter.
  DevTest() {
    std::string pattern = "/tmp/dqctl dev-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    fs::permissions(folder_, fs::perms::owner_all | fs::perms::others_exec);
  }
  ~DevTest() override {
    if (dev_) dev_->Stop(SIGTERM, absl::Seconds(40));
    fs::remove_all(folder_);
  }

  std::string Path(const std::string& name) const { return folder_ + "/" + name; }
  std::string Text(const std::string& name) const {
    std::ifstream file(Path(name));
    return {std::istreambuf_iterator<char>(file), {}};
  }
  // Starts dqctl with its output in the file `log`.
  ChildProcess Dqctl(std::vector<std::string> arguments, const std::string& log) {
    fs::remove(Path(log));
    arguments.insert(arguments.begin(), DQ_BINARY_DIR "/bin/dqctl");
    const auto fd = OpenLog(Path(log));
    auto child = ChildProcess::Start({.command = arguments,
                                      .stdout_fd = fd->get(),
                                      .stderr_fd = fd->get(),
                                      .account = std::nullopt,
                                      .death_signal = SIGKILL});
    EXPECT_TRUE(child.ok()) << child.status();
    return *std::move(child);
  }
  int Run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"--address", address_});
    return Dqctl(std::move(arguments), "out").Wait().exit_code;
  }
  void StartDev() {
    dev_.emplace(Dqctl({"dev", "--data-dir", Path("data"), "--workers", "1", "--listen",
                        "127.0.0.1:0", "--ready-file", Path("address")},
                       "dev.log"));
    ASSERT_TRUE(WaitUntil([&] { return fs::exists(Path("address")) || dev_->Poll(); }, kPatience));
    address_ = Text("address");
    ASSERT_FALSE(address_.empty()) << Text("dev.log");
    address_.pop_back();  // The newline.
  }
  // Returns the process ids of the fleet by name.
  std::map<std::string, pid_t> Processes() const {
    const auto state = nlohmann::json::parse(Text("data/dev.json"), nullptr, false);
    std::map<std::string, pid_t> processes;
    if (!state.is_object() || !state.contains("processes")) return processes;
    for (const auto& [name, id] : state["processes"].items()) processes[name] = id.get<pid_t>();
    return processes;
  }

  std::string folder_;
  std::string address_;
  std::optional<ChildProcess> dev_;
};

TEST_F(DevTest, CleansLikeALocalRunAndKeepsItsDataOverARestart) {
  StartDev();
  const std::string input = DQ_SOURCE_DIR "/tests/data/customers_dirty.csv";
  const std::string reference = DQ_SOURCE_DIR "/tests/data/customers_reference.csv";
  ASSERT_EQ(Run({"clean", input, "--reference", reference, "--key", "customer_id", "-o",
                 Path("fleet.csv"), "--changes", Path("fleet.changes.csv")}),
            0)
      << Text("out");
  ASSERT_EQ(Run({"clean", input, "--reference", reference, "--key", "customer_id", "-o",
                 Path("local.csv"), "--changes", Path("local.changes.csv"), "--local"}),
            0)
      << Text("out");
  EXPECT_FALSE(Text("fleet.csv").empty());
  EXPECT_EQ(Text("fleet.csv"), Text("local.csv"));
  EXPECT_EQ(Text("fleet.changes.csv"), Text("local.changes.csv"));
  EXPECT_EQ(Text("fleet.csv.rejects.csv"), Text("local.csv.rejects.csv"));
  EXPECT_EQ(Run({"doctor"}), 0) << Text("out");

  EXPECT_EQ(dev_->Stop(SIGTERM, absl::Seconds(40)).exit_code, 0) << Text("dev.log");
  EXPECT_FALSE(fs::exists(Path("data/dev.json")));
  StartDev();
  ASSERT_EQ(Run({"job", "list", "-o", "ndjson"}), 0) << Text("out");
  EXPECT_THAT(Text("out"), HasSubstr("JOB_STATE_COMPLETED"));
}

TEST_F(DevTest, StartsAgainWhatDies) {
  StartDev();
  const pid_t worker = Processes()["worker-1"];
  ASSERT_GT(worker, 0);
  ::kill(worker, SIGKILL);
  EXPECT_TRUE(WaitUntil(
      [&] {
        const pid_t now = Processes()["worker-1"];
        return now > 0 && now != worker;
      },
      kPatience));
  EXPECT_THAT(Text("dev.log"), HasSubstr("worker-1 ended with signal 9, starting it again"));
}

TEST_F(DevTest, KilledItTakesEverythingWithIt) {
  StartDev();
  const auto processes = Processes();
  ASSERT_EQ(processes.size(), 3u);
  dev_->Stop(SIGKILL, absl::Seconds(10));
  for (const auto& [name, pid] : processes) {
    EXPECT_TRUE(WaitUntil([pid = pid] { return !IsAlive(pid); }, kPatience)) << name;
  }
}

TEST_F(DevTest, ASecondOneIsToldWhyItCannot) {
  StartDev();
  EXPECT_EQ(Run({"dev", "--data-dir", Path("data"), "--listen", "127.0.0.1:0"}), 1);
  EXPECT_THAT(Text("out"), HasSubstr("DATA_DIR_LOCKED"));
  EXPECT_EQ(Run({"dev", "--data-dir", Path("other"), "--listen", address_}), 1);
  EXPECT_THAT(Text("out"), HasSubstr("PORT_IN_USE"));
}

}  // namespace
}  // namespace dq::dqctl
