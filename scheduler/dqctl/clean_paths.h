// Where `dqctl clean` puts its outputs and how it reports on them, the same with and without a
// scheduler. Stateless and thread-safe.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "dq/v1/job.pb.h"
#include "dq/v1/report.pb.h"
#include "scheduler/dqctl/command.h"
#include "scheduler/dqctl/console.h"

namespace dq::dqctl {

// Returns where the cleaned file goes: --output, or "customers.cleaned.csv" in the folder of
// "customers.csv".
std::string CleanedPath(const CleanCommand& command);

// Returns the outputs to write with their paths, the cleaned file last: when it is there,
// everything is. Rows that could not be read are never lost without a word: with such rows in
// `report` they go beside the cleaned file, ".rejects.csv" after its name, unless --rejects says
// where.
std::vector<std::pair<dq::v1::OutputKind, std::string>> WantedOutputs(const CleanCommand& command,
                                                                      const dq::v1::Report& report);

// Checks before any work that every output can be created and that none is the input, the
// reference, or another output.
absl::Status CheckOutputs(const CleanCommand& command);

// Removes the rejects file that an earlier run may have left beside the cleaned file, when this one
// rejected nothing and the user named none. A file that is no such list is left alone.
void RemoveStaleRejects(const CleanCommand& command, const dq::v1::Report& report);

// Writes an output that the job did not produce because it has no rows: its header line, as a local
// run writes it. NOT_FOUND OUTPUT_MISSING for the cleaned file and the report, which every job has.
absl::Status WriteOutputWithoutRows(dq::v1::OutputKind kind, const std::string& path);

// Prints the report's head and where the cleaned file is; as JSON the report itself.
void PrintCleaned(const CleanCommand& command, const dq::v1::Report& report,
                  dq::v1::Verdict verdict, const Console& console);

}  // namespace dq::dqctl
