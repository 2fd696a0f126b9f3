#include "worker/stages/complete/reference/schema_comparison.h"

#include <algorithm>
#include <iterator>
#include <optional>

#include "absl/container/flat_hash_map.h"
#include "worker/stages/complete/reference/column_traits.h"

namespace dq {
namespace {

constexpr size_t kPairsMax = 10'000;  // That are looked at for renamed columns.
constexpr double kLead = 0.05;        // Before the next best of either column.

using Places = absl::flat_hash_map<std::string, size_t>;

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

// A column of the file that the reference lacks, and one the other way round.
struct Candidate {
  size_t file = 0;
  size_t reference = 0;
  double confidence = 0;
};

std::vector<Candidate> CandidatesOf(std::span<const size_t> extra, std::span<const size_t> missing,
                                    Likeness likeness) {
  std::vector<Candidate> candidates;
  if (extra.size() * missing.size() > kPairsMax) return candidates;
  for (const size_t from : missing) {
    for (const size_t to : extra) {
      const double confidence = likeness(to, from);
      if (confidence >= kRenameConfidenceMin) candidates.push_back({to, from, confidence});
    }
  }
  return candidates;
}

// Keeps the pairs of which no column nearly as well belongs to another one.
std::vector<Candidate> Clear(const std::vector<Candidate>& candidates) {
  std::vector<Candidate> clear;
  std::copy_if(
      candidates.begin(), candidates.end(), std::back_inserter(clear), [&](const Candidate& one) {
        return std::none_of(candidates.begin(), candidates.end(), [&](const Candidate& other) {
          const bool rival = (other.file == one.file) != (other.reference == one.reference);
          return rival && other.confidence > one.confidence - kLead;
        });
      });
  return clear;
}

// Moves what was renamed from the missing and extra columns.
void TakeRenamed(std::span<const TypedColumn> file, std::span<const TypedColumn> reference,
                 const std::vector<Candidate>& renamed, ReportSchema& schema) {
  for (const Candidate& pair : renamed) {
    const std::string& from = reference[pair.reference].name;
    const std::string& to = file[pair.file].name;
    schema.renamed.push_back({from, to, pair.confidence});
    std::erase(schema.extra, to);
    std::erase(schema.missing, from);
  }
}

}  // namespace

SchemaFindings CompareSchemas(std::span<const TypedColumn> file,
                              std::span<const TypedColumn> reference, Likeness likeness) {
  SchemaFindings findings;
  ReportSchema& schema = findings.schema;
  schema.compared = true;
  const Places in_file = PlacesOf(file);
  const Places in_reference = PlacesOf(reference);
  std::vector<size_t> extra;
  std::vector<size_t> missing;
  size_t equal = 0;
  for (size_t i = 0; i < file.size(); ++i) {
    const TypedColumn& column = file[i];
    if (in_file.at(column.name) != i) continue;  // Only the first one of a name counts.
    const auto found = in_reference.find(column.name);
    if (found == in_reference.end()) {
      extra.push_back(i);
      schema.extra.push_back(column.name);
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
    missing.push_back(i);
    schema.missing.push_back(column.name);
  }
  TakeRenamed(file, reference, Clear(CandidatesOf(extra, missing, likeness)), schema);
  schema.reordered = IsReordered(file, in_reference);
  const size_t names = in_reference.size() + extra.size() - schema.renamed.size();
  if (names > 0) findings.score = 100.0 * static_cast<double>(equal) / static_cast<double>(names);
  return findings;
}

}  // namespace dq
