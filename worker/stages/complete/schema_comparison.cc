#include "worker/stages/complete/schema_comparison.h"

#include <algorithm>
#include <optional>

#include "absl/container/flat_hash_map.h"
#include "worker/table/text_fold.h"

namespace dq {
namespace {

constexpr double kRenameConfidence = 0.9;

using Places = absl::flat_hash_map<std::string, size_t>;

// "E-Mail", "e_mail" and "email" become equal.
std::string FoldName(const std::string& name) {
  std::string folded;
  AppendFolded(folded, name);
  std::erase_if(folded, [](char c) { return c == ' ' || c == '_' || c == '-'; });
  return folded;
}

Places PlacesOf(std::span<const TypedColumn> columns) {
  Places places;
  for (size_t i = 0; i < columns.size(); ++i) places.emplace(columns[i].name, i);
  return places;
}

bool IsReordered(std::span<const TypedColumn> file, const Places& in_reference) {
  std::optional<size_t> before;
  for (const TypedColumn& column : file) {
    const auto found = in_reference.find(column.name);
    if (found == in_reference.end()) continue;
    if (before.has_value() && found->second < *before) return true;
    before = found->second;
  }
  return false;
}

}  // namespace

SchemaFindings CompareSchemas(std::span<const TypedColumn> file,
                              std::span<const TypedColumn> reference) {
  SchemaFindings findings;
  ReportSchema& schema = findings.schema;
  schema.compared = true;
  const Places in_file = PlacesOf(file);
  const Places in_reference = PlacesOf(reference);
  absl::flat_hash_map<std::string, std::string> extra_by_fold;
  size_t equal = 0;
  size_t names = in_reference.size();
  for (size_t i = 0; i < file.size(); ++i) {
    const TypedColumn& column = file[i];
    if (in_file.at(column.name) != i) continue;  // Only the first one of a name counts.
    const auto found = in_reference.find(column.name);
    if (found == in_reference.end()) {
      extra_by_fold.emplace(FoldName(column.name), column.name);
      schema.extra.push_back(column.name);
      ++names;
    } else if (Conforms(column.type, reference[found->second].type)) {
      ++equal;
    } else {
      schema.type_mismatches.push_back({column.name,
                                        std::string(ValueTypeName(reference[found->second].type)),
                                        std::string(ValueTypeName(column.type))});
    }
  }
  for (size_t i = 0; i < reference.size(); ++i) {
    const TypedColumn& column = reference[i];
    if (in_file.contains(column.name) || in_reference.at(column.name) != i) continue;
    const auto renamed = extra_by_fold.find(FoldName(column.name));
    if (renamed == extra_by_fold.end()) {
      schema.missing.push_back(column.name);
      continue;
    }
    schema.renamed.push_back({column.name, renamed->second, kRenameConfidence});
    std::erase(schema.extra, renamed->second);
    extra_by_fold.erase(renamed);
    --names;
  }
  schema.reordered = IsReordered(file, in_reference);
  if (names > 0) findings.score = 100.0 * static_cast<double>(equal) / static_cast<double>(names);
  return findings;
}

}  // namespace dq
