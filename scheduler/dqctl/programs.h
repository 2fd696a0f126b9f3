// Finds the programs that dqctl starts: its sisters and PostgreSQL's. Stateless and thread-safe.
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace dq::dqctl {

// Returns the folder of the running program.
std::string ProgramFolder();

// Returns the path of `name`: beside dqctl (`folder`), else on PATH (`search_path`). NOT_FOUND
// PROGRAM_MISSING.
absl::StatusOr<std::string> FindProgram(const std::string& name, const std::string& folder,
                                        const std::string& search_path);

// Returns the folder with initdb and postgres: where `pg_config --bindir` points, else the newest
// /usr/lib/postgresql/*/bin. NOT_FOUND POSTGRES_NOT_INSTALLED.
absl::StatusOr<std::string> FindPostgres();

}  // namespace dq::dqctl
