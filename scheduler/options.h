// The flags of dq-scheduler. Values only.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "absl/time/time.h"
#include "common/base/logging.h"

namespace dq {

struct SchedulerFlags {
  std::string listen = "127.0.0.1:7400";
  std::string advertise;  // Empty: the address listened on.
  std::string admin_address = "127.0.0.1:0";
  std::string database;
  std::string cell = "default";
  std::string storage_root;
  std::string ports_file;  // Empty: none is written.
  absl::Duration lease_ttl = absl::Seconds(15);
  absl::Duration report_interval = absl::Seconds(3);
  absl::Duration broken_stream_ttl = absl::Seconds(5);
  absl::Duration leadership_ttl = absl::Seconds(5);
  absl::Duration leadership_renew_interval = absl::Milliseconds(1750);
  absl::Duration commit_linger = absl::ZeroDuration();
  absl::Duration shutdown_grace = absl::Seconds(5);
  int blocking_threads = 8;
  int blocking_queue_max = 1024;
  int watches_max = 256;
  absl::Duration retain_finished = absl::ZeroDuration();  // 0: for ever.
  int retention_rate = 1000;                              // Jobs a second.
  absl::Duration retention_interval = absl::Minutes(1);
  // Blocks of addresses that webhooks may be at although they are not public.
  std::vector<std::string> webhook_allow_cidr;
  std::vector<std::string> webhook_deny_cidr;
  double webhook_retry_scale = 1;  // Of the waits between tries.
  LogLevel log_level = LogLevel::kInfo;
};

// Reads the command line and DQ_DATABASE. Returns the flags, or the exit status when help or
// version was printed (0) or the line is wrong (2, after a message that names the flag).
std::variant<SchedulerFlags, int> ParseSchedulerFlags(int argc, const char* const* argv,
                                                      const std::string& version);

}  // namespace dq
