// dq-scheduler: builds everything by hand, serves until SIGTERM, hands over. No logic here.
#include <csignal>
#include <cstdio>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/base/executor.h"
#include "common/base/logging.h"
#include "common/base/random_id.h"
#include "common/base/status_macros.h"
#include "common/rpc/server_runner.h"
#include "common/storage/object_store.h"
#include "common/storage/object_uri.h"
#include "common/telemetry/admin_server.h"
#include "common/telemetry/metric_registry.h"
#include "scheduler/api/admin_service.h"
#include "scheduler/api/batch_creation.h"
#include "scheduler/api/batch_service.h"
#include "scheduler/api/batch_source.h"
#include "scheduler/api/file_service.h"
#include "scheduler/api/job_service.h"
#include "scheduler/api/reference_service.h"
#include "scheduler/api/reference_validation.h"
#include "scheduler/api/report_service.h"
#include "scheduler/api/resource_name.h"
#include "scheduler/api/schedule_creation.h"
#include "scheduler/api/schedule_service.h"
#include "scheduler/api/webhook_service.h"
#include "scheduler/api/worker_service.h"
#include "scheduler/core/address_guard.h"
#include "scheduler/engine/attempt_sweeper.h"
#include "scheduler/engine/batch_driver.h"
#include "scheduler/engine/batch_expander.h"
#include "scheduler/engine/batch_runner.h"
#include "scheduler/engine/reference_validator.h"
#include "scheduler/engine/retention.h"
#include "scheduler/engine/schedule_runner.h"
#include "scheduler/engine/scheduler.h"
#include "scheduler/engine/storage_debts.h"
#include "scheduler/engine/webhook_sender.h"
#include "scheduler/http/curl_webhook_transport.h"
#include "scheduler/metrics.h"
#include "scheduler/options.h"
#include "scheduler/store/postgres_store.h"

