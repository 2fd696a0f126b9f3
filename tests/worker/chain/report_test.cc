// The report's JSON: strict by the contract, bounded by the limit.
#include "worker/chain/report.h"

#include <gtest/gtest.h>

#include "dq/v1/report.pb.h"
#include "google/protobuf/util/json_util.h"
#include "nlohmann/json.hpp"
#include "tests/support/chain_harness.h"
#include "worker/chain/number_lists.h"

namespace dq {
namespace {

// Parses without tolerance for unknown fields.
v1::Report Parse(const std::string& json) {
  v1::Report report;
  const auto status = google::protobuf::util::JsonStringToMessage(json, &report);
  EXPECT_TRUE(status.ok()) << status.ToString() << json;
  return report;
}

TEST(Report, OfAChainIsADqV1Report) {
  ChainSpec spec;
  spec.stages = {CompleteOptions{.key_columns = {"id"}, .fill = FillMethod::kStatistic},
                 DedupeOptions{}};
  spec.reference_key_columns = {"id"};
  const HarnessRun run = RunChainOnText(
      spec, "id,n,Ctry,d\n1,5,A,2020-01-01\n2,,A,2020-01-02\n3,7.5,B,\n3,7.5,B,\nx\n",
      "id,n,ctry,gone\n2,6,A,1\n");
  ASSERT_TRUE(run.status.ok()) << run.status;
  const v1::Report report = Parse(run.report);
  EXPECT_EQ(run.report, run.result.report_json);
  EXPECT_EQ(report.rows_in(), 5);
  EXPECT_EQ(report.rows_rejected(), 1);
  EXPECT_EQ(report.duplicates_removed().exact(), 1);
  EXPECT_EQ(report.columns(1).type(), "decimal");
  EXPECT_EQ(report.columns(1).min(), "5");
  EXPECT_EQ(report.columns(1).quantiles_size(), 5);
  EXPECT_EQ(report.columns(1).histogram_size(), 10);
  EXPECT_EQ(report.columns(1).filled(), 1);
  EXPECT_EQ(report.schema().renamed(0).to(), "Ctry");
  EXPECT_EQ(report.stages_size(), 2);
  EXPECT_EQ(report.stages(0).passes(), 2);
  EXPECT_EQ(report.stages(1).passes(), 1);
  EXPECT_EQ(report.provenance().output_sha256(), run.result.outputs[0].sha256);
  double weights = 0;
  for (const auto& [name, dimension] : report.dimensions()) weights += dimension.weight();
  EXPECT_NEAR(weights, 1, 1e-9);
}

TEST(Report, StaysBelowItsLimitWhateverTheColumnsHold) {
  Report report;
  for (int i = 0; i < 1000; ++i) {
    ReportColumn column;
    column.name = std::string(300, '\x01');
    column.histogram.assign(10, 1'000'000'000);
    column.quantiles.assign(5, 1.0 / 3);
    column.top.assign(5, {std::string(100, '"'), 1, true});
    report.columns.push_back(column);
    report.limits.push_back(std::string(1000, 'x'));
    report.schema.missing.push_back(std::string(1000, 'y'));
  }
  const std::string json = ReportJson(report);
  EXPECT_LE(json.size(), kReportBytesMax);
  const v1::Report parsed = Parse(json);
  EXPECT_NE(parsed.population().limits(0).find("histograms"), std::string::npos);
}

TEST(Report, StaysBelowItsLimitWhateverTheSchemasHold) {
  for (const char c : {'y', '\x01', '"'}) {
    Report report;
    const std::string name(300, c);
    report.schema.compared = true;
    for (int i = 0; i < 150; ++i) {
      report.schema.missing.push_back(name);
      report.schema.extra.push_back(name);
      report.schema.renamed.push_back({name, name, 0.9});
      report.schema.type_mismatches.push_back({name, "text", "date"});
      report.limits.push_back(name + name);
      report.columns.emplace_back().name = name;
    }
    const std::string json = ReportJson(report);
    EXPECT_LE(json.size(), kReportBytesMax);
    const v1::Report parsed = Parse(json);
    EXPECT_TRUE(parsed.schema().compared());
    bool said = false;
    for (const std::string& limit : parsed.population().limits()) {
      said |= limit.find("of up to 150 findings of the schema") != std::string::npos;
    }
    EXPECT_TRUE(said) << json.substr(0, 500);
  }
}

// A column of numbers that misses cells.
ReportColumn NumberColumn(int number) {
  ReportColumn column;
  column.name = "measure_" + std::to_string(number);
  column.type = "decimal";
  column.quantiles = {1.25, 20.5, 300.75, 4000.5, 50000.25};
  column.histogram.assign(10, 123);
  column.missing_by_bin.assign(10, 0.0333);
  return column;
}

TEST(Report, AHundredColumnsOfNumbersFitWithAllTheirDetails) {
  Report report;
  for (int i = 0; i < 100; ++i) report.columns.push_back(NumberColumn(i));
  const v1::Report parsed = Parse(ReportJson(report));
  ASSERT_EQ(parsed.columns_size(), 100);
  EXPECT_EQ(parsed.population().limits_size(), 0);
  EXPECT_EQ(parsed.columns(99).histogram_size(), 10);
}

TEST(Report, WhereCellsAreMissingIsTheLastThatIsLeftOutOfColumnsAndIsSaid) {
  Report report;
  for (int i = 0; i < 140; ++i) report.columns.push_back(NumberColumn(i));
  v1::Report parsed = Parse(ReportJson(report));
  EXPECT_EQ(parsed.columns(0).histogram_size(), 0);
  EXPECT_EQ(parsed.columns(0).missing_by_bin_size(), 10);
  for (ReportColumn& column : report.columns) column.name += std::string(200, 'x');
  parsed = Parse(ReportJson(report));
  EXPECT_EQ(parsed.columns(0).missing_by_bin_size(), 0);
  EXPECT_NE(parsed.population().limits(4).find("where in the file cells are missing"),
            std::string::npos);
}

TEST(Report, ListsOfNumbersAreOneLineAndTextsStayAsTheyAre) {
  const std::string json = R"({"a":[1,2.5,-3e9],"b":["[1,\n 2]","\\",[],[[4,5]]],"c":{"[":[6]}})";
  const auto parsed = nlohmann::ordered_json::parse(json);
  const std::string text = NumberListsOnOneLine(parsed.dump(2));
  EXPECT_EQ(nlohmann::ordered_json::parse(text), parsed);
  EXPECT_NE(text.find("[1, 2.5, -3000000000.0]"), std::string::npos) << text;
  EXPECT_NE(text.find("[4, 5]"), std::string::npos) << text;
}

TEST(Report, TwoHundredOrdinaryColumnsFit) {
  Report report;
  for (int i = 0; i < 250; ++i) {
    ReportColumn column;
    column.name = "column_" + std::to_string(i);
    column.type = "text";
    report.columns.push_back(column);
  }
  EXPECT_EQ(Parse(ReportJson(report)).columns_size(), 200);
}

TEST(Report, WithoutCompletenessThereIsNoScore) {
  Report report;
  report.dimensions["uniqueness"] = {.score = 100, .score_before = 50, .weight = 0.2};
  ScoreReport(report);
  EXPECT_FALSE(report.score.has_value());
}

}  // namespace
}  // namespace dq
