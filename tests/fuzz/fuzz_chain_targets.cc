#include "tests/fuzz/fuzz_chain_targets.h"

#include <algorithm>
#include <optional>
#include <string>
#include <variant>

#include "tests/fuzz/fuzz_checks.h"
#include "tests/support/chain_harness.h"
#include "worker/chain/chain_spec.h"
#include "worker/chain/form_settings.h"
#include "worker/sandbox/child_message.h"

namespace dq {
namespace {

constexpr char kReferenceBegin = '\x1E';
constexpr size_t kChainBytesMax = 4096;

HarnessRun RunOn(std::string_view input, const std::optional<std::string>& reference,
                 int64_t memory_limit_bytes) {
  ChainSpec spec;
  spec.memory_limit_bytes = memory_limit_bytes;
  spec.threads = 1;
  CompleteOptions complete;
  if (reference.has_value()) {
    complete.key_columns = {reference->substr(0, reference->find_first_of(",;\t\r\n"))};
    spec.reference_key_columns = complete.key_columns;
  }
  spec.stages = {complete, DedupeOptions{}};
  return RunChainOnText(spec, input, reference);
}

}  // namespace

void ReadSpec(std::string_view bytes) {
  const auto spec = DecodeChainSpec(bytes);
  if (!spec.ok()) return CheckTyped(spec.status());
  const std::string text = EncodeChainSpec(*spec);
  const auto again = DecodeChainSpec(text);
  Check(again.ok() && EncodeChainSpec(*again) == text, "a spec survives the way through text");
}

void ReadFormSettings(std::string_view bytes) {
  FormChoice form;
  while (!bytes.empty()) {
    const std::string_view line = bytes.substr(0, bytes.find('\n'));
    bytes.remove_prefix(std::min(bytes.size(), line.size() + 1));
    const size_t equals = line.find('=');
    if (equals == line.npos) continue;
    const absl::Status set = SetForm(line.substr(0, equals), line.substr(equals + 1), form);
    if (!set.ok()) return CheckTyped(set);
  }
  if (const absl::Status status = CheckForm(form); !status.ok()) return CheckTyped(status);
  FormChoice again;
  for (const auto& [name, text] : FormSettings(form)) {
    Check(SetForm(name, text, again).ok(), "a setting that was written can be read");
  }
  Check(FormSettings(again) == FormSettings(form), "a form survives the way through settings");
}

void ReadChildLine(std::string_view bytes) {
  const auto orders = DecodeChildOrders(bytes);
  if (!orders.ok()) {
    CheckTyped(orders.status());
  } else {
    const std::string text = EncodeChildOrders(*orders);
    const auto again = DecodeChildOrders(text);
    Check(again.ok() && EncodeChildOrders(*again) == text, "orders survive the way");
  }
  const auto line = DecodeChildLine(bytes);
  if (!line.ok()) return CheckTyped(line.status());
  if (const auto* progress = std::get_if<ChainProgress>(&*line)) {
    (void)EncodeProgressLine(*progress);
  } else if (const auto& end = std::get<ChildEnd>(*line); end.ok()) {
    (void)EncodeResultLine(*end);
  } else {
    (void)EncodeErrorLine(end.status());
  }
}

void RunWholeChain(std::string_view bytes) {
  if (bytes.size() > kChainBytesMax) return;
  const size_t split = bytes.find(kReferenceBegin);
  const std::string_view input = bytes.substr(0, split);
  std::optional<std::string> reference;
  if (split != bytes.npos) reference = std::string(bytes.substr(split + 1));
  const HarnessRun run = RunOn(input, reference, kMemoryLimitBytesDefault);
  if (!run.status.ok()) return CheckTyped(run.status);
  const ChainResult& result = run.result;
  Check(result.rows_in == result.rows_out + result.duplicates_removed + result.rows_rejected,
        "rows are accounted for");
  const HarnessRun small = RunOn(input, reference, kMemoryLimitBytesMin);
  Check(small.status.ok() ? small.cleaned == run.cleaned : true, "memory changes no result");
}

}  // namespace dq
