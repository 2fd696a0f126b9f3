#include "worker/stages/complete/dependency_learning.h"

#include <algorithm>

#include "common/base/status_macros.h"
#include "worker/stages/complete/dependency_search.h"

namespace dq {
namespace {

std::vector<size_t> ColumnsToFill(const DependencyScope& scope) {
  std::vector<size_t> targets;
  for (size_t i = 0; i < scope.findings.size(); ++i) {
    const bool key =
        std::find(scope.key_columns.begin(), scope.key_columns.end(), i) != scope.key_columns.end();
    if (!key && scope.findings[i].report.missing > 0) targets.push_back(i);
  }
  return targets;
}

std::string NameOf(const DependencyScope& scope, const std::string& source,
                   const Dependency& dependency) {
  std::string name = source;
  char separator = ':';
  for (const size_t column : dependency.determinants) {
    name += separator + scope.names[column];
    separator = '+';
  }
  return name;
}

}  // namespace

absl::Status LearnDependencies(const DependencyScope& scope, const std::string& source,
                               const std::vector<EncodedColumn>& sampled, TaskPool& pool,
                               DependencyTable& table) {
  const std::vector<size_t> targets = ColumnsToFill(scope);
  if (targets.empty()) return absl::OkStatus();
  DQ_ASSIGN_OR_RETURN(const std::vector<Dependency> found,
                      FindDependencies(sampled, targets, pool));
  for (const Dependency& dependency : found) {
    const ColumnRule& rule = scope.findings[dependency.target].rule;
    const DependencyTable::Admission admission{
        .confidence_min = scope.confidence_min,
        .accepts = [&rule](std::string_view value) { return Conforms(TypeOf(value), rule.type); }};
    DQ_RETURN_IF_ERROR(
        table.Add(dependency, sampled, NameOf(scope, source, dependency), admission));
  }
  return absl::OkStatus();
}

}  // namespace dq
