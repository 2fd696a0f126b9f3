#include "scheduler/dqctl/report_page.h"

#include <ctemplate/template.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>
#include <string_view>

#include "scheduler/dqctl/job_text.h"
#include "scheduler/dqctl/report_head.h"
#include "scheduler/dqctl/report_page_template.h"
#include "scheduler/dqctl/report_tables.h"
#include "scheduler/dqctl/table.h"

namespace dq::dqctl {
namespace {

using ctemplate::TemplateDictionary;
using dq::v1::ColumnReport;
using dq::v1::Report;

constexpr int kHistogramHeight = 26;
constexpr int kBarWidth = 9;

std::string Decimal(double number, int digits) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.*f", digits, number);
  return text.data();
}

std::string Percent(double share) { return Decimal(100 * share, 1); }

double Share(int64_t part, int64_t whole) {
  return whole <= 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

// Control characters would break out of no context, but are no text either.
void Set(TemplateDictionary& dictionary, const char* name, const std::string& value) {
  std::string text = value;
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < ' ') c = ' ';
  }
  dictionary.SetValue(name, text);
}

void AddCard(TemplateDictionary& page, const char* name, int64_t value, const std::string& note) {
  TemplateDictionary& card = *page.AddSectionDictionary("CARD");
  Set(card, "NAME", name);
  Set(card, "VALUE", WithThousands(value));
  Set(card, "NOTE", note);
}

void AddHead(const ReportPage& source, TemplateDictionary& page) {
  const Report& report = source.report;
  Set(page, "TITLE", source.title);
  Set(page, "ABOUT", source.about);
  if (report.has_score()) {
    TemplateDictionary& score = *page.AddSectionDictionary("SCORE");
    Set(score, "AFTER", Decimal(report.score(), 1));
    Set(score, "BEFORE", Decimal(report.score_before(), 1));
  }
  if (source.verdict == dq::v1::VERDICT_PASSED || source.verdict == dq::v1::VERDICT_FAILED) {
    Set(*page.AddSectionDictionary("VERDICT"), "NAME", VerdictName(source.verdict));
  }
  const auto& found = DuplicatesOf(report);
  AddCard(page, "Rows in", report.rows_in(), WithThousands(report.rows_out()) + " out");
  AddCard(page, report.has_duplicates_kept() ? "Duplicates kept" : "Duplicates removed",
          found.exact() + found.normalised() + found.fuzzy(),
          WithThousands(found.exact()) + " exact, " + WithThousands(found.normalised()) +
              " normalised, " + WithThousands(found.fuzzy()) + " fuzzy");
  AddCard(page, "Cells filled", report.cells_filled(), "");
  AddCard(page, "Rows rejected", report.rows_rejected(), "");
}

void AddDimensions(const Report& report, TemplateDictionary& page) {
  if (report.dimensions().empty()) return;
  TemplateDictionary& list = *page.AddSectionDictionary("DIMENSIONS");
  for (const char* name : {"completeness", "validity", "uniqueness", "schema"}) {
    const auto found = report.dimensions().find(name);
    if (found == report.dimensions().end()) continue;
    TemplateDictionary& row = *list.AddSectionDictionary("DIMENSION");
    Set(row, "NAME", name);
    Set(row, "WEIGHT", ShareText(found->second.weight()));
    Set(row, "BEFORE", Decimal(found->second.score_before(), 1));
    Set(row, "AFTER", Decimal(found->second.score(), 1));
  }
}

void AddMore(TemplateDictionary& list, bool more, size_t shown) {
  if (!more) return;
  Set(*list.AddSectionDictionary("MORE"), "SHOWN", WithThousands(static_cast<int64_t>(shown)));
}

void AddFindings(const ReportPage& source, TemplateDictionary& page) {
  if (source.findings.empty()) return;
  TemplateDictionary& list = *page.AddSectionDictionary("FINDINGS");
  for (const dq::v1::Finding& finding : source.findings) {
    TemplateDictionary& row = *list.AddSectionDictionary("FINDING");
    Set(row, "SEVERITY", SeverityName(finding.severity()));
    Set(row, "KIND", finding.kind());
    Set(row, "COLUMN", finding.column());
    Set(row, "MESSAGE", finding.message());
    Set(row, "COUNT", finding.count() == 0 ? "" : WithThousands(finding.count()));
  }
  AddMore(list, source.findings_more, source.findings.size());
}

