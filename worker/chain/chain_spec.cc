#include "worker/chain/chain_spec.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <utility>

#include "common/base/error.h"
#include "common/base/status_macros.h"
#include "nlohmann/json.hpp"
#include "worker/table/bytes/utf8.h"
#include "worker/table/values/value_type.h"

namespace dq {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array kSurvivorNames = {"first", "most_complete", "newest"};

absl::Status BadField(std::string_view field, std::string_view what) {
  return MakeError(absl::StatusCode::kInvalidArgument, "BAD_FIELD",
                   "chain spec: field " + std::string(field) + " " + std::string(what),
                   {{"category", "configuration"}, {"field", std::string(field)}});
}

Json EncodeStage(const StageSpec& stage) {
  Json out = {{"stage", StageName(stage)}};
  if (const auto* complete = std::get_if<CompleteOptions>(&stage)) {
    out["key_columns"] = complete->key_columns;
    out["fill"] = kFillNames[static_cast<size_t>(complete->fill)];
    out["missing_tokens"] = complete->missing_tokens;
    out["not_missing_tokens"] = complete->not_missing_tokens;
    out["min_confidence"] = complete->min_confidence;
    out["detect"] = kDetectionNames[static_cast<size_t>(complete->detect)];
    out["statistic"] = kStatisticNames[static_cast<size_t>(complete->statistic)];
    out["fill_values"] = Json::array();
    for (const FillValue& fill : complete->fill_values) {
      out["fill_values"].push_back({{"column", fill.column}, {"value", fill.value}});
    }
    out["keep_intermediate"] = complete->keep_intermediate;
  } else if (const auto* dedupe = std::get_if<DedupeOptions>(&stage)) {
    out["columns"] = dedupe->columns;
    out["match"] = kMatchNames[static_cast<size_t>(dedupe->match)];
    out["survivor"] = kSurvivorNames[static_cast<size_t>(dedupe->survivor)];
    out["newest_column"] = dedupe->newest_column;
    out["merge"] = dedupe->merge;
    out["duplicates"] = kDuplicatesNames[static_cast<size_t>(dedupe->duplicates)];
    out["match_threshold"] = dedupe->match_threshold;
  }
  return out;
}

// Reads fields of one JSON object; absent fields keep their default. The first error sticks.
class FieldReader {
 public:
  explicit FieldReader(const Json& object) : object_(object) {
    if (!object.is_object()) status_ = BadField("(root)", "is not an object");
  }
  absl::Status status() const { return status_; }

  void Read(const char* name, std::string& value) {
    const Json* field = Find(name);
    if (field == nullptr) return;
    if (!field->is_string()) return Fail(name, "is not a text");
    value = field->get<std::string>();
  }
  void Read(const char* name, std::vector<std::string>& value) {
    const Json* field = Find(name);
    if (field == nullptr) return;
    if (!field->is_array()) return Fail(name, "is not a list");
    value.clear();
    for (const Json& item : *field) {
      if (!item.is_string()) return Fail(name, "holds something that is not a text");
      value.push_back(item.get<std::string>());
    }
  }
  void Read(const char* name, std::vector<FillValue>& value) {
    const Json* field = Find(name);
    if (field == nullptr) return;
    if (!field->is_array()) return Fail(name, "is not a list");
    value.clear();
    for (const Json& item : *field) {
      FieldReader reader(item);
      FillValue fill;
      reader.Read("column", fill.column);
      reader.Read("value", fill.value);
      if (!reader.status().ok()) return Fail(name, "holds something that is no column and value");
      value.push_back(std::move(fill));
    }
  }
  void Read(const char* name, int64_t& value, int64_t min, int64_t max) {
    const Json* field = Find(name);
    if (field == nullptr) return;
    if (!field->is_number_integer()) return Fail(name, "is not an integer");
    value = field->get<int64_t>();
    if (value < min || value > max) Fail(name, "is out of range");
  }
  void Read(const char* name, double& value, double min, double max) {
    const Json* field = Find(name);
    if (field == nullptr) return;
    if (!field->is_number()) return Fail(name, "is not a number");
    value = field->get<double>();
    if (!(value >= min && value <= max)) Fail(name, "is out of range");
  }
  void Read(const char* name, std::optional<double>& value, double min, double max) {
    if (Find(name) == nullptr) return;
    double read = 0;
    Read(name, read, min, max);
    value = read;
  }
  void Read(const char* name, bool& value) {
    const Json* field = Find(name);
    if (field == nullptr) return;
    if (!field->is_boolean()) return Fail(name, "is not true or false");
    value = field->get<bool>();
  }
  template <typename Enum, size_t n>
  void Read(const char* name, const std::array<const char*, n>& names, Enum& value) {
    std::string text;
    if (Find(name) == nullptr) return;
    Read(name, text);
    for (size_t i = 0; i < n; ++i) {
      if (text == names[i]) {
        value = static_cast<Enum>(i);
        return;
      }
    }
    Fail(name, "has no such value: " + text);
  }

