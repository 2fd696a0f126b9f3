// Turns the chain options of a command line into the fields of a JobSpec, and short ids into
// resource names. Stateless and thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "dq/v1/job.pb.h"
#include "scheduler/dqctl/command.h"

namespace dq::dqctl {

// Returns a spec with stages, options, form and gate, without input file and reference. Options for
// a stage that is not in the chain, options that do not go together and unknown stages or values
// are INVALID_ARGUMENT USAGE.
absl::StatusOr<dq::v1::JobSpec> SpecOf(const ChainOptions& options);

// Sets the queue, the priority and the attempts.
void SetPlace(const CreationOptions& creation, dq::v1::JobSpec& spec);

// Returns the request id that was given, else `prefix` with a random end.
std::string RequestIdOf(const CreationOptions& creation, const std::string& prefix);

// Returns "projects/{project}/{collection}/{id}" for an id, for "{collection}/{id}" and for the
// full name, which is taken as it is.
std::string ResourceName(std::string_view project, std::string_view collection,
                         std::string_view text);

}  // namespace dq::dqctl
