// dq-worker-agent: the worker's side of the protocol. Wiring only.
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <filesystem>
#include <thread>
#include <variant>

#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/base/logging.h"
#include "common/base/random_id.h"
#include "common/base/status_macros.h"
#include "common/storage/object_store.h"
#include "common/telemetry/admin_server.h"
#include "common/telemetry/metric_registry.h"
#include "worker/api/agent.h"
#include "worker/metrics.h"
#include "worker/options.h"

namespace dq {
namespace {

sigset_t StopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

// Drains the agent at the first stop signal, without grace at the second. Stop signals must be
// blocked in every thread.
class StopSignalThread {
 public:
  StopSignalThread(Agent& agent, absl::Duration grace)
      : thread_([this, &agent, grace] { Wait(agent, grace); }) {}
  ~StopSignalThread() {
    ended_ = true;
    pthread_kill(thread_.native_handle(), SIGTERM);
    thread_.join();
  }

 private:
  void Wait(Agent& agent, absl::Duration grace) {
    const sigset_t signals = StopSignals();
    for (int received = 0; sigwait(&signals, &received) == 0 && !ended_;) {
      agent.Drain(grace);
      grace = absl::ZeroDuration();
    }
  }

  std::atomic<bool> ended_{false};
  std::thread thread_;
};

// Allows as many descriptors as the system grants: every job needs about twenty.
void RaiseDescriptorLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  (void)setrlimit(RLIMIT_NOFILE, &limit);
}

absl::StatusOr<std::string> FindChildProgram(const std::string& asked) {
  std::error_code error;
  const std::filesystem::path own = std::filesystem::read_symlink("/proc/self/exe", error);
  const std::string path = asked.empty() ? (own.parent_path() / "dq-worker").string() : asked;
  if (::access(path.c_str(), X_OK) == 0) return path;
  return MakeError(absl::StatusCode::kFailedPrecondition, "CHILD_PROGRAM_MISSING",
                   "cannot execute \"" + path + "\": name it with --child-program");
}

absl::Status Readiness(const Agent& agent) {
  if (agent.connected()) return absl::OkStatus();
  return absl::UnavailableError("not connected to a scheduler");
}

AgentOptions OptionsOf(const WorkerOptions& options, std::string child_program) {
  AgentOptions agent;
  agent.schedulers = options.schedulers;
  agent.instance = options.instance;
  if (agent.instance.empty()) agent.instance = TimeOrderedId("w-", SystemClock().Now());
  agent.labels = options.labels;
  agent.slots = options.slots;
  agent.resources = {options.memory_per_job_bytes, options.threads_per_job,
                     options.cpu_seconds_per_job};
  agent.child_program = std::move(child_program);
  agent.version = DQ_VERSION;
  agent.checkpoint_interval = options.checkpoint_interval;
  return agent;
}

absl::Status RunWorker(const WorkerOptions& options) {
  DQ_ASSIGN_OR_RETURN(std::string child_program, FindChildProgram(options.child_program));
  DQ_ASSIGN_OR_RETURN(const std::unique_ptr<ObjectStore> store,
                      OpenFileObjectStore(options.storage_root));
  MetricRegistry registry("dq-worker-agent", DQ_VERSION);
  WorkerMetrics metrics(registry);
  const AgentOptions agent_options = OptionsOf(options, std::move(child_program));
  Agent agent(agent_options, *store, SystemClock(), metrics, RandomUniform);
  DQ_ASSIGN_OR_RETURN(
      const std::unique_ptr<AdminServer> admin,
      AdminServer::Start(options.admin_address, registry, [&agent] { return Readiness(agent); }));
  Log(LogLevel::kInfo, "worker started",
      {{"instance", agent_options.instance},
       {"version", DQ_VERSION},
       {"slots", options.slots},
       {"storage_root", options.storage_root},
       {"admin_port", admin->port()}});
  const StopSignalThread stop_signals(agent, options.drain_grace);
  agent.Run();
  return absl::OkStatus();
}

}  // namespace
}  // namespace dq

int main(int argc, char** argv) {
  const auto parsed = dq::ParseWorkerOptions(argc, argv, DQ_VERSION);
  if (const int* exit_status = std::get_if<int>(&parsed)) return *exit_status;
  const auto& options = std::get<dq::WorkerOptions>(parsed);
  dq::SetLogLevel(options.log_level);
  const sigset_t signals = dq::StopSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  dq::RaiseDescriptorLimit();
  const absl::Status status = dq::RunWorker(options);
  if (status.ok()) return 0;
  std::fprintf(stderr, "dq-worker-agent: %s (%s)\n", dq::MessageOf(status).c_str(),
               dq::ReasonOf(status).c_str());
  return 1;
}
