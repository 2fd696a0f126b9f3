// Runs SQL text on a database of a test, beside the store.
#pragma once

#include <string>

namespace dq {

// Runs `sql` (one or more statements) and returns all values of the last result, a row a line.
// Fails the test and returns "" when PostgreSQL refuses it.
std::string Probe(const std::string& conninfo, const std::string& sql);

}  // namespace dq
