// The findings of a chain as plain values: the twin of dq.v1.Report, whose comments say what every
// field means, and its JSON. Stages fill it; the chain runner adds what only it knows. Values only.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dq {

inline constexpr size_t kReportBytesMax = size_t{64} << 10;
inline constexpr size_t kReportColumnsMax = 200;
inline constexpr size_t kReportTopMax = 5;
inline constexpr size_t kReportDisguisesMax = 8;
inline constexpr size_t kReportValueBytesMax = 64;

// Shares of the score; those of dimensions that were not measured are spread over the others.
inline constexpr double kCompletenessWeight = 0.40;
inline constexpr double kValidityWeight = 0.30;
inline constexpr double kUniquenessWeight = 0.20;
inline constexpr double kSchemaWeight = 0.10;

struct ReportDimension {
  double score = 0;
  double score_before = 0;
  double weight = 0;  // As published; shares are made to add up to 1 when the report is written.
};

struct ReportRename {
  std::string from;
  std::string to;
  double confidence = 0;
};

struct ReportTypeMismatch {
  std::string column;
  std::string expected;
  std::string actual;
};

struct ReportSchema {
  bool compared = false;
  std::vector<std::string> missing;
  std::vector<std::string> extra;
  std::vector<ReportRename> renamed;
  std::vector<ReportTypeMismatch> type_mismatches;
  bool reordered = false;
};

struct ReportRunnerUp {
  std::string delimiter;  // "": there is no runner-up.
  std::string quote;
  std::string escape;
  double confidence = 0;
};

struct ReportDialect {
  std::string format = "delimited";
  std::string compression = "none";
  std::string delimiter;
  std::string quote;
  std::string escape;
  std::string comment;
  bool skip_space = false;
  std::string line_end;
  std::string encoding;
  double encoding_confidence = 1;
  bool header = true;
  double header_confidence = 1;
  double confidence = 1;
  int64_t preamble_lines = 0;
  int64_t comment_lines = 0;
  ReportRunnerUp runner_up;
};

struct ReportValueCount {
  std::string value;
  int64_t count = 0;
  bool count_is_estimate = false;
};

struct ReportDisguise {
  std::string value;
  int64_t count = 0;
  std::string kind;
  std::string evidence;
  double confidence = 1;
};

struct ReportMissingPair {
  std::string a;
  std::string b;
  int64_t rows = 0;
  double share = 0;
};

struct ReportMissingness {
  double complete_rows = 0;
  double sparse_rows = 0;
  std::vector<ReportMissingPair> pairs;
};

struct ReportColumn {
  std::string name;
  std::string type;
  int64_t missing = 0;
  int64_t disguised_missing = 0;
  int64_t missing_after = 0;
  int64_t filled = 0;
  int64_t distinct = 0;
  bool distinct_is_estimate = false;
  double conformity = 1;
  std::string min;
  std::string max;
  std::optional<double> mean;
  std::vector<double> quantiles;
  std::vector<ReportValueCount> top;
  std::vector<int64_t> histogram;
  std::vector<ReportDisguise> disguises;
  std::string semantic_type;
  double semantic_conformity = 0;
  std::string format;
  double format_conformity = 0;
  std::string statistic = {};  // What was filled where nothing else did; "": nothing.
  std::vector<double> missing_by_bin;
};

struct ReportStage {
  std::string name;
  double seconds = 0;
  int64_t rows_in = 0;
  int64_t rows_out = 0;
  int64_t peak_bytes = 0;
  int64_t spilled_bytes = 0;
  int64_t passes = 1;
};

// A field that fuzzy matching compares; m and u by level, the most alike first.
struct ReportMatchedField {
  std::vector<std::string> columns;
  std::string kind;
  std::vector<double> m;
  std::vector<double> u;
};

struct ReportLeftOutColumn {
  std::string name;
  std::string reason;
};

struct ReportMatching {
  double threshold = 0;
  double prior = 0;
  std::vector<ReportMatchedField> fields;
  std::vector<ReportLeftOutColumn> left_out;
};

struct ReportProvenance {
  std::string version;
  std::string config_sha256;
  std::string input_sha256;
  std::string output_sha256;
  int64_t seed = 0;
};

struct Report {
  int64_t rows_in = 0;
  int64_t rows_out = 0;
  int64_t rows_rejected = 0;
  int64_t duplicates_exact = 0;
  int64_t duplicates_normalised = 0;
  int64_t duplicates_fuzzy = 0;
  bool duplicates_stay = false;  // They were found only, and none is removed.
  int64_t clusters = 0;
  std::map<int64_t, int64_t> clusters_by_size;  // Sizes above 16 rounded down to a power of two.
  int64_t pairs_compared = 0;                   // By fuzzy matching.
  std::optional<ReportMatching> matching;       // Of fuzzy matching.
  int64_t cells_filled = 0;
  int64_t cells_cleared = 0;           // Told by the summary, not in the JSON.
  std::optional<double> score;         // Set by ScoreReport.
  std::optional<double> score_before;  // Set by ScoreReport.
  std::map<std::string, ReportDimension> dimensions;
  ReportSchema schema;
  std::optional<ReportMissingness> missingness;  // Set by the stage complete.
  ReportDialect dialect;
  std::vector<ReportColumn> columns;
  bool sampled = false;
  std::vector<std::string> limits;  // What was cut, estimated or degraded, a sentence each.
  ReportProvenance provenance;
  std::vector<ReportStage> stages;
  int64_t process_peak_bytes = 0;

  // All that were found, whatever became of them.
  int64_t duplicates() const { return duplicates_exact + duplicates_normalised + duplicates_fuzzy; }
};

// Returns `parts` for a sentence of `limits`: with commas between, and of more than `most` how many
// more there are.
std::string ListForNote(const std::vector<std::string>& parts, size_t most);
// A name as those sentences quote it.
std::string QuotedName(std::string_view name);

// Returns a share as reports give it: rounded to 4 digits.
double RoundedShare(double share);

// Lets rejected rows count against the validity, makes the weights add up to 1 and computes both
// scores from the dimensions: the weighted mean,
// rounded to 2 digits. Without the dimension completeness nothing was scored and nothing changes.
void ScoreReport(Report& report);

// Writes the report as JSON with the field names of dq.v1.Report, readable by protobuf's parser and
// never longer than kReportBytesMax: histograms go first, then top values, quantiles, disguises,
// the places of missing cells, columns and findings of the schema comparison from the end, then the
// ends of names; what went is said in population.limits.
std::string ReportJson(const Report& report);

// Writes all columns, a line of JSON with the field names of dq.v1.ColumnReport each, and nothing
// is left out.
std::string ProfileLines(const Report& report);

// Returns population.limits of what ReportJson returned.
std::vector<std::string> NotesOf(const std::string& report_json);

}  // namespace dq
