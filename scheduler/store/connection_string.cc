#include "scheduler/store/connection_string.h"

#include <libpq-fe.h>

#include <map>

#include "common/base/error.h"

namespace dq {
namespace {

// A dead server or network is noticed within seconds, not after the kernel's two hours.
const std::map<std::string, std::string>& Defaults() {
  static const std::map<std::string, std::string> defaults = {
      {"connect_timeout", "5"},    {"application_name", "dq-scheduler"},
      {"keepalives_idle", "5"},    {"keepalives_interval", "2"},
      {"keepalives_count", "3"},   {"tcp_user_timeout", "10000"},
      {"client_encoding", "UTF8"},
  };
  return defaults;
}

std::string Quoted(const std::string& value) {
  std::string quoted = "'";
  for (const char c : value) {
    if (c == '\'' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "'";
}

std::string ValueOr(const std::map<std::string, std::string>& values, const std::string& key,
                    const std::string& otherwise) {
  const auto found = values.find(key);
  return found == values.end() || found->second.empty() ? otherwise : found->second;
}

std::string Label(const std::map<std::string, std::string>& values) {
  const std::string host = ValueOr(values, "host", ValueOr(values, "hostaddr", "local socket"));
  return host + ":" + ValueOr(values, "port", "5432") + ", database " +
         ValueOr(values, "dbname", ValueOr(values, "user", "of the user's name"));
}

}  // namespace

absl::StatusOr<ConnectionTarget> ParseConnectionTarget(const std::string& text) {
  char* message = nullptr;
  PQconninfoOption* options = PQconninfoParse(text.c_str(), &message);
  if (options == nullptr) {
    const std::string reason = message == nullptr ? "out of memory" : message;
    PQfreemem(message);
    return MakeError(absl::StatusCode::kInvalidArgument, "DATABASE_URL_INVALID",
                     "the database's connection string cannot be read: " + reason);
  }
  std::map<std::string, std::string> values = Defaults();
  for (const PQconninfoOption* option = options; option->keyword != nullptr; ++option) {
    if (option->val != nullptr) values[option->keyword] = option->val;
  }
  PQconninfoFree(options);
  ConnectionTarget target{.conninfo = "", .label = Label(values)};
  for (const auto& [keyword, value] : values) {
    target.conninfo += keyword + "=" + Quoted(value) + " ";
  }
  return target;
}

}  // namespace dq
