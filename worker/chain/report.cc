#include "worker/chain/report.h"

#include <algorithm>
#include <cmath>

#include "nlohmann/json.hpp"
#include "worker/chain/number_lists.h"

namespace dq {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kLimitsMax = 50;

// Cuts at the end of a character.
std::string Cut(const std::string& text, size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  size_t size = bytes_max;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) --size;
  return text.substr(0, size);
}

// What is left out to stay below the limit of size; every step leaves out more.
struct Detail {
  size_t columns = kReportColumnsMax;
  size_t names = 100;  // Of every list of the schema comparison.
  size_t name_bytes = 256;
  bool histograms = true;
  bool top = true;
  bool quantiles = true;
  bool disguises = true;
  bool missing_bins = true;
};

Json NamesJson(const std::vector<std::string>& names, const Detail& detail) {
  Json out = Json::array();
  for (size_t i = 0; i < std::min(names.size(), detail.names); ++i) {
    out.push_back(Cut(names[i], detail.name_bytes));
  }
  return out;
}

Json DimensionsJson(const Report& report) {
  Json out = Json::object();
  for (const auto& [name, dimension] : report.dimensions) {
    out[name] = {{"score", dimension.score},
                 {"score_before", dimension.score_before},
                 {"weight", dimension.weight}};
  }
  return out;
}

Json SchemaJson(const ReportSchema& schema, const Detail& detail) {
  Json renamed = Json::array();
  Json mismatches = Json::array();
  for (size_t i = 0; i < std::min(schema.renamed.size(), detail.names); ++i) {
    const ReportRename& rename = schema.renamed[i];
    renamed.push_back({{"from", Cut(rename.from, detail.name_bytes)},
                       {"to", Cut(rename.to, detail.name_bytes)},
                       {"confidence", rename.confidence}});
  }
  for (size_t i = 0; i < std::min(schema.type_mismatches.size(), detail.names); ++i) {
    const ReportTypeMismatch& mismatch = schema.type_mismatches[i];
    mismatches.push_back({{"column", Cut(mismatch.column, detail.name_bytes)},
                          {"expected", mismatch.expected},
                          {"actual", mismatch.actual}});
  }
  return {{"compared", schema.compared},
          {"missing", NamesJson(schema.missing, detail)},
          {"extra", NamesJson(schema.extra, detail)},
          {"renamed", renamed},
          {"type_mismatches", mismatches},
          {"reordered", schema.reordered}};
}

Json MissingnessJson(const ReportMissingness& missingness, const Detail& detail) {
  Json pairs = Json::array();
  for (size_t i = 0; i < std::min(missingness.pairs.size(), detail.names); ++i) {
    const ReportMissingPair& pair = missingness.pairs[i];
    pairs.push_back({{"a", Cut(pair.a, detail.name_bytes)},
                     {"b", Cut(pair.b, detail.name_bytes)},
                     {"rows", pair.rows},
                     {"share", pair.share}});
  }
  return {{"complete_rows", missingness.complete_rows},
          {"sparse_rows", missingness.sparse_rows},
          {"pairs", pairs}};
}

Json DisguisesJson(const std::vector<ReportDisguise>& disguises) {
  Json out = Json::array();
  for (size_t i = 0; i < std::min(disguises.size(), kReportDisguisesMax); ++i) {
    out.push_back({{"value", Cut(disguises[i].value, kReportValueBytesMax)},
                   {"count", disguises[i].count},
                   {"kind", disguises[i].kind},
                   {"evidence", disguises[i].evidence},
                   {"confidence", disguises[i].confidence}});
  }
  return out;
}

Json ColumnJson(const ReportColumn& column, const Detail& detail) {
  Json out = {{"name", Cut(column.name, detail.name_bytes)},
              {"type", column.type},
              {"missing", column.missing},
              {"disguised_missing", column.disguised_missing},
              {"missing_after", column.missing_after},
              {"filled", column.filled},
              {"distinct", column.distinct},
              {"distinct_is_estimate", column.distinct_is_estimate},
              {"conformity", column.conformity}};
  if (!column.min.empty()) out["min"] = Cut(column.min, kReportValueBytesMax);
  if (!column.max.empty()) out["max"] = Cut(column.max, kReportValueBytesMax);
  if (column.mean.has_value()) out["mean"] = *column.mean;
  if (detail.quantiles && !column.quantiles.empty()) out["quantiles"] = column.quantiles;
  if (detail.top && !column.top.empty()) {
    for (const ReportValueCount& top : column.top) {
      out["top"].push_back({{"value", Cut(top.value, kReportValueBytesMax)},
                            {"count", top.count},
                            {"count_is_estimate", top.count_is_estimate}});
    }
  }
  if (detail.disguises && !column.disguises.empty()) {
    out["disguises"] = DisguisesJson(column.disguises);
  }
  if (detail.histograms && !column.histogram.empty()) out["histogram"] = column.histogram;
  if (detail.missing_bins && !column.missing_by_bin.empty()) {
    out["missing_by_bin"] = column.missing_by_bin;
  }
  if (!column.semantic_type.empty()) {
    out["semantic_type"] = column.semantic_type;
    out["semantic_conformity"] = column.semantic_conformity;
  }
  if (!column.format.empty()) {
    out["format"] = column.format;
    out["format_conformity"] = column.format_conformity;
  }
  if (!column.statistic.empty()) out["statistic"] = column.statistic;
  return out;
}

