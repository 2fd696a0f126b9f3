#include "worker/stages/complete/dependency/dependency_learning.h"

#include <algorithm>
#include <utility>

#include "common/base/status_macros.h"
#include "worker/chain/stage.h"
#include "worker/stages/complete/dependency/dependency_search.h"
#include "worker/stages/complete/dependency/record_likeness.h"

namespace dq {
namespace {

// Of a column that predicts without determining more is asked.
constexpr double kConditionalConfidenceMin = 0.95;

std::vector<size_t> ColumnsToFill(const DependencyScope& scope) {
  std::vector<size_t> targets;
  for (size_t i = 0; i < scope.findings.size(); ++i) {
    const bool key =
        std::find(scope.key_columns.begin(), scope.key_columns.end(), i) != scope.key_columns.end();
    if (!key && scope.findings[i].report.missing > 0) targets.push_back(i);
  }
  return targets;
}

std::string NameOf(const DependencyScope& scope, std::string name, const Dependency& dependency) {
  char separator = ':';
  for (const size_t column : dependency.determinants) {
    name += separator + scope.names[column];
    separator = '+';
  }
  return name;
}

// The rounds of learning over one file.
class Rounds {
 public:
  Rounds(const DependencyScope& scope, SampleFilling& sample, TaskPool& pool, MemoryBudget& memory)
      : scope_(scope),
        sample_(sample),
        pool_(pool),
        memory_(memory),
        targets_(ColumnsToFill(scope)) {}

  absl::StatusOr<DependencyTables> Learn() {
    DependencyTables tables;
    if (targets_.empty()) return tables;
    DQ_RETURN_IF_ERROR(SearchReference());
    std::vector<bool> changed(scope_.names.size(), true);
    while (tables.size() < kDependencyRoundsMax) {
      auto table = std::make_unique<DependencyTable>(scope_.names.size(), memory_);
      DQ_RETURN_IF_ERROR(AddFile(changed, *table));
      AddReference(*table);
      // Other rows than those of the sample may ask what these do not.
      if (!scope_.whole) DQ_RETURN_IF_ERROR(table->AnswerAll(pool_, scope_.stop));
      if (table->empty()) break;
      DQ_RETURN_IF_ERROR(CheckStop(scope_.stop));
      changed = sample_.Fill(*table, scope_.confidence_min, pool_);
      DQ_RETURN_IF_ERROR(table->Close(pool_));
      const bool filled = std::find(changed.begin(), changed.end(), true) != changed.end();
      // What fills nothing in the sample may fill something in other rows.
      if (filled || !scope_.whole) tables.push_back(std::move(table));
      if (!filled) break;
    }
    return tables;
  }

 private:
  absl::Status SearchReference() {
    if (scope_.reference.empty()) return absl::OkStatus();
    const std::vector<bool> changed(scope_.names.size(), true);
    DQ_ASSIGN_OR_RETURN(
        of_reference_,
        DependencySearch(scope_.stop).Find(scope_.reference, targets_, changed, pool_));
    std::erase_if(of_reference_, [](const Dependency& found) { return found.conditional; });
    return absl::OkStatus();
  }

  absl::Status AddFile(const std::vector<bool>& changed, DependencyTable& table) {
    DQ_ASSIGN_OR_RETURN(const std::vector<Dependency> found,
                        search_.Find(sample_.columns(), targets_, changed, pool_));
    RecordLikeness likeness(sample_.indexed());
    table.CompareVoters(sample_.columns(), likeness.columns());
    for (Dependency dependency : found) {
      DQ_RETURN_IF_ERROR(CheckStop(scope_.stop));
      dependency.of_copies = likeness.SupportedByCopies(dependency);
      const char* const kind = dependency.conditional ? "conditional" : "dependency";
      Add(dependency, kind, {.rows = sample_.indexed()}, table);
    }
    return absl::OkStatus();
  }

  void AddReference(DependencyTable& table) {
    for (const Dependency& dependency : of_reference_) {
      Add(dependency, "reference-dependency", {.rows = reference_, .tested_on = &sample_.indexed()},
          table);
    }
  }

  void Add(const Dependency& dependency, const std::string& kind, DependencySource source,
           DependencyTable& table) {
    const double least = dependency.conditional ? kConditionalConfidenceMin : 0;
    source.method = NameOf(scope_, kind, dependency);
    source.confidence_min = std::max(scope_.confidence_min, least);
    source.accepts = [this, target = dependency.target](std::string_view value) {
      return sample_.CanTake(target, value) &&
             Conforms(TypeOf(value), scope_.findings[target].rule.type);
    };
    table.Add(dependency, std::move(source));
  }

  const DependencyScope& scope_;
  SampleFilling& sample_;
  TaskPool& pool_;
  MemoryBudget& memory_;
  std::vector<size_t> targets_;
  std::vector<Dependency> of_reference_;
  ValueIndexes reference_{scope_.reference};
  DependencySearch search_{scope_.stop};
};

}  // namespace

absl::StatusOr<DependencyTables> LearnDependencies(const DependencyScope& scope,
                                                   SampleFilling& sample, TaskPool& pool,
                                                   MemoryBudget& memory) {
  return Rounds(scope, sample, pool, memory).Learn();
}

}  // namespace dq