namespace dq {
namespace {

constexpr size_t kInstanceBytes = 6;
constexpr timespec kServingCheckInterval = {0, 100'000'000};

SchedulerOptions EngineOptions(const SchedulerFlags& flags, const std::string& instance) {
  SchedulerOptions options;
  options.instance = instance;
  options.address = flags.advertise.empty() ? flags.listen : flags.advertise;
  options.leadership_ttl = flags.leadership_ttl;
  options.leadership_renew_interval = flags.leadership_renew_interval;
  options.report_interval = flags.report_interval;
  options.lease_ttl = flags.lease_ttl;
  options.broken_stream_ttl = flags.broken_stream_ttl;
  options.commit_linger = flags.commit_linger;
  return options;
}

PostgresStoreOptions StoreOptions(const SchedulerFlags& flags) {
  PostgresStoreOptions options;
  options.conninfo = flags.database;
  options.cell = flags.cell;
  options.reader_connections_max = flags.blocking_threads;
  return options;
}

// Appears whole or not at all, so that who waits for it can read it at once.
absl::Status WritePortsFile(const std::string& path, int grpc_port, int admin_port) {
  if (path.empty()) return absl::OkStatus();
  const std::string unfinished = path + ".new";
  std::ofstream(unfinished) << "grpc=" << grpc_port << "\nadmin=" << admin_port << "\n";
  if (std::rename(unfinished.c_str(), path.c_str()) == 0) return absl::OkStatus();
  return ErrnoError(errno, "PORTS_FILE_UNWRITABLE", "cannot write --ports-file " + path);
}

// The signals that end the process; blocked in every thread, so that main alone gets them.
sigset_t EndSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

// Returns at the first SIGTERM or SIGINT; keeps health in step with the engine until then. A second
// signal ends the process at once.
void ServeUntilSignal(const Scheduler& scheduler, ServerRunner& server) {
  const sigset_t signals = EndSignals();
  bool serving = false;
  while (sigtimedwait(&signals, nullptr, &kServingCheckInterval) < 0) {
    if (scheduler.IsServing() == serving) continue;
    serving = !serving;
    server.SetServing(serving);
    Log(LogLevel::kInfo, serving ? "serving" : "not serving");
  }
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
}

absl::Status Readiness(const Scheduler& scheduler) {
  if (scheduler.IsServing()) return absl::OkStatus();
  return absl::UnavailableError("not serving: another replica leads, or jobs are being loaded");
}

// Returns the uri beneath which a job's attempts write.
std::string PrefixOf(const JobName& job) { return FileUri(JobText(job)); }

RetentionOptions OptionsOfRetention(const SchedulerFlags& flags) {
  RetentionOptions options;
  options.finished = flags.retain_finished;
  options.per_second_max = flags.retention_rate;
  options.look_interval = flags.retention_interval;
  return options;
}

std::unique_ptr<BatchDriver> MakeBatchDriver(const ApiPorts& ports, PostgresStore& store,
                                             WebhookSender& webhooks) {
  const auto make = [&ports](const BatchRecord& batch, const BatchOperation& operation) {
    return MakeOperationRecord(ports, batch, operation);
  };
  const auto read = [&store](const std::vector<JobName>& names) {
    return store.jobs().LoadJobs({}, names);
  };
  return std::make_unique<BatchDriver>(ports.scheduler, read, store.batches(), make, SystemClock(),
                                       [&webhooks] { webhooks.Wake(); });
}

std::unique_ptr<ScheduleDriver> MakeScheduleDriver(const ApiPorts& ports, PostgresStore& store,
                                                   std::function<void(BatchKey)> wake,
                                                   EngineMetrics& metrics) {
  const auto make = [&ports](const ScheduleRecord& schedule, const ScheduleRun& run,
                             const std::string& id) {
    return MakeRunRecord(ports, schedule, run, id);
  };
  const ScheduleDriver::Ports needs = {ports.scheduler, store.batches(), store.schedules(),
                                       SystemClock(),   std::move(wake), metrics};
  return std::make_unique<ScheduleDriver>(needs, make);
}

std::vector<AddressBlock> BlocksOf(const std::vector<std::string>& texts) {
  std::vector<AddressBlock> blocks;
  for (const std::string& text : texts) {
    blocks.push_back(*ParseAddressBlock(text));  // Checked with the flags.
  }
  return blocks;
}

AddressGuard GuardOf(const SchedulerFlags& flags) {
  return AddressGuard(BlocksOf(flags.webhook_allow_cidr), BlocksOf(flags.webhook_deny_cidr));
}

WebhookSenderOptions SenderOptions(const SchedulerFlags& flags) {
  WebhookSenderOptions options;
  options.driver.retry_scale = flags.webhook_retry_scale;
  return options;
}

// What is carried on while this replica leads.
struct Background {
  Background(const SchedulerFlags& flags, PostgresStore& store, EngineMetrics& engine_metrics)
      : metrics(engine_metrics),
        batches(store.batches(), SystemClock()),
        expansions(store.batches(), SystemClock()),
        validator(store.catalog(), store.reader(),
                  MakeReferenceValidation(store.catalog(), SystemClock())),
        transport(GuardOf(flags), "dq-scheduler/" DQ_VERSION),
        webhooks(store.webhooks(), transport, SystemClock(), metrics, SenderOptions(flags)) {}
  // `ports` and `store` live until Stop().
  void Start(const ApiPorts& ports, PostgresStore& store) {
    batches.Start(ports.scheduler, MakeBatchDriver(ports, store, webhooks));
    expansions.Start(ports.scheduler,
                     std::make_unique<BatchExpander>(
                         store.batches(), MakeSourceOpener(ports.objects, SystemClock()),
                         SystemClock(), [this](BatchKey batch) { batches.Wake(batch); }));
    schedules.Start(ports.scheduler,
                    MakeScheduleDriver(
                        ports, store, [this](BatchKey batch) { Wake(batch); }, metrics));
    validator.Start(ports.scheduler);
    webhooks.Start([&ports] { return ports.scheduler.IsServing(); });
  }
  // Something else is asked of a batch, or it is new.
  void Wake(BatchKey batch) {
    expansions.Wake(batch);
    batches.Wake(batch);
  }
  void Stop() {
    schedules.Stop();
    expansions.Stop();
    batches.Stop();
    validator.Stop();
  }
  // What was decided until the scheduler stopped is told of.
  void StopWebhooks() {
    webhooks.Stop();
    transport.Stop();
  }

  EngineMetrics& metrics;
  BatchRunner batches;
  BatchRunner expansions;
  ScheduleRunner schedules;
  ReferenceValidator validator;
  CurlWebhookTransport transport;
  WebhookSender webhooks;
};

// What the API offers, over one port.
class Services {
 public:
  Services(const SchedulerFlags& flags, const std::string& instance, const ApiPorts& ports,
           PostgresStore& store, Background& background)
      : jobs_(ports, Limits(flags)),
        files_(ports),
        references_(ports, [&background] { background.validator.Wake(); }),
        reports_(ports),
        admin_(ports, store.operators(), instance, DQ_VERSION),
        batches_(
            ports, store.batches(), [&background](BatchKey batch) { background.Wake(batch); },
            Limits(flags)),
        schedules_(ports, store.schedules(), [&background] { background.schedules.Wake(); }),
        webhooks_(ports, store.webhooks(), background.webhooks),
        workers_(ports) {}

  absl::StatusOr<std::unique_ptr<ServerRunner>> Serve(const std::string& address) {
    return ServerRunner::Start(address, {{v1::JobService::service_full_name(), &jobs_},
                                         {v1::BatchService::service_full_name(), &batches_},
                                         {v1::FileService::service_full_name(), &files_},
                                         {v1::ReferenceService::service_full_name(), &references_},
                                         {v1::ReportService::service_full_name(), &reports_},
                                         {v1::ScheduleService::service_full_name(), &schedules_},
                                         {v1::WebhookService::service_full_name(), &webhooks_},
                                         {v1::AdminService::service_full_name(), &admin_},
                                         {v1::WorkerService::service_full_name(), &workers_}});
  }
  // Ends what lasts, so that clients go to another replica.
  void Drain() {
    jobs_.Drain();
    batches_.Drain();
    admin_.Drain();
  }

