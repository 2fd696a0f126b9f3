#include "scheduler/store/pipeline_connection.h"

#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <cstdlib>
#include <optional>

#include "common/base/error.h"
#include "common/base/status_macros.h"
#include "scheduler/store/sql_error.h"

namespace dq {
namespace {

struct ResultDeleter {
  void operator()(PGresult* result) const { PQclear(result); }
};
using ResultPtr = std::unique_ptr<PGresult, ResultDeleter>;

constexpr int kBinary = 1;
constexpr int kText = 0;

std::string ErrorField(const PGresult* result, int field) {
  const char* const text = PQresultErrorField(result, field);
  return text == nullptr ? "" : text;
}

absl::Status StatusOf(const PGresult* result) {
  switch (PQresultStatus(result)) {
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
    case PGRES_PIPELINE_SYNC:
    case PGRES_PIPELINE_ABORTED:  // The error came before.
      return absl::OkStatus();
    default:
      break;
  }
  const std::string sqlstate = ErrorField(result, PG_DIAG_SQLSTATE);
  // The whole message would show the row.
  const std::optional<absl::Status> refused = StatusFromRefusedData(
      sqlstate, ErrorField(result, PG_DIAG_MESSAGE_PRIMARY),
      {ErrorField(result, PG_DIAG_TABLE_NAME), ErrorField(result, PG_DIAG_COLUMN_NAME),
       ErrorField(result, PG_DIAG_CONSTRAINT_NAME)});
  return refused ? *refused : StatusFromSqlState(sqlstate, PQresultErrorMessage(result));
}

PipelineResult ReadResult(PGresult* result) {
  PipelineResult read{.rows_affected = std::atoll(PQcmdTuples(result)), .rows = {}};
  for (int row = 0; row < PQntuples(result); ++row) {
    std::vector<std::string>& values = read.rows.emplace_back();
    for (int column = 0; column < PQnfields(result); ++column) {
      values.emplace_back(PQgetvalue(result, row, column));
    }
  }
  return read;
}

}  // namespace

absl::StatusOr<std::unique_ptr<PipelineConnection>> PipelineConnection::Open(
    const ConnectionTarget& target, absl::Duration timeout,
    std::span<const sql::Statement* const> statements) {
  PGconn* raw = PQconnectdb(target.conninfo.c_str());
  auto connection = std::unique_ptr<PipelineConnection>(new PipelineConnection(raw, timeout));
  absl::Status status =
      PQstatus(raw) == CONNECTION_OK ? connection->Prepare(statements) : connection->Lost();
  if (status.ok()) return connection;
  return MakeError(absl::StatusCode::kUnavailable, "DATABASE_UNAVAILABLE",
                   "cannot use the database at " + target.label + ": " + MessageOf(status),
                   {{"server", target.label}});
}

PipelineConnection::~PipelineConnection() { PQfinish(connection_); }

absl::Status PipelineConnection::Prepare(std::span<const sql::Statement* const> statements) {
  if (PQsetnonblocking(connection_, 1) != 0 || PQenterPipelineMode(connection_) != 1) return Lost();
  for (const sql::Statement* statement : statements) {
    if (PQsendPrepare(connection_, statement->name, statement->text, 0, nullptr) != 1)
      return Lost();
  }
  return Collect(statements.size()).status();
}

absl::StatusOr<std::vector<PipelineResult>> PipelineConnection::Run(
    const std::vector<PipelineCall>& calls) {
  if (!std::ranges::all_of(calls, [this](const auto& call) { return Send(call); })) return Lost();
  return Collect(calls.size());
}

bool PipelineConnection::IsInTransaction() const {
  return PQtransactionStatus(connection_) != PQTRANS_IDLE;
}

bool PipelineConnection::Send(const PipelineCall& call) {
  const std::vector<std::optional<std::string>>& values = call.parameters.values();
  std::vector<const char*> pointers;
  std::vector<int> lengths;
  for (const std::optional<std::string>& value : values) {
    pointers.push_back(value.has_value() ? value->data() : nullptr);
    lengths.push_back(value.has_value() ? static_cast<int>(value->size()) : 0);
  }
  const std::vector<int> formats(values.size(), kBinary);
  return PQsendQueryPrepared(connection_, call.statement->name, static_cast<int>(values.size()),
                             pointers.data(), lengths.data(), formats.data(), kText) == 1;
}

// Reads one result and its end mark for each call, then the mark of the synchronisation point.
absl::StatusOr<std::vector<PipelineResult>> PipelineConnection::Collect(size_t calls) {
  if (PQpipelineSync(connection_) != 1) return Lost();
  const auto deadline = SteadyClock::now() + absl::ToChronoNanoseconds(timeout_);
  std::vector<PipelineResult> results;
  absl::Status failure;
  bool synchronised = false;
  while (!synchronised) {
    DQ_RETURN_IF_ERROR(WaitForResult(deadline));
    const ResultPtr result(PQgetResult(connection_));
    if (result == nullptr) continue;
    synchronised = PQresultStatus(result.get()) == PGRES_PIPELINE_SYNC;
    failure.Update(StatusOf(result.get()));
    if (PQstatus(connection_) != CONNECTION_OK) return Lost();
    if (!synchronised) results.push_back(ReadResult(result.get()));
  }
  DQ_RETURN_IF_ERROR(failure);
  if (results.size() != calls) return Lost();
  return results;
}

absl::Status PipelineConnection::WaitForResult(SteadyClock::time_point deadline) {
  while (PQisBusy(connection_) != 0) {
    const int unsent = PQflush(connection_);
    if (unsent < 0) return Lost();
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - SteadyClock::now()).count();
    if (left <= 0) return StatusFromSqlState("", "no answer within the time limit");
    const short events = static_cast<short>(POLLIN | (unsent > 0 ? POLLOUT : 0));
    pollfd socket{.fd = PQsocket(connection_), .events = events, .revents = 0};
    ::poll(&socket, 1, static_cast<int>(left));
    if ((socket.revents & ~POLLOUT) != 0 && PQconsumeInput(connection_) != 1) return Lost();
  }
  return absl::OkStatus();
}

absl::Status PipelineConnection::Lost() const {
  return StatusFromSqlState("", PQerrorMessage(connection_));
}

}  // namespace dq
