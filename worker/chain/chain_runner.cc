#include "worker/chain/chain_runner.h"

#include "common/base/error.h"
#include "common/base/status_macros.h"
#include "worker/chain/chain_run.h"

namespace dq {
namespace {

// A chain that was told to stop while it went back to its checkpoint does not start over.
bool MayStartOver(const absl::Status& status) {
  return status.code() != absl::StatusCode::kCancelled &&
         status.code() != absl::StatusCode::kAborted;
}

absl::StatusOr<ChainResult> Finish(ChainRun& run) {
  absl::StatusOr<ChainResult> result = run.MakePasses();
  if (!result.ok()) return run.EndOf(result.status());
  return result;
}

}  // namespace

absl::StatusOr<ChainResult> RunChain(const ChainSpec& spec, const StageFactory& make_stages,
                                     const ChainFiles& files, ProgressSink& sink,
                                     const CancelToken& cancel, const CheckpointPlan& plan) {
  std::optional<ChainRun> run;
  const auto open = [&] {
    run.emplace(spec, files, sink, cancel, plan);
    return run->Open(make_stages);
  };
  if (const absl::Status opened = open(); !opened.ok()) return run->EndOf(opened);
  if (plan.control == nullptr) return Finish(*run);
  ChainStart start;
  if (plan.resume) {
    const absl::StatusOr<ChainStart> resumed = run->Resume();
    if (resumed.ok()) {
      plan.control->OnStart(*resumed);
      return Finish(*run);
    }
    if (!MayStartOver(resumed.status())) return run->EndOf(resumed.status());
    start.reason = MessageOf(resumed.status());
    const absl::Status opened = run->restored() ? open() : absl::OkStatus();
    if (!opened.ok()) return run->EndOf(opened);
  }
  if (const absl::Status ready = run->StartOver(); !ready.ok()) return run->EndOf(ready);
  plan.control->OnStart(start);
  return Finish(*run);
}

std::string_view OutputKindName(OutputKind kind) {
  switch (kind) {
    case OutputKind::kCleaned:
      return "cleaned";
    case OutputKind::kReport:
      return "report";
    case OutputKind::kChanges:
      return "changes";
    case OutputKind::kClusters:
      return "clusters";
    case OutputKind::kRejects:
      return "rejects";
    case OutputKind::kProfile:
      return "profile";
    case OutputKind::kIntermediate:
      return "intermediate";
  }
  return "";
}

}  // namespace dq
