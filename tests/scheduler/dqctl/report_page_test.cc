#include "scheduler/dqctl/report_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace dq::dqctl {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

dq::v1::ColumnReport Column(const std::string& name) {
  dq::v1::ColumnReport column;
  column.set_name(name);
  column.set_type("integer");
  column.set_missing(25);
  column.set_missing_after(5);
  for (int i = 0; i < 10; ++i) column.add_histogram(i);
  for (int i = 0; i < 10; ++i) column.add_missing_by_bin(0.1 * i);
  return column;
}

ReportPage PageOf(const std::string& text) {
  ReportPage page;
  page.title = text;
  page.report.set_rows_in(100);
  page.report.set_score(92.5);
  page.report.set_score_before(70);
  *page.report.add_columns() = Column(text);
  page.report.mutable_columns(0)->add_top()->set_value(text);
  page.report.mutable_population()->add_limits(text);
  dq::v1::Finding& finding = page.findings.emplace_back();
  finding.set_severity(dq::v1::FINDING_SEVERITY_ERROR);
  finding.set_message(text);
  dq::v1::Change& change = page.changes.emplace_back();
  change.set_before(text);
  dq::v1::DuplicateCluster& cluster = page.clusters.emplace_back();
  cluster.add_rows()->set_explanation(text);
  return page;
}

TEST(ReportPage, ShowsScoreColumnsFindingsClustersAndChanges) {
  const std::string html = RenderReportPage(PageOf("customers.csv"));
  for (const char* part : {"Quality score", "92.5", "before: 70.0", "Findings", "ERROR", "Columns",
                           "width:25.0%", "<rect", "opacity:0.90", "Duplicates", "Changed cells"}) {
    EXPECT_THAT(html, HasSubstr(part));
  }
  EXPECT_THAT(html, Not(HasSubstr("{{")));
}

TEST(ReportPage, WhatIsNotThereHasNoSection) {
  const std::string html = RenderReportPage({});
  for (const char* part :
       {"Quality score", "Findings", "Columns", "Duplicates<", "Changed cells"}) {
    EXPECT_THAT(html, Not(HasSubstr(part)));
  }
}

TEST(ReportPage, HostileTextStaysText) {
  const std::string html =
      RenderReportPage(PageOf("</td><script>alert(1)</script><img src=x onerror='a()'>\"&"));
  EXPECT_THAT(html, Not(HasSubstr("<script")));
  EXPECT_THAT(html, Not(HasSubstr("<img")));
  EXPECT_THAT(html, HasSubstr("&lt;script&gt;"));
}

TEST(ReportPage, NothingIsLoadedFromElsewhere) {
  const std::string html = RenderReportPage(PageOf("customers.csv"));
  EXPECT_THAT(html, HasSubstr("default-src 'none'"));
  for (const char* part : {"http://", "https://", "src=", "url(", "@import", "<link"}) {
    EXPECT_THAT(html, Not(HasSubstr(part)));
  }
}

TEST(ReportPage, AWidePageStaysSmall) {
  ReportPage page;
  page.report.set_rows_in(100);
  for (int i = 0; i < 500; ++i) *page.report.add_columns() = Column("c" + std::to_string(i));
  const std::string html = RenderReportPage(page);
  EXPECT_THAT(html, HasSubstr(">c499<"));
  EXPECT_LT(html.size(), size_t{2} << 20);
}

}  // namespace
}  // namespace dq::dqctl
