#include "tests/support/cluster.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <utility>

#include "tests/support/store_database.h"
#include "tests/support/wait_until.h"

namespace dq {
namespace {

std::string NewFolder() {
  std::string folder = std::filesystem::temp_directory_path() / "dq-cluster-XXXXXX";
  if (::mkdtemp(folder.data()) == nullptr) std::abort();
  std::filesystem::create_directory(folder + "/storage");
  return folder;
}

std::string Program(const std::string& name) { return std::string(DQ_BINARY_DIR) + "/bin/" + name; }

// Returns the value of a line "key=value".
std::string LineValue(const std::string& text, const std::string& key) {
  const size_t start = text.find(key + "=");
  if (start == std::string::npos) return "";
  const size_t value = start + key.size() + 1;
  return text.substr(value, text.find('\n', value) - value);
}

std::vector<std::string> Joined(std::vector<std::string> first,
                                const std::vector<std::string>& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

}  // namespace

Cluster::Cluster(ClusterOptions options)
    : options_(std::move(options)),
      folder_(NewFolder()),
      database_(NewStoreDatabase()),
      address_("127.0.0.1:0") {
  StartScheduler();
  workers_.resize(static_cast<size_t>(options_.workers));
  instances_.resize(workers_.size());
  for (size_t i = 0; i < workers_.size(); ++i) RestartWorker(i);
  EXPECT_TRUE(WaitUntil([this] { return WorkersAreConnected(); }));
}

Cluster::~Cluster() {
  workers_.clear();
  scheduler_.reset();
  if (::testing::Test::HasFailure()) PrintLogs();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void Cluster::RestartScheduler() {
  scheduler_->Kill9();
  StartScheduler();
}

void Cluster::RestartWorker(size_t index) {
  workers_[index].reset();
  instances_[index] = "w" + std::to_string(index) + "-" + std::to_string(++starts_);
  workers_[index] = StartProgram(
      "dq-worker", instances_[index],
      Joined({"serve", "--scheduler", address_, "--storage-root", storage_root(), "--instance",
              instances_[index], "--slots", std::to_string(options_.slots)},
             options_.worker_flags));
}

std::string Cluster::WorkerLogs() const {
  std::string logs;
  for (size_t worker = 0; worker < workers_.size(); ++worker) {
    for (int start = 1; start <= starts_; ++start) {
      logs +=
          ReadTextFile(Path("w" + std::to_string(worker) + "-" + std::to_string(start) + ".log"));
    }
  }
  return logs;
}

std::vector<std::string> Cluster::SchedulerFlags() const {
  std::map<std::string, std::string> flags = options_.scheduler_flags;
  flags.insert({{"--listen", address_},
                {"--database", database_},
                {"--storage-root", storage_root()},
                {"--lease-ttl", "5"},
                {"--report-interval", "0.2"},
                {"--broken-stream-ttl", "1"},
                {"--leadership-ttl", "1"},
                {"--leadership-renew-interval", "0.2"}});
  std::vector<std::string> list;
  for (const auto& [flag, value] : flags) list.insert(list.end(), {flag, value});
  return list;
}

void Cluster::StartScheduler() {
  const std::string ports_file = Path("ports");
  std::filesystem::remove(ports_file);
  scheduler_ = StartProgram("dq-scheduler", "scheduler",
                            Joined(SchedulerFlags(), {"--ports-file", ports_file}));
  EXPECT_TRUE(WaitUntil(
      [&] { return std::filesystem::exists(ports_file) || scheduler_->Poll().has_value(); }));
  address_ = "127.0.0.1:" + LineValue(ReadTextFile(ports_file), "grpc");
  EXPECT_TRUE(WaitUntil([this] { return Serves() || scheduler_->Poll().has_value(); }));
  EXPECT_FALSE(scheduler_->Poll().has_value()) << "the scheduler ended";
}

std::unique_ptr<Process> Cluster::StartProgram(const std::string& program, const std::string& log,
                                               std::vector<std::string> arguments) const {
  arguments.insert(arguments.begin(), Program(program));
  const std::string path = Path(log + ".log");
  return std::make_unique<Process>(arguments, std::map<std::string, std::string>{}, path, path);
}

bool Cluster::Serves() const { return Ctl({"admin", "stats"}).exit_code == 0; }

bool Cluster::WorkersAreConnected() const {
  const std::string list = Ctl({"worker", "list", "-o", "json"}).out;
  return std::ranges::all_of(instances_, [&list](const std::string& instance) {
    return list.find('"' + instance + '"') != std::string::npos ||
           list.find("workers/" + instance + '"') != std::string::npos;
  });
}

ProgramResult Cluster::Ctl(const std::vector<std::string>& arguments) const {
  return Run("dqctl", Joined({"--address", address_}, arguments));
}

ProgramResult Cluster::Run(const std::string& program,
                           const std::vector<std::string>& arguments) const {
  return RunProgram(Joined({Program(program)}, arguments), {{"HOME", folder_}, {"DQ_DATABASE", ""}},
                    folder_);
}

void Cluster::ExecuteSql(const std::string& sql) const {
  const absl::Status status = ExecuteOn(database_, sql);
  EXPECT_TRUE(status.ok()) << status;
}

std::string Cluster::WriteFile(const std::string& name, const std::string& content) const {
  std::ofstream(Path(name), std::ios::binary) << content;
  return Path(name);
}

void Cluster::PrintLogs() const {
  for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
    if (entry.path().extension() != ".log") continue;
    std::cerr << "---- " << entry.path().filename() << "\n" << ReadTextFile(entry.path());
  }
}

}  // namespace dq
