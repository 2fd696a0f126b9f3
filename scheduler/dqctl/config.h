// Where a setting comes from: a flag, else the environment, else the config file, else the default.
// Stateless and thread-safe.
#pragma once

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "scheduler/dqctl/command.h"

namespace dq::dqctl {

inline constexpr char kAddressDefault[] = "127.0.0.1:7400";
inline constexpr char kProjectDefault[] = "default";

// Returns the value of an environment variable, "" when it is not set.
using Environment = std::function<std::string(const char* name)>;

// Reads the text of a config file, a JSON object with "address" and "project", both optional.
// INVALID_ARGUMENT CONFIG_INVALID for anything else; the message names `path`.
absl::StatusOr<Connection> ParseConfig(const std::string& text, const std::string& path);

// Fills in what `flags` leaves empty: from DQ_ADDRESS and DQ_PROJECT, then from the config file
// (DQ_CONFIG, which must exist, else $XDG_CONFIG_HOME/dq/config.json or ~/.config/dq/config.json,
// which need not), then from the defaults.
absl::StatusOr<Connection> ResolveConnection(const Connection& flags,
                                             const Environment& environment);

}  // namespace dq::dqctl
