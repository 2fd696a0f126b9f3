#include "scheduler/options.h"

#include <CLI/CLI.hpp>
#include <map>

#include "common/base/host_port.h"
#include "scheduler/core/address_guard.h"

namespace dq {
namespace {

constexpr double kIntervalSecondsMin = 0.01;
constexpr double kIntervalSecondsMax = 86'400;
constexpr int kThreadsMax = 256;
constexpr double kRetryScaleMin = 0.0001;
constexpr double kRetryScaleMax = 10;
constexpr int kQueueMax = 1'000'000;
constexpr int kWatchesMax = 100'000;
constexpr double kRetainedDaysMax = 36'500;
constexpr int kRetentionRateMax = 100'000;
// A worker stops its jobs this long before its lease ends: shorter leases could not be held.
constexpr absl::Duration kLeaseTtlMin = absl::Milliseconds(500);

std::string InvalidAddress(const std::string& address) {
  return ParseHostPort(address).ok() ? "" : "write host:port, not \"" + address + "\"";
}

std::string InvalidBlock(const std::string& block) {
  return ParseAddressBlock(block).ok() ? ""
                                       : "write a block like 10.1.0.0/16, not \"" + block + "\"";
}

const std::map<std::string, LogLevel>& LogLevels() {
  static const std::map<std::string, LogLevel> levels = {{"debug", LogLevel::kDebug},
                                                         {"info", LogLevel::kInfo},
                                                         {"warning", LogLevel::kWarning},
                                                         {"error", LogLevel::kError}};
  return levels;
}

// Adds a flag in seconds that keeps the default of `interval`.
void AddSeconds(CLI::App& app, const std::string& flag, absl::Duration& interval,
                const std::string& help, double least = kIntervalSecondsMin) {
  app.add_option_function<double>(
         flag, [&interval](const double& seconds) { interval = absl::Seconds(seconds); },
         help + ", seconds")
      ->check(CLI::Range(least, kIntervalSecondsMax))
      ->default_str(std::to_string(absl::ToDoubleSeconds(interval)));
}

void AddPlaces(CLI::App& app, SchedulerFlags& flags) {
  app.add_option("--listen", flags.listen,
                 "Where the API is served, host:port; port 0: any free one")
      ->check(InvalidAddress)
      ->capture_default_str();
  app.add_option("--advertise-address", flags.advertise,
                 "Where clients reach this replica, host:port (default: what it listens on)")
      ->check(InvalidAddress);
  app.add_option("--admin-address", flags.admin_address,
                 "Where /metrics, /livez and /readyz are served, host:port; port 0: any free one")
      ->check(InvalidAddress)
      ->capture_default_str();
  app.add_option("--database", flags.database,
                 "PostgreSQL, key=value text or postgresql:// URI; better in DQ_DATABASE, where "
                 "other users do not see it")
      ->envname("DQ_DATABASE")
      ->required();
  app.add_option("--cell", flags.cell, "The cell whose leadership this replica competes for")
      ->capture_default_str();
  app.add_option("--storage-root", flags.storage_root,
                 "Directory under which every file:///key lies, shared with the workers")
      ->envname("DQ_STORAGE_ROOT")
      ->required();
  app.add_option("--ports-file", flags.ports_file,
                 "Written once all ports are open: lines grpc=PORT and admin=PORT");
}

void AddIntervals(CLI::App& app, SchedulerFlags& flags) {
  AddSeconds(app, "--lease-ttl", flags.lease_ttl, "Lease of a worker that does not report");
  AddSeconds(app, "--report-interval", flags.report_interval, "How often workers report");
  AddSeconds(app, "--broken-stream-ttl", flags.broken_stream_ttl,
             "Lease of a worker whose stream broke");
  AddSeconds(app, "--leadership-ttl", flags.leadership_ttl, "Leadership that is not renewed");
  AddSeconds(app, "--leadership-renew-interval", flags.leadership_renew_interval,
             "How often leadership is renewed");
  AddSeconds(app, "--commit-linger", flags.commit_linger, "Wait for more before a commit", 0);
  AddSeconds(app, "--shutdown-grace", flags.shutdown_grace,
             "What calls in progress may take after SIGTERM", 0);
}

void AddLimits(CLI::App& app, SchedulerFlags& flags) {
  app.add_option("--blocking-threads", flags.blocking_threads,
                 "Threads for calls that wait for database or disk")
      ->check(CLI::Range(1, kThreadsMax))
      ->capture_default_str();
  app.add_option("--blocking-queue-max", flags.blocking_queue_max,
                 "Such calls that may wait for a thread; then RESOURCE_EXHAUSTED")
      ->check(CLI::Range(1, kQueueMax))
      ->capture_default_str();
  app.add_option("--watches-max", flags.watches_max, "Open WatchJobs calls")
      ->check(CLI::Range(1, kWatchesMax))
      ->capture_default_str();
  app.add_option("--log-level", flags.log_level, "debug, info, warning or error")
      ->transform(CLI::CheckedTransformer(LogLevels()))
      ->default_str("info");
}

void AddRetention(CLI::App& app, SchedulerFlags& flags) {
  app.add_option_function<double>(
         "--retain-finished-days",
         [&flags](const double& days) { flags.retain_finished = absl::Hours(24) * days; },
         "Delete jobs and batches that ended so many days ago, with the files they made and the "
         "uploads that nothing else needs, and uploads as old that nothing names; the history of "
         "jobs stays. 0: never")
      ->check(CLI::Range(0.0, kRetainedDaysMax))
      ->default_str("0");
  app.add_option("--retention-rate", flags.retention_rate,
                 "Jobs a second that are deleted so at most, on average")
      ->check(CLI::Range(1, kRetentionRateMax))
      ->capture_default_str();
  AddSeconds(app, "--retention-interval", flags.retention_interval,
             "How often to look for what is to be deleted so");
}

void AddWebhooks(CLI::App& app, SchedulerFlags& flags) {
  app.add_option("--webhook-allow-cidr", flags.webhook_allow_cidr,
                 "Addresses that webhooks may be at although they are not public, for example "
                 "10.1.0.0/16; may be given again")
      ->check(InvalidBlock)
      ->allow_extra_args(false);
  app.add_option(
         "--webhook-deny-cidr", flags.webhook_deny_cidr,
         "Addresses that webhooks may not be at although they are public, such as those of "
         "hosts and services of your own; wins over --webhook-allow-cidr; may be given again")
      ->check(InvalidBlock)
      ->allow_extra_args(false);
  app.add_option("--webhook-retry-scale", flags.webhook_retry_scale,
                 "Multiplies the waits between tries of a delivery, 5 s at first, a day at last")
      ->check(CLI::Range(kRetryScaleMin, kRetryScaleMax))
      ->capture_default_str();
}

// Throws what is wrong with the flags together.
void Validate(const SchedulerFlags& flags) {
  if (flags.lease_ttl < kLeaseTtlMin) {
    throw CLI::ValidationError("--lease-ttl", "at least 0.5");
  }
  if (flags.report_interval * 2 > flags.lease_ttl) {
    throw CLI::ValidationError("--report-interval", "at most half of --lease-ttl");
  }
  if (flags.leadership_renew_interval * 2 > flags.leadership_ttl) {
    throw CLI::ValidationError("--leadership-renew-interval", "at most half of --leadership-ttl");
  }
}

}  // namespace

std::variant<SchedulerFlags, int> ParseSchedulerFlags(int argc, const char* const* argv,
                                                      const std::string& version) {
  SchedulerFlags flags;
  CLI::App app(
      "dq-scheduler: keeps data-quality jobs in PostgreSQL and leases them to workers.\n\n"
      "Examples:\n"
      "  DQ_DATABASE='host=db dbname=dq' dq-scheduler --storage-root /srv/dq\n"
      "  dq-scheduler --storage-root /srv/dq --retain-finished-days 90\n");
  app.set_version_flag("--version", version);
  AddPlaces(app, flags);
  AddIntervals(app, flags);
  AddLimits(app, flags);
  AddRetention(app, flags);
  AddWebhooks(app, flags);
  try {
    app.parse(argc, argv);
    Validate(flags);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  return flags;
}

}  // namespace dq
