// A libpq connection that sends several prepared statements at once and then reads their results:
// one round trip for all of them (libpq's pipeline mode, which libpqxx 6 does not have). Every wait
// has a deadline, so that a server that hangs cannot hold its caller. Not thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "scheduler/store/connection_string.h"
#include "scheduler/store/parameters.h"
#include "scheduler/store/statement.h"

struct pg_conn;

namespace dq {

// A statement to run with its parameters.
struct PipelineCall {
  const sql::Statement* statement;
  Parameters parameters;
};

// What a statement answered; NULL is the empty text.
struct PipelineResult {
  int64_t rows_affected = 0;
  std::vector<std::vector<std::string>> rows;
};

class PipelineConnection {
 public:
  // Connects and prepares `statements`. UNAVAILABLE (DATABASE_UNAVAILABLE) names the server.
  static absl::StatusOr<std::unique_ptr<PipelineConnection>> Open(
      const ConnectionTarget& target, absl::Duration timeout,
      std::span<const sql::Statement* const> statements);
  ~PipelineConnection();
  PipelineConnection(const PipelineConnection&) = delete;
  PipelineConnection& operator=(const PipelineConnection&) = delete;

  // Runs `calls` in order and returns their results; after the first error the rest is skipped and
  // the error returned. Outside of a transaction they are one: OK means that it is committed, an
  // error that it is undone. UNAVAILABLE (DATABASE_UNAVAILABLE): the connection is of no use any
  // more and what the calls did is unknown.
  absl::StatusOr<std::vector<PipelineResult>> Run(const std::vector<PipelineCall>& calls);

  // Returns whether an explicit transaction is open, also one that has failed.
  bool IsInTransaction() const;

 private:
  using SteadyClock = std::chrono::steady_clock;

  PipelineConnection(pg_conn* connection, absl::Duration timeout)
      : connection_(connection), timeout_(timeout) {}

  absl::Status Prepare(std::span<const sql::Statement* const> statements);
  bool Send(const PipelineCall& call);
  absl::StatusOr<std::vector<PipelineResult>> Collect(size_t calls);
  absl::Status WaitForResult(SteadyClock::time_point deadline);
  absl::Status Lost() const;

  pg_conn* const connection_;  // Owned.
  const absl::Duration timeout_;
};

}  // namespace dq