Json PopulationJson(const Report& report, const Detail& detail) {
  std::vector<std::string> limits;
  if (!detail.histograms) limits.push_back("The report leaves out histograms for its size.");
  if (!detail.top) limits.push_back("The report leaves out the most frequent values for its size.");
  if (!detail.quantiles) limits.push_back("The report leaves out quantiles for its size.");
  if (!detail.disguises) {
    limits.push_back("The report leaves out the disguised missing values for its size.");
  }
  if (!detail.missing_bins) {
    limits.push_back("The report leaves out where in the file cells are missing for its size.");
  }
  if (detail.columns < report.columns.size()) {
    limits.push_back("The report shows the first " + std::to_string(detail.columns) + " of " +
                     std::to_string(report.columns.size()) +
                     " columns; the profile (--profile) has all of them.");
  }
  const ReportSchema& schema = report.schema;
  const size_t longest = std::max({schema.missing.size(), schema.extra.size(),
                                   schema.renamed.size(), schema.type_mismatches.size()});
  if (detail.names < longest) {
    limits.push_back("The report shows the first " + std::to_string(detail.names) + " of up to " +
                     std::to_string(longest) + " findings of the schema comparison of one kind.");
  }
  if (detail.name_bytes < Detail().name_bytes) {
    limits.push_back("The report cuts names and notes short for its size.");
  }
  for (const std::string& limit : report.limits) {
    if (limits.size() == kLimitsMax) break;
    limits.push_back(Cut(limit, detail.name_bytes * 2));
  }
  return {{"sampled", report.sampled}, {"limits", limits}};
}

Json ProvenanceJson(const ReportProvenance& provenance) {
  return {{"version", provenance.version},
          {"config_sha256", provenance.config_sha256},
          {"input_sha256", provenance.input_sha256},
          {"output_sha256", provenance.output_sha256},
          {"seed", provenance.seed}};
}

Json StagesJson(const std::vector<ReportStage>& stages) {
  Json out = Json::array();
  for (const ReportStage& stage : stages) {
    out.push_back({{"name", stage.name},
                   {"seconds", stage.seconds},
                   {"rows_in", stage.rows_in},
                   {"rows_out", stage.rows_out},
                   {"peak_bytes", stage.peak_bytes},
                   {"spilled_bytes", stage.spilled_bytes},
                   {"passes", stage.passes}});
  }
  return out;
}

Json DialectJson(const ReportDialect& dialect) {
  Json out = {{"format", dialect.format},
              {"compression", dialect.compression},
              {"delimiter", dialect.delimiter},
              {"quote", dialect.quote},
              {"escape", dialect.escape},
              {"comment", dialect.comment},
              {"skip_space", dialect.skip_space},
              {"line_end", dialect.line_end},
              {"encoding", dialect.encoding},
              {"encoding_confidence", RoundedShare(dialect.encoding_confidence)},
              {"header", dialect.header},
              {"header_confidence", RoundedShare(dialect.header_confidence)},
              {"confidence", dialect.confidence},
              {"preamble_lines", dialect.preamble_lines},
              {"comment_lines", dialect.comment_lines}};
  if (!dialect.runner_up.delimiter.empty()) {
    out["runner_up"] = {{"delimiter", dialect.runner_up.delimiter},
                        {"quote", dialect.runner_up.quote},
                        {"escape", dialect.runner_up.escape},
                        {"confidence", dialect.runner_up.confidence}};
  }
  return out;
}

Json MatchingJson(const ReportMatching& matching, const Detail& detail) {
  Json out = {{"threshold", matching.threshold}, {"prior", matching.prior}};
  out["fields"] = Json::array();
  for (const ReportMatchedField& field : matching.fields) {
    Json columns = Json::array();
    for (const std::string& name : field.columns) columns.push_back(Cut(name, detail.name_bytes));
    out["fields"].push_back(
        {{"columns", columns}, {"kind", field.kind}, {"m", field.m}, {"u", field.u}});
  }
  out["left_out"] = Json::array();
  for (const ReportLeftOutColumn& column : matching.left_out) {
    out["left_out"].push_back(
        {{"column", Cut(column.name, detail.name_bytes)}, {"reason", column.reason}});
  }
  return out;
}

