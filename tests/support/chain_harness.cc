#include "tests/support/chain_harness.h"

#include "nlohmann/json.hpp"
#include "tests/support/memory_file.h"
#include "worker/stages/build_stages.h"

namespace dq {

HarnessRun RunChainOnText(ChainSpec spec, std::string_view input,
                          std::optional<std::string> reference, int temp_dir_fd) {
  if (spec.stages.empty()) spec.stages = {CompleteOptions{}, DedupeOptions{}};
  const MemoryFile in(input);
  const MemoryFile ref(reference.value_or(""));
  const MemoryFile cleaned, report, changes, clusters, rejects, profile, intermediate;
  const ChainFiles files{.input_fd = in.fd(),
                         .reference_fd = reference.has_value() ? ref.fd() : -1,
                         .cleaned_fd = cleaned.fd(),
                         .report_fd = report.fd(),
                         .changes_fd = changes.fd(),
                         .clusters_fd = clusters.fd(),
                         .rejects_fd = rejects.fd(),
                         .profile_fd = profile.fd(),
                         .intermediate_fd = intermediate.fd(),
                         .temp_dir_fd = temp_dir_fd};
  NullProgressSink sink;
  const CancelToken cancel;
  auto result = RunChain(spec, BuildStages, files, sink, cancel);
  HarnessRun run{.status = result.status(),
                 .result = {},
                 .cleaned = cleaned.Content(),
                 .report = report.Content(),
                 .changes = changes.Content(),
                 .clusters = clusters.Content(),
                 .rejects = rejects.Content(),
                 .profile = profile.Content(),
                 .intermediate = intermediate.Content()};
  if (result.ok()) run.result = *std::move(result);
  return run;
}

nlohmann::json ComparableReport(const std::string& report) {
  auto json = nlohmann::json::parse(report);
  json.erase("process_peak_bytes");
  for (auto& stage : json["stages"]) {
    stage.erase("seconds");
    stage.erase("peak_bytes");
    stage.erase("spilled_bytes");
    stage.erase("passes");
  }
  return json;
}

}  // namespace dq