 private:
  const Json* Find(const char* name) const {
    if (!status_.ok()) return nullptr;
    const auto found = object_.find(name);
    return found == object_.end() ? nullptr : &*found;
  }
  void Fail(const char* name, const std::string& what) {
    if (status_.ok()) status_ = BadField(name, what);
  }

  const Json& object_;
  absl::Status status_;
};

absl::StatusOr<StageSpec> DecodeStage(const Json& json) {
  FieldReader reader(json);
  std::string name;
  reader.Read("stage", name);
  DQ_RETURN_IF_ERROR(reader.status());
  DQ_ASSIGN_OR_RETURN(StageSpec stage, DefaultStage(name));
  if (auto* complete = std::get_if<CompleteOptions>(&stage)) {
    reader.Read("key_columns", complete->key_columns);
    reader.Read("fill", kFillNames, complete->fill);
    reader.Read("missing_tokens", complete->missing_tokens);
    reader.Read("not_missing_tokens", complete->not_missing_tokens);
    reader.Read("min_confidence", complete->min_confidence, 0, 1);
    reader.Read("detect", kDetectionNames, complete->detect);
    reader.Read("statistic", kStatisticNames, complete->statistic);
    reader.Read("fill_values", complete->fill_values);
    reader.Read("keep_intermediate", complete->keep_intermediate);
  } else if (auto* dedupe = std::get_if<DedupeOptions>(&stage)) {
    reader.Read("columns", dedupe->columns);
    reader.Read("match", kMatchNames, dedupe->match);
    reader.Read("survivor", kSurvivorNames, dedupe->survivor);
    reader.Read("newest_column", dedupe->newest_column);
    reader.Read("merge", dedupe->merge);
    reader.Read("duplicates", kDuplicatesNames, dedupe->duplicates);
    reader.Read("match_threshold", dedupe->match_threshold, kMatchThresholdMin, kMatchThresholdMax);
    DQ_RETURN_IF_ERROR(reader.status());
    if ((dedupe->survivor == SurvivorKind::kNewest) == dedupe->newest_column.empty()) {
      return BadField("newest_column", "goes with survivor newest, and only with it");
    }
  }
  DQ_RETURN_IF_ERROR(reader.status());
  return stage;
}

absl::Status DecodeStages(const Json& root, ChainSpec& spec) {
  const auto stages = root.find("stages");
  if (stages == root.end() || !stages->is_array()) return BadField("stages", "is not a list");
  for (const Json& json : *stages) {
    DQ_ASSIGN_OR_RETURN(StageSpec stage, DecodeStage(json));
    spec.stages.push_back(std::move(stage));
  }
  return CheckStages(spec.stages);
}

absl::Status DecodeGate(const Json& root, ChainSpec& spec) {
  const auto found = root.find("gate");
  if (found == root.end()) return absl::OkStatus();
  FieldReader reader(*found);
  ChainGate gate;
  reader.Read("min_score", gate.min_score, 0, 100);
  reader.Read("max_duplicate_ratio", gate.max_duplicate_ratio, 0, 1);
  reader.Read("fail_on_schema_mismatch", gate.fail_on_schema_mismatch);
  spec.gate = gate;
  return reader.status();
}

absl::Status DecodeForm(const Json& root, ChainSpec& spec) {
  const auto found = root.find("form");
  if (found == root.end()) return absl::OkStatus();
  if (!found->is_object()) return BadField("form", "is not an object");
  for (const auto& [name, text] : found->items()) {
    if (!text.is_string()) return BadField("form", "holds something that is not a text");
    DQ_RETURN_IF_ERROR(SetForm(name, text.get<std::string>(), spec.form));
  }
  return CheckForm(spec.form);
}

absl::Status CheckFillValues(const CompleteOptions& options) {
  if (options.fill_values.empty()) return absl::OkStatus();
  if (options.fill == FillMethod::kNone) {
    return BadField("fill_values", "do not go with fill none, which fills nothing");
  }
  std::set<std::string_view> seen;
  for (const FillValue& fill : options.fill_values) {
    if (!seen.insert(fill.column).second) {
      return BadField("fill_values", "names column \"" + fill.column + "\" twice");
    }
    const bool is_plain = std::none_of(fill.value.begin(), fill.value.end(),
                                       [](char c) { return (c >= 0 && c < ' ') || c == 0x7f; });
    if (TrimSpace(fill.value).empty() || !is_plain ||
        FindInvalidUtf8(fill.value) != std::string_view::npos) {
      return BadField("fill_values", "needs a value of UTF-8 without control characters for \"" +
                                         fill.column + "\"");
    }
  }
  return absl::OkStatus();
}

absl::Status CheckComplete(const CompleteOptions& options) {
  if (!(options.min_confidence >= 0 && options.min_confidence <= 1)) {
    return BadField("min_confidence", "is not between 0 and 1");
  }
  if (options.statistic != Statistic::kMedian && options.fill != FillMethod::kStatistic) {
    return BadField("statistic", "goes with fill statistic, and only with it");
  }
  return CheckFillValues(options);
}

absl::Status CheckDedupe(const DedupeOptions& options) {
  if (!(options.match_threshold >= kMatchThresholdMin &&
        options.match_threshold <= kMatchThresholdMax)) {
    return BadField("match_threshold", "is not between 0.01 and 0.999999");
  }
  if (options.match_threshold != kMatchThresholdDefault && options.match != MatchKind::kFuzzy) {
    return BadField("match_threshold", "goes with match fuzzy, and only with it");
  }
  if (options.merge && options.duplicates == DuplicateHandling::kKeep) {
    return BadField("merge", "does not go with duplicates keep: no record stays for the others");
  }
  return absl::OkStatus();
}

}  // namespace