std::string Render(const Report& report, const Detail& detail) {
  Json out;
  out["rows_in"] = report.rows_in;
  out["rows_out"] = report.rows_out;
  out["rows_rejected"] = report.rows_rejected;
  const Json duplicates = {{"exact", report.duplicates_exact},
                           {"normalised", report.duplicates_normalised},
                           {"fuzzy", report.duplicates_fuzzy}};
  const Json none = {{"exact", 0}, {"normalised", 0}, {"fuzzy", 0}};
  out["duplicates_removed"] = report.duplicates_stay ? none : duplicates;
  if (report.duplicates_stay) out["duplicates_kept"] = duplicates;
  out["clusters"] = report.clusters;
  if (!report.clusters_by_size.empty()) {
    Json sizes = Json::object();
    for (const auto& [size, clusters] : report.clusters_by_size) {
      sizes[std::to_string(size)] = clusters;
    }
    out["clusters_by_size"] = sizes;
  }
  if (report.pairs_compared > 0) out["pairs_compared"] = report.pairs_compared;
  if (report.matching.has_value()) out["matching"] = MatchingJson(*report.matching, detail);
  out["cells_filled"] = report.cells_filled;
  if (report.score.has_value()) out["score"] = *report.score;
  if (report.score_before.has_value()) out["score_before"] = *report.score_before;
  out["dimensions"] = DimensionsJson(report);
  out["schema"] = SchemaJson(report.schema, detail);
  if (report.missingness.has_value()) {
    out["missingness"] = MissingnessJson(*report.missingness, detail);
  }
  out["dialect"] = DialectJson(report.dialect);
  out["columns"] = Json::array();
  for (size_t i = 0; i < std::min(detail.columns, report.columns.size()); ++i) {
    out["columns"].push_back(ColumnJson(report.columns[i], detail));
  }
  out["population"] = PopulationJson(report, detail);
  out["provenance"] = ProvenanceJson(report.provenance);
  out["stages"] = StagesJson(report.stages);
  out["process_peak_bytes"] = report.process_peak_bytes;
  return NumberListsOnOneLine(out.dump(2, ' ', false, Json::error_handler_t::replace)) + "\n";
}

double Round2(double value) { return std::round(value * 100) / 100; }

}  // namespace

std::string ListForNote(const std::vector<std::string>& parts, size_t most) {
  std::string list;
  for (size_t i = 0; i < std::min(most, parts.size()); ++i) list += (i == 0 ? "" : ", ") + parts[i];
  if (parts.size() > most) list += " and " + std::to_string(parts.size() - most) + " more";
  return list;
}

std::string QuotedName(std::string_view name) { return '"' + std::string(name) + '"'; }

double RoundedShare(double share) { return std::round(share * 1e4) / 1e4; }

void ScoreReport(Report& report) {
  // Of no rows nothing was measured.
  if (report.rows_in == 0) report.dimensions.clear();
  if (!report.dimensions.contains("completeness")) return;
  if (const auto validity = report.dimensions.find("validity");
      validity != report.dimensions.end()) {
    const double read =
        1.0 - static_cast<double>(report.rows_rejected) / static_cast<double>(report.rows_in);
    validity->second.score *= read;
    validity->second.score_before *= read;
  }
  double weights = 0;
  for (const auto& [name, dimension] : report.dimensions) weights += dimension.weight;
  double score = 0;
  double score_before = 0;
  for (auto& [name, dimension] : report.dimensions) {
    dimension.weight /= weights;
    score += dimension.weight * dimension.score;
    score_before += dimension.weight * dimension.score_before;
    dimension.score = Round2(dimension.score);
    dimension.score_before = Round2(dimension.score_before);
  }
  report.score = std::min(100.0, Round2(score));
  report.score_before = std::min(100.0, Round2(score_before));
}

std::string ReportJson(const Report& report) {
  Detail detail;
  std::string json = Render(report, detail);
  for (bool* part : {&detail.histograms, &detail.top, &detail.quantiles, &detail.disguises,
                     &detail.missing_bins}) {
    if (json.size() <= kReportBytesMax) return json;
    *part = false;
    json = Render(report, detail);
  }
  // Ends: without names all that is left is a few kilobytes.
  while (json.size() > kReportBytesMax && detail.name_bytes > 0) {
    detail.columns = std::min(detail.columns, report.columns.size()) * 3 / 4;
    detail.names = detail.names * 3 / 4;
    if (detail.columns < 8) detail.name_bytes /= 2;
    json = Render(report, detail);
  }
  return json;
}

std::string ProfileLines(const Report& report) {
  Detail all;
  all.name_bytes = std::string::npos;
  std::string lines;
  for (const ReportColumn& column : report.columns) {
    lines += ColumnJson(column, all).dump(-1, ' ', false, Json::error_handler_t::replace);
    lines += '\n';
  }
  return lines;
}

std::vector<std::string> NotesOf(const std::string& report_json) {
  return Json::parse(report_json).at("population").at("limits").get<std::vector<std::string>>();
}

}  // namespace dq
