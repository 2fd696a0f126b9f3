#include "worker/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <string_view>

#include "common/base/host_port.h"
#include "worker/chain/chain_spec.h"

namespace dq {
namespace {

constexpr int kSlotsMax = 1024;
constexpr int64_t kMemoryBytesMax = int64_t{1} << 40;
constexpr int64_t kCpuSecondsMax = 1'000'000'000;
constexpr int64_t kDrainGraceSecondsMax = 86'400;
constexpr int64_t kCheckpointIntervalMsMax = 86'400'000;

bool IsIdCharacter(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; }

std::string InvalidInstance(const std::string& instance) {
  const bool fits = !instance.empty() && instance.size() <= 63 && instance.front() >= 'a' &&
                    instance.front() <= 'z' && instance.back() != '-' &&
                    std::all_of(instance.begin(), instance.end(), IsIdCharacter);
  return fits ? "" : "--instance must match [a-z]([a-z0-9-]{0,61}[a-z0-9])?";
}

std::string InvalidAddress(const std::string& address) {
  return ParseHostPort(address).ok() ? "" : "write host:port, not \"" + address + "\"";
}

const std::map<std::string, LogLevel>& LogLevels() {
  static const std::map<std::string, LogLevel> levels = {{"debug", LogLevel::kDebug},
                                                         {"info", LogLevel::kInfo},
                                                         {"warning", LogLevel::kWarning},
                                                         {"error", LogLevel::kError}};
  return levels;
}

struct TextOptions {
  std::vector<std::string> labels;
  int64_t drain_grace_seconds = 30;
  int64_t checkpoint_interval_ms = kCheckpointIntervalDefault / std::chrono::milliseconds(1);
};

void AddConnectionFlags(CLI::App& app, WorkerOptions& options, TextOptions& texts) {
  app.add_option("--scheduler", options.schedulers, "Schedulers to work for, host:port")
      ->delimiter(',')
      ->check(InvalidAddress)
      ->capture_default_str();
  app.add_option("--instance", options.instance,
                 "Name of this worker, unique per process start (default: a random one)")
      ->check(InvalidInstance);
  app.add_option("--labels", texts.labels, "Labels for operators, key=value")->delimiter(',');
  app.add_option("--admin-address", options.admin_address,
                 "Where /metrics, /livez and /readyz are served, host:port; port 0: any free one")
      ->check(InvalidAddress)
      ->capture_default_str();
}

void AddJobFlags(CLI::App& app, WorkerOptions& options, TextOptions& texts) {
  app.add_option("--storage-root", options.storage_root,
                 "Directory under which every file:///key lies, shared with the schedulers")
      ->required();
  app.add_option("--slots", options.slots, "Jobs to run at once")
      ->check(CLI::Range(1, kSlotsMax))
      ->capture_default_str();
  app.add_option("--memory-per-job", options.memory_per_job_bytes,
                 "Memory limit of a job, for example 512MiB")
      ->transform(CLI::AsSizeValue(false))
      ->check(CLI::Range(kMemoryLimitBytesMin, kMemoryBytesMax))
      ->capture_default_str();
  app.add_option("--threads-per-job", options.threads_per_job, "Threads of a job")
      ->check(CLI::Range(1, kThreadsMax))
      ->capture_default_str();
  app.add_option("--cpu-per-job", options.cpu_seconds_per_job,
                 "Seconds of CPU time a job may use, all threads together; 0: no limit")
      ->check(CLI::Range(int64_t{0}, kCpuSecondsMax))
      ->capture_default_str();
  app.add_option("--checkpoint-interval-ms", texts.checkpoint_interval_ms,
                 "Milliseconds between two checkpoints of a job, or more; 0: as often as they are "
                 "cheap")
      ->check(CLI::Range(int64_t{0}, kCheckpointIntervalMsMax))
      ->capture_default_str();
  app.add_option(
         "--drain-grace", texts.drain_grace_seconds,
         "Seconds that jobs which can take no checkpoint may run on after SIGTERM; the others "
         "are handed back with one at once")
      ->check(CLI::Range(int64_t{0}, kDrainGraceSecondsMax))
      ->capture_default_str();
  app.add_option("--child-program", options.child_program,
                 "Program that runs a job (default: dq-worker beside this one)");
}

// Returns the labels, or nothing and the first text that is no key=value.
std::string ReadLabels(const std::vector<std::string>& texts,
                       std::map<std::string, std::string>& labels) {
  for (const std::string& text : texts) {
    const size_t equals = text.find('=');
    if (equals == 0 || equals == std::string::npos) return text;
    labels[text.substr(0, equals)] = text.substr(equals + 1);
  }
  return "";
}

}  // namespace

std::variant<WorkerOptions, int> ParseWorkerOptions(int argc, const char* const* argv,
                                                    const std::string& version) {
  WorkerOptions options;
  TextOptions texts;
  CLI::App app(
      "dq-worker-agent: runs data-quality jobs for a scheduler.\n\nExample:\n"
      "  dq-worker-agent --scheduler 127.0.0.1:7400 --storage-root /srv/dq --slots 4\n");
  app.set_version_flag("--version", version);
  AddConnectionFlags(app, options, texts);
  AddJobFlags(app, options, texts);
  app.add_option("--log-level", options.log_level, "debug, info, warning or error")
      ->transform(CLI::CheckedTransformer(LogLevels()))
      ->default_str("info");
  try {
    app.parse(argc, argv);
    options.checkpoint_interval = std::chrono::milliseconds(texts.checkpoint_interval_ms);
    options.drain_grace = absl::Seconds(texts.drain_grace_seconds);
    const std::string bad_label = ReadLabels(texts.labels, options.labels);
    if (!bad_label.empty()) throw CLI::ValidationError("--labels", "write key=value: " + bad_label);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  return options;
}

}  // namespace dq