std::string_view StageName(const StageSpec& stage) {
  return std::holds_alternative<CompleteOptions>(stage) ? "complete" : "dedupe";
}

absl::StatusOr<StageSpec> DefaultStage(std::string_view name) {
  if (name == "complete") return CompleteOptions{};
  if (name == "dedupe") return DedupeOptions{};
  return MakeError(absl::StatusCode::kInvalidArgument, "UNKNOWN_STAGE",
                   "there is no stage \"" + std::string(name) +
                       "\" in a chain over a file; the stages are complete and dedupe",
                   {{"category", "configuration"}, {"stage", std::string(name)}});
}

absl::Status CheckStages(const std::vector<StageSpec>& stages) {
  if (stages.empty()) return BadField("stages", "needs a stage");
  for (size_t i = 0; i < stages.size(); ++i) {
    if (const auto* dedupe = std::get_if<DedupeOptions>(&stages[i]); dedupe != nullptr) {
      DQ_RETURN_IF_ERROR(CheckDedupe(*dedupe));
    } else {
      const auto& complete = std::get<CompleteOptions>(stages[i]);
      DQ_RETURN_IF_ERROR(CheckComplete(complete));
      if (complete.keep_intermediate && i + 1 == stages.size()) {
        return BadField("keep_intermediate",
                        "needs a stage behind complete: without one the cleaned file is that");
      }
    }
    for (size_t j = i + 1; j < stages.size(); ++j) {
      if (StageName(stages[i]) != StageName(stages[j])) continue;
      return BadField("stages", "has " + std::string(StageName(stages[i])) +
                                    " twice; run a second chain over the cleaned file");
    }
  }
  return absl::OkStatus();
}

std::string EncodeChainSpec(const ChainSpec& spec) {
  Json out;
  out["stages"] = Json::array();
  for (const StageSpec& stage : spec.stages) out["stages"].push_back(EncodeStage(stage));
  if (spec.gate.has_value()) {
    Json gate = Json::object();
    if (spec.gate->min_score) gate["min_score"] = *spec.gate->min_score;
    if (spec.gate->max_duplicate_ratio) {
      gate["max_duplicate_ratio"] = *spec.gate->max_duplicate_ratio;
    }
    gate["fail_on_schema_mismatch"] = spec.gate->fail_on_schema_mismatch;
    out["gate"] = gate;
  }
  out["reference_key_columns"] = spec.reference_key_columns;
  out["memory_limit_bytes"] = spec.memory_limit_bytes;
  out["threads"] = spec.threads;
  for (const auto& [name, text] : FormSettings(spec.form)) out["form"][name] = text;
  out["display_name"] = spec.display_name;
  out["input_sha256"] = spec.input_sha256;
  out["reference_sha256"] = spec.reference_sha256;
  return out.dump(-1, ' ', false, Json::error_handler_t::replace);
}

absl::StatusOr<ChainSpec> DecodeChainSpec(std::string_view json) {
  const Json root = Json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (root.is_discarded()) return BadField("(root)", "is not JSON");
  FieldReader reader(root);
  DQ_RETURN_IF_ERROR(reader.status());
  ChainSpec spec;
  DQ_RETURN_IF_ERROR(DecodeStages(root, spec));
  DQ_RETURN_IF_ERROR(DecodeGate(root, spec));
  DQ_RETURN_IF_ERROR(DecodeForm(root, spec));
  int64_t threads = spec.threads;
  reader.Read("reference_key_columns", spec.reference_key_columns);
  reader.Read("memory_limit_bytes", spec.memory_limit_bytes, kMemoryLimitBytesMin,
              int64_t{1} << 50);
  reader.Read("threads", threads, 1, kThreadsMax);
  reader.Read("display_name", spec.display_name);
  reader.Read("input_sha256", spec.input_sha256);
  reader.Read("reference_sha256", spec.reference_sha256);
  DQ_RETURN_IF_ERROR(reader.status());
  spec.threads = static_cast<int>(threads);
  return spec;
}

}  // namespace dq
