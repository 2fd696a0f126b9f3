// The defaults of a job's spec: what a chain and its rules mean when fields are left out. Pure and
// thread-safe; specs are valid (spec_validation.h).
#pragma once

#include <string>
#include <vector>

#include "dq/v1/job.pb.h"
#include "scheduler/core/job.h"

namespace dq {

// Returns the chain with every option set: complete, then dedupe, when `spec` names no stages.
std::vector<v1::Stage> ResolveChain(const v1::JobSpec& spec);

// Returns the name of a stage, for example "complete"; "" when its kind is not set.
std::string StageName(const v1::Stage& stage);

// Returns whether the chain has stages and all of them are noop: it needs no input.
bool IsNoopOnly(const v1::JobSpec& spec);

// Returns whether the chain has a stage complete.
bool HasComplete(const v1::JobSpec& spec);

// Returns the rules that the scheduler follows; `stages` are the distinct names of the chain.
JobRules ResolveRules(const v1::JobSpec& spec);

}  // namespace dq