void AddDifference(TemplateDictionary& list, const char* kind, const std::string& column,
                   const std::string& note) {
  TemplateDictionary& row = *list.AddSectionDictionary("DIFFERENCE");
  Set(row, "KIND", kind);
  Set(row, "COLUMN", column);
  Set(row, "NOTE", note);
}

void AddSchema(const dq::v1::SchemaComparison& schema, TemplateDictionary& page) {
  const int differences = schema.missing_size() + schema.extra_size() + schema.renamed_size() +
                          schema.type_mismatches_size() + (schema.reordered() ? 1 : 0);
  if (differences == 0) return;
  TemplateDictionary& list = *page.AddSectionDictionary("SCHEMA");
  for (const std::string& column : schema.missing()) AddDifference(list, "missing", column, "");
  for (const std::string& column : schema.extra()) AddDifference(list, "extra", column, "");
  for (const auto& rename : schema.renamed()) {
    AddDifference(list, "renamed", rename.to(),
                  "was " + rename.from() + ", confidence " + ShareText(rename.confidence()));
  }
  for (const auto& mismatch : schema.type_mismatches()) {
    AddDifference(list, "other type", mismatch.column(),
                  mismatch.actual() + " instead of " + mismatch.expected());
  }
  if (schema.reordered()) AddDifference(list, "other order", "", "");
}

void AddHistogram(const ColumnReport& column, TemplateDictionary& row) {
  if (column.histogram().empty()) return;
  const int64_t highest = *std::max_element(column.histogram().begin(), column.histogram().end());
  if (highest <= 0) return;
  TemplateDictionary& histogram = *row.AddSectionDictionary("HISTOGRAM");
  for (int i = 0; i < column.histogram_size(); ++i) {
    const double height = kHistogramHeight * Share(column.histogram(i), highest);
    TemplateDictionary& bar = *histogram.AddSectionDictionary("COUNT");
    Set(bar, "X", std::to_string(i * kBarWidth));
    Set(bar, "Y", Decimal(kHistogramHeight - height, 1));
    Set(bar, "HEIGHT", Decimal(height, 1));
  }
}

void AddColumn(const ColumnReport& column, int64_t rows, TemplateDictionary& row) {
  const double before = Share(column.missing(), rows);
  const double after = Share(column.missing_after(), rows);
  Set(row, "NAME", column.name());
  Set(row, "TYPE", column.type());
  Set(row, "MEANING", column.semantic_type().empty() ? column.format() : column.semantic_type());
  Set(row, "MISSING", WithThousands(column.missing()));
  Set(row, "TITLE", Percent(before) + " % missing, " + Percent(after) + " % still");
  Set(row, "BEFORE", Percent(before));
  Set(row, "AFTER", Percent(after));
  for (const double share : column.missing_by_bin()) {
    TemplateDictionary& bin = *row.AddSectionDictionary("BIN");
    Set(bin, "SHARE", Percent(share));
    Set(bin, "OPACITY", ShareText(share));
  }
  Set(row, "DISGUISED", WithThousands(column.disguised_missing()));
  Set(row, "FILLED", WithThousands(column.filled()));
  Set(row, "DISTINCT",
      (column.distinct_is_estimate() ? "about " : "") + WithThousands(column.distinct()));
  Set(row, "RANGE", column.min().empty() ? "" : column.min() + " to " + column.max());
  AddHistogram(column, row);
  for (const auto& top : column.top()) {
    TemplateDictionary& value = *row.AddSectionDictionary("VALUE");
    Set(value, "TEXT", top.value());
    Set(value, "COUNT", WithThousands(top.count()));
  }
}

void AddColumns(const Report& report, TemplateDictionary& page) {
  if (report.columns().empty()) return;
  const int64_t rows = report.rows_in() - report.rows_rejected();
  TemplateDictionary& list = *page.AddSectionDictionary("COLUMNS");
  for (const ColumnReport& column : report.columns()) {
    AddColumn(column, rows, *list.AddSectionDictionary("COLUMN"));
  }
  if (report.missingness().pairs().empty()) return;
  TemplateDictionary& pairs = *page.AddSectionDictionary("PAIRS");
  for (const dq::v1::MissingPair& pair : report.missingness().pairs()) {
    TemplateDictionary& row = *pairs.AddSectionDictionary("PAIR");
    Set(row, "A", pair.a());
    Set(row, "B", pair.b());
    Set(row, "ROWS", WithThousands(pair.rows()));
    Set(row, "SHARE", Percent(pair.share()) + " %");
  }
}

