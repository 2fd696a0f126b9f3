// What a chain is to do: the plain twin of the chain in a dq.v1.Grant, and its JSON text, with
// which the process that talks to the scheduler hands it to the sandboxed child that runs it.
// Values only; thread-safe as such.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "worker/chain/form_settings.h"

namespace dq {

// What is done with missing cells.
enum class FillMethod {
  kNone,        // Found and counted, nothing is changed.
  kReference,   // Filled from the reference by key; tokens such as "N/A" are cleared.
  kDependency,  // From the reference, else from columns that determine the missing one.
  kStatistic,   // The same, else a number column's statistic, any other column's mode.
};

inline constexpr std::array kFillNames = {"none", "reference", "dependency", "statistic"};

// What number columns are filled with by kStatistic; other columns only have a mode.
enum class Statistic { kMedian, kMean, kMode };

inline constexpr std::array kStatisticNames = {"median", "mean", "mode"};

// What a column's cells are filled with that nothing else fills.
struct FillValue {
  std::string column;
  std::string value;
};

// Which cells count as missing besides empty ones and `missing_tokens`.
enum class Detection {
  kNone,
  kVocabulary,  // Words for "no value" that are no data in their column.
  kEvidence,    // The same, and values that stand for "no value" by evidence.
};

inline constexpr std::array kDetectionNames = {"none", "vocabulary", "evidence"};

// Options of the stage `complete`; see worker/README.md for the rules.
struct CompleteOptions {
  std::vector<std::string> key_columns = {};  // Empty: `ChainSpec::reference_key_columns` are used.
  FillMethod fill = FillMethod::kDependency;
  std::vector<std::string> missing_tokens = {};  // Besides the vocabulary; compared without case.
  std::vector<std::string> not_missing_tokens = {};  // Taken out of the vocabulary.
  double min_confidence = 0.5;                       // Fills below are not made.
  Detection detect = Detection::kEvidence;
  Statistic statistic = Statistic::kMedian;
  std::vector<FillValue> fill_values = {};  // Each column once.
  bool keep_intermediate = false;           // The file as it is before the next stage is kept.
};

// Which records count as duplicates.
enum class MatchKind {
  kExact,       // Equal cells.
  kNormalised,  // Equal after folding of case, accents, white space and punctuation.
  kFuzzy,       // The above and records so alike that they are more likely the same than not.
};

inline constexpr std::array kMatchNames = {"exact", "normalised", "fuzzy"};
inline constexpr std::array kDuplicatesNames = {"remove", "keep"};

// Which record of a cluster stays; among equals the first.
enum class SurvivorKind {
  kFirst,         // In the order of the input.
  kMostComplete,  // The one with the most cells that are not empty.
  kNewest,        // The one with the highest date or number in a column.
};

// What becomes of duplicates.
enum class DuplicateHandling {
  kRemove,
  kKeep,  // They stay: clusters file and report tell of them.
};

// How likely two records must be the same to match fuzzily.
inline constexpr double kMatchThresholdDefault = 0.5;
inline constexpr double kMatchThresholdMin = 0.01;
inline constexpr double kMatchThresholdMax = 0.999999;

// Options of the stage `dedupe`.
struct DedupeOptions {
  std::vector<std::string> columns = {};  // Compared columns; empty: all.
  MatchKind match = MatchKind::kNormalised;
  SurvivorKind survivor = SurvivorKind::kFirst;
  std::string newest_column = {};  // Only for kNewest, and needed there.
  bool merge = false;              // Empty cells of the survivor are filled from its cluster.
  DuplicateHandling duplicates = DuplicateHandling::kRemove;
  double match_threshold = kMatchThresholdDefault;  // How likely fuzzy matches are at least.
};

using StageSpec = std::variant<CompleteOptions, DedupeOptions>;

// "complete" or "dedupe".
std::string_view StageName(const StageSpec& stage);

// When the data counts as good; every condition that is set must hold.
struct ChainGate {
  std::optional<double> min_score;                 // 0 to 100.
  std::optional<double> max_duplicate_ratio = {};  // Removed rows by input rows, 0 to 1.
  bool fail_on_schema_mismatch = false;            // Missing, extra or differently typed columns.
};

inline constexpr int64_t kMemoryLimitBytesDefault = int64_t{512} << 20;
inline constexpr int64_t kMemoryLimitBytesMin = int64_t{16} << 20;
inline constexpr int kThreadsMax = 256;

// A chain over one file.
struct ChainSpec {
  std::vector<StageSpec> stages;                   // In order, each kind at most once.
  std::optional<ChainGate> gate;                   // Unset: the verdict is NOT_EVALUATED.
  std::vector<std::string> reference_key_columns;  // Key columns of the reference.
  int64_t memory_limit_bytes = kMemoryLimitBytesDefault;
  int threads = 1;           // That work at the same time; never changes a result.
  FormChoice form;           // What is not found out about the input, and the form of the output.
  std::string display_name;  // The input's name for messages, for example "customers.csv".
  std::string input_sha256;  // Lower-case hex; another content is INPUT_CHANGED. "": unknown.
  std::string reference_sha256;  // The same for the reference.
};

// Whether a stage of these options is in the chain.
template <typename Options>
bool HasStage(const ChainSpec& spec) {
  return std::any_of(spec.stages.begin(), spec.stages.end(),
                     [](const StageSpec& stage) { return std::holds_alternative<Options>(stage); });
}

// Writes the spec as one line of JSON that DecodeChainSpec reads back to an equal spec. Equal specs
// give equal text.
std::string EncodeChainSpec(const ChainSpec& spec);

// Reads what EncodeChainSpec wrote. Errors: BAD_FIELD that names the field, UNKNOWN_STAGE that
// names the stage; both of category configuration.
absl::StatusOr<ChainSpec> DecodeChainSpec(std::string_view json);

// BAD_FIELD unless there is a stage, and none of a kind twice: the report would hold only the last.
absl::Status CheckStages(const std::vector<StageSpec>& stages);

// Makes the stage called `name` with its default options; UNKNOWN_STAGE for any other name.
absl::StatusOr<StageSpec> DefaultStage(std::string_view name);

}  // namespace dq
