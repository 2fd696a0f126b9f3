#include "scheduler/store/json_columns.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "absl/strings/numbers.h"
#include "scheduler/core/state_table.h"
#include "scheduler/store/text_encoding.h"

namespace dq {
namespace {

using Json = nlohmann::json;

double TermNumber(const JobFilterTerm& term) {
  switch (term.field) {
    case JobFilterTerm::Field::kState: {
      const std::optional<JobState> state = StateFromName(term.text);
      return state.has_value() ? static_cast<double>(*state) : 0;
    }
    case JobFilterTerm::Field::kCreateTime:
    case JobFilterTerm::Field::kEndTime:
      return static_cast<double>(absl::ToUnixMicros(term.time));
    default:
      return term.number;
  }
}

Json Parse(const std::string& json) {
  return Json::parse(json, nullptr, /*allow_exceptions=*/false);
}

}  // namespace

std::string ToJson(const std::map<std::string, std::string>& map) {
  if (map.empty()) return "{}";
  Json object = Json::object();
  for (const auto& [key, value] : map) object[StorableText(key)] = StorableText(value);
  return object.dump();
}

std::string ToJson(const std::vector<std::string>& list) {
  if (list.empty()) return "[]";
  Json array = Json::array();
  for (const std::string& text : list) array.push_back(StorableText(text));
  return array.dump();
}

std::string ToJson(const std::vector<JobKey>& keys) { return Json(keys).dump(); }

std::string ToJson(const std::vector<JobOutput>& outputs) {
  Json array = Json::array();
  for (const JobOutput& output : outputs) {
    array.push_back({{"kind", output.kind},
                     {"file_id", StorableText(output.file_id)},
                     {"uri", StorableText(output.uri)},
                     {"display_name", StorableText(output.display_name)},
                     {"size_bytes", output.size_bytes},
                     {"sha256", StorableText(output.sha256)}});
  }
  return array.dump();
}

std::string ToJson(const std::vector<FileRecord>& files) {
  Json array = Json::array();
  for (const FileRecord& file : files) {
    array.push_back({{"project", file.project},
                     {"id", file.id},
                     {"request_id", file.request_id},
                     {"display_name", StorableText(file.display_name)},
                     {"uri", StorableText(file.uri)},
                     {"size_bytes", file.size_bytes},
                     {"sha256", file.sha256},
                     {"created_by", StorableText(file.created_by)}});
  }
  return array.dump();
}

std::string ToJson(const std::vector<JobFilterTerm>& filter) {
  Json array = Json::array();
  for (const JobFilterTerm& term : filter) {
    array.push_back({{"field", static_cast<int>(term.field)},
                     {"op", static_cast<int>(term.op)},
                     {"label", StorableText(term.label)},
                     {"text", StorableText(term.text)},
                     {"number", TermNumber(term)}});
  }
  return array.dump();
}

std::map<std::string, std::string> MapFromJson(const std::string& json) {
  std::map<std::string, std::string> map;
  const Json object = Parse(json);
  for (const auto& [key, value] : object.items()) {
    if (value.is_string()) map[key] = value.get<std::string>();
  }
  return map;
}

std::vector<std::string> ListFromJson(const std::string& json) {
  std::vector<std::string> list;
  const Json array = Parse(json);
  for (const Json& value : array) {
    if (value.is_string()) list.push_back(value.get<std::string>());
  }
  return list;
}

std::vector<JobOutput> OutputsFromJson(const std::string& json) {
  std::vector<JobOutput> outputs;
  const Json array = Parse(json);
  for (const Json& value : array) {
    if (!value.is_object()) continue;
    outputs.push_back({.kind = value.value("kind", int16_t{0}),
                       .file_id = value.value("file_id", ""),
                       .uri = value.value("uri", ""),
                       .display_name = value.value("display_name", ""),
                       .size_bytes = value.value("size_bytes", int64_t{0}),
                       .sha256 = value.value("sha256", "")});
  }
  return outputs;
}

std::map<JobState, int64_t> StateCountsFromJson(const std::string& json) {
  std::map<JobState, int64_t> counts;
  const Json object = Parse(json);
  for (const auto& [state, jobs] : object.items()) {
    int number = 0;
    if (!absl::SimpleAtoi(state, &number) || !jobs.is_number_integer()) continue;
    if (const auto count = jobs.get<int64_t>(); count != 0) {
      counts[static_cast<JobState>(number)] = count;
    }
  }
  return counts;
}

std::vector<JobDependency> DependenciesFromJson(const std::string& json) {
  std::vector<JobDependency> dependencies;
  const Json array = Parse(json);
  for (const Json& value : array) {
    if (!value.is_array() || value.size() != 3) continue;
    dependencies.push_back({.id = value[2].get<std::string>(),
                            .job = value[0].get<JobKey>(),
                            .state = static_cast<JobState>(value[1].get<int16_t>())});
  }
  std::ranges::sort(dependencies, {}, &JobDependency::job);
  return dependencies;
}

}  // namespace dq
