#include "scheduler/dqctl/config.h"

#include <fstream>
#include <sstream>
#include <utility>

#include "common/base/error.h"
#include "common/base/status_macros.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/util/json_util.h"

namespace dq::dqctl {
namespace {

absl::Status Invalid(const std::string& path, const std::string& why) {
  return MakeError(absl::StatusCode::kInvalidArgument, "CONFIG_INVALID", path + ": " + why);
}

std::string DefaultPath(const Environment& environment) {
  if (const std::string folder = environment("XDG_CONFIG_HOME"); !folder.empty()) {
    return folder + "/dq/config.json";
  }
  const std::string home = environment("HOME");
  return home.empty() ? "" : home + "/.config/dq/config.json";
}

absl::StatusOr<Connection> ReadConfig(const Environment& environment) {
  const std::string named = environment("DQ_CONFIG");
  const std::string path = named.empty() ? DefaultPath(environment) : named;
  std::ifstream file(path);
  if (!file) {
    if (named.empty()) return Connection{};
    return MakeError(absl::StatusCode::kNotFound, "CONFIG_MISSING",
                     "DQ_CONFIG names " + path + ", which cannot be read");
  }
  std::ostringstream text;
  text << file.rdbuf();
  return ParseConfig(text.str(), path);
}

}  // namespace

absl::StatusOr<Connection> ParseConfig(const std::string& text, const std::string& path) {
  google::protobuf::Struct object;
  if (const auto status = google::protobuf::util::JsonStringToMessage(text, &object);
      !status.ok()) {
    return Invalid(path, "not a JSON object");
  }
  Connection connection;
  for (const auto& [key, value] : object.fields()) {
    if (key != "address" && key != "project") return Invalid(path, "unknown setting " + key);
    if (!value.has_string_value()) return Invalid(path, key + " is not a string");
    (key == "address" ? connection.address : connection.project) = value.string_value();
  }
  return connection;
}

absl::StatusOr<Connection> ResolveConnection(const Connection& flags,
                                             const Environment& environment) {
  DQ_ASSIGN_OR_RETURN(const Connection file, ReadConfig(environment));
  const auto first = [](std::initializer_list<std::string> values) {
    for (const std::string& value : values) {
      if (!value.empty()) return value;
    }
    return std::string();
  };
  return Connection{
      .address = first({flags.address, environment("DQ_ADDRESS"), file.address, kAddressDefault}),
      .project = first({flags.project, environment("DQ_PROJECT"), file.project, kProjectDefault})};
}

}  // namespace dq::dqctl