 private:
  static WatchLimits Limits(const SchedulerFlags& flags) {
    WatchLimits limits;
    limits.watches_max = flags.watches_max;
    return limits;
  }

  JobService jobs_;
  FileService files_;
  ReferenceService references_;
  ReportService reports_;
  AdminService admin_;
  BatchService batches_;
  ScheduleService schedules_;
  WebhookService webhooks_;
  WorkerService workers_;
};

void LogListening(const std::string& instance, int grpc_port, int admin_port) {
  Log(LogLevel::kInfo, "listening",
      {{"instance", instance},
       {"version", DQ_VERSION},
       {"grpc_port", grpc_port},
       {"admin_port", admin_port}});
}

// What clears up after jobs.
struct Clearing {
  Clearing(ObjectStore& objects, PostgresStore& store, EngineMetrics& metrics,
           const RetentionOptions& options)
      : sweeper(
            objects, SystemClock(), PrefixOf,
            [&store](const JobName& job) { return store.reader().GetJob(job); },
            [&store](const JobName& job) { return store.deletions().ListFilesWithoutJob(job); }),
        debts(objects, store.deletions(), PrefixOf,
              [&store](const JobName& job) { return store.reader().GetJob(job).status(); }),
        retention(store.deletions(), store.batches(), debts, SystemClock(), metrics, options) {}

  AttemptSweeper sweeper;
  StorageDebts debts;
  Retention retention;
};

absl::Status Run(const SchedulerFlags& flags) {
  DQ_ASSIGN_OR_RETURN(const auto objects, OpenFileObjectStore(flags.storage_root));
  DQ_ASSIGN_OR_RETURN(const auto store, PostgresStore::Create(StoreOptions(flags)));
  const std::string instance = "s-" + RandomHex(kInstanceBytes);
  MetricRegistry registry("dq-scheduler", DQ_VERSION);
  SchedulerMetrics metrics(registry);
  Executor blocking(flags.blocking_threads, static_cast<size_t>(flags.blocking_queue_max));
  Clearing clearing(*objects, *store, metrics, OptionsOfRetention(flags));
  Background background(flags, *store, metrics);
  const auto wake = [&](BatchKey batch) { background.batches.Wake(batch); };
  Scheduler scheduler(EngineOptions(flags, instance), store->jobs(), SystemClock(), metrics,
                      {.ended = [&](const EndedJob& job) { clearing.sweeper.Ended(job); },
                       .reopening = [&](const JobName& job) { clearing.sweeper.Reopening(job); },
                       .operation_ended = wake,
                       .deleted = [&] { clearing.retention.Wake(); },
                       .announced = [&] { background.webhooks.Wake(); }});
  const ApiPorts ports{scheduler, store->reader(),    store->catalog(),
                       *objects,  blocking,           SystemClock(),
                       metrics,   store->deletions(), store->operators()};
  Services services(flags, instance, ports, *store, background);
  // Before the port for calls: a call that came already would wait for an engine that never starts.
  DQ_ASSIGN_OR_RETURN(const auto admin_server,
                      AdminServer::Start(flags.admin_address, registry,
                                         [&scheduler] { return Readiness(scheduler); }));
  DQ_ASSIGN_OR_RETURN(const auto server, services.Serve(flags.listen));
  DQ_RETURN_IF_ERROR(WritePortsFile(flags.ports_file, server->port(), admin_server->port()));
  LogListening(instance, server->port(), admin_server->port());

  scheduler.Start();
  background.Start(ports, *store);
  clearing.retention.Start(scheduler);
  ServeUntilSignal(scheduler, *server);

  Log(LogLevel::kInfo, "handing over");
  server->SetServing(false);
  services.Drain();
  background.Stop();
  clearing.retention.Stop();
  scheduler.Stop();
  background.StopWebhooks();
  server->Shutdown(flags.shutdown_grace);
  blocking.Shutdown();
  Log(LogLevel::kInfo, "stopped");
  return absl::OkStatus();
}

}  // namespace
}  // namespace dq

int main(int argc, char** argv) {
  const auto parsed = dq::ParseSchedulerFlags(argc, argv, DQ_VERSION);
  if (const int* status = std::get_if<int>(&parsed)) return *status;
  const auto& flags = std::get<dq::SchedulerFlags>(parsed);
  dq::SetLogLevel(flags.log_level);
  const sigset_t signals = dq::EndSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  const absl::Status status = dq::Run(flags);
  if (status.ok()) return 0;
  std::fprintf(stderr, "dq-scheduler: %s (%s)\n", dq::MessageOf(status).c_str(),
               dq::ReasonOf(status).c_str());
  return 1;
}