void AddClusters(const ReportPage& source, TemplateDictionary& page) {
  if (source.clusters.empty()) return;
  TemplateDictionary& list = *page.AddSectionDictionary("CLUSTERS");
  for (const dq::v1::DuplicateCluster& cluster : source.clusters) {
    for (int i = 0; i < cluster.rows_size(); ++i) {
      const dq::v1::ClusterRow& member = cluster.rows(i);
      TemplateDictionary& row = *list.AddSectionDictionary("MEMBER");
      if (i == 0) row.ShowSection("FIRST");
      Set(row, "CLUSTER", i == 0 ? std::to_string(cluster.cluster_id()) : "");
      Set(row, "ROW", WithThousands(member.row()));
      Set(row, "STATE", member.kept() ? "kept" : "removed");
      Set(row, "CONFIDENCE", ShareText(member.confidence()));
      Set(row, "WHY", member.explanation());
    }
  }
  AddMore(list, source.clusters_more, source.clusters.size());
}

void AddChanges(const ReportPage& source, TemplateDictionary& page) {
  if (source.changes.empty()) return;
  TemplateDictionary& list = *page.AddSectionDictionary("CHANGES");
  for (const dq::v1::Change& change : source.changes) {
    TemplateDictionary& row = *list.AddSectionDictionary("CHANGE");
    Set(row, "ROW", WithThousands(change.row()));
    Set(row, "COLUMN", change.column());
    Set(row, "BEFORE", change.before());
    Set(row, "AFTER", change.after());
    Set(row, "METHOD", change.method());
    Set(row, "CONFIDENCE", ShareText(change.confidence()));
  }
  AddMore(list, source.changes_more, source.changes.size());
}

void AddFacts(const Report& report, TemplateDictionary& page) {
  if (!report.population().limits().empty()) {
    TemplateDictionary& limits = *page.AddSectionDictionary("LIMITS");
    for (const std::string& limit : report.population().limits()) {
      Set(*limits.AddSectionDictionary("LIMIT"), "TEXT", limit);
    }
  }
  const auto add = [&](const char* name, const std::string& value) {
    if (value.empty()) return;
    TemplateDictionary& fact = *page.AddSectionDictionary("FACT");
    Set(fact, "NAME", name);
    Set(fact, "VALUE", value);
  };
  const dq::v1::Dialect& dialect = report.dialect();
  add("Format", dialect.format() + ", " + dialect.encoding() +
                    (dialect.delimiter().empty() ? "" : ", delimiter " + dialect.delimiter()));
  add("Engine", report.provenance().version());
  add("Configuration SHA-256", report.provenance().config_sha256());
  add("Input SHA-256", report.provenance().input_sha256());
  add("Output SHA-256", report.provenance().output_sha256());
  for (const dq::v1::StageReport& stage : report.stages()) {
    const std::string name = "Stage " + stage.name();
    add(name.c_str(), Decimal(stage.seconds(), 2) + " s, " + WithThousands(stage.rows_in()) +
                          " rows in, " + WithThousands(stage.rows_out()) + " out, peak " +
                          HumanBytes(stage.peak_bytes()));
  }
}

}  // namespace

std::string RenderReportPage(const ReportPage& page) {
  TemplateDictionary dictionary("report");
  AddHead(page, dictionary);
  AddDimensions(page.report, dictionary);
  AddFindings(page, dictionary);
  AddSchema(page.report.schema(), dictionary);
  AddColumns(page.report, dictionary);
  AddClusters(page, dictionary);
  AddChanges(page, dictionary);
  AddFacts(page.report, dictionary);
  const std::unique_ptr<ctemplate::Template> form(
      ctemplate::Template::StringToTemplate(kReportPage, ctemplate::DO_NOT_STRIP));
  std::string html;
  form->Expand(&html, &dictionary);
  return html;
}

}  // namespace dq::dqctl
