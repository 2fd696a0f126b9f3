// How an attempt ended, as the serialised dq.v1.Outcome that reports repeat. Pure; thread-safe.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "common/storage/object_store.h"
#include "worker/chain/chain_runner.h"

namespace dq {

// An output as it lies in the store.
struct PublishedOutput {
  OutputKind kind = OutputKind::kCleaned;
  std::string name;
  WrittenObject object;
};

// The name of `kind` in dq.v1, for example "OUTPUT_KIND_CLEANED".
std::string PublicNameOf(OutputKind kind);

// A completed chain with its published outputs.
std::string CompletedOutcome(const ChainResult& result, const WrittenObject& manifest,
                             const std::vector<PublishedOutput>& outputs);
// A completed chain of noop stages: no file, no report.
std::string CompletedNoopOutcome();
// A failed attempt. A status without reason becomes CRASHED of category system.
std::string FailedOutcome(const absl::Status& error);

// Whether another attempt at what failed with `error` could succeed: not when the file or the
// configuration is at fault, nor when the work is larger than a limit, which it will be again.
bool IsRetryable(const absl::Status& error);

}  // namespace dq
