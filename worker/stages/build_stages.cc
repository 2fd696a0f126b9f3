#include "worker/stages/build_stages.h"

#include <algorithm>
#include <utility>

#include "worker/stages/complete/complete_stage.h"
#include "worker/stages/dedupe/cluster_stage.h"
#include "worker/stages/dedupe/dedupe_stage.h"
#include "worker/stages/dedupe/survivor_stage.h"

namespace dq {

namespace {

// The form of stage dedupe that the options need.
std::unique_ptr<Stage> MakeDedupe(const DedupeOptions& options, const StageContext& context) {
  const bool first_stays = options.survivor == SurvivorKind::kFirst && !options.merge;
  if (options.match != MatchKind::kFuzzy) {
    if (first_stays) return std::make_unique<DedupeStage>(options, context);
    if (context.temp_dir_fd >= 0) return std::make_unique<SurvivorStage>(options, context);
  }
  return std::make_unique<ClusterStage>(options, context);
}

}  // namespace

absl::StatusOr<StageList> BuildStages(const ChainSpec& spec,
                                      std::span<const StageContext> contexts) {
  const bool merges = std::any_of(spec.stages.begin(), spec.stages.end(), [](const auto& stage) {
    const auto* const dedupe = std::get_if<DedupeOptions>(&stage);
    return dedupe != nullptr && dedupe->merge;
  });
  StageList stages;
  for (size_t i = 0; i < spec.stages.size(); ++i) {
    const StageSpec& stage = spec.stages[i];
    const StageContext& context = contexts[i];
    if (const auto* complete = std::get_if<CompleteOptions>(&stage)) {
      CompleteStage::ReferenceSpec reference{.keys = spec.reference_key_columns,
                                             .sha256 = spec.reference_sha256,
                                             .on_bad_row = spec.form.on_bad_row};
      stages.push_back(
          std::make_unique<CompleteStage>(*complete, std::move(reference), merges, context));
    } else if (const auto* dedupe = std::get_if<DedupeOptions>(&stage)) {
      stages.push_back(MakeDedupe(*dedupe, context));
    }
  }
  return stages;
}

}  // namespace dq
