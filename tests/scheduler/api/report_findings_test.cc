#include "scheduler/api/report_findings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "google/protobuf/util/json_util.h"

namespace dq {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

v1::Report ReportOf(const std::string& json) {
  v1::Report report;
  const auto status = google::protobuf::util::JsonStringToMessage(json, &report);
  EXPECT_TRUE(status.ok()) << status.ToString();
  return report;
}

std::vector<std::string> KindsOf(const std::vector<v1::Finding>& findings) {
  std::vector<std::string> kinds;
  for (const v1::Finding& finding : findings) kinds.push_back(finding.kind());
  return kinds;
}

TEST(ReportFindings, ACleanFileHasNone) {
  EXPECT_THAT(FindingsOf(ReportOf(R"({"rows_in": 3, "rows_out": 3, "columns": [
      {"name": "a", "type": "integer", "conformity": 1, "distinct": 3}]})")),
              IsEmpty());
}

TEST(ReportFindings, TheGravestComeFirstAndAmongEqualsThoseAboutMore) {
  const auto findings = FindingsOf(ReportOf(R"({
      "rows_in": 102, "rows_rejected": 2, "rows_out": 95,
      "duplicates_removed": {"exact": 1, "normalised": 4},
      "schema": {"compared": true, "missing": ["city"], "extra": ["note"]},
      "population": {"limits": ["distinct values of a are estimated"]}})"));
  EXPECT_THAT(KindsOf(findings), ElementsAre("ROWS_REJECTED", "COLUMN_MISSING", "DUPLICATES",
                                             "DUPLICATES", "COLUMN_EXTRA", "ESTIMATED"));
  EXPECT_EQ(findings[0].count(), 2);
  EXPECT_EQ(findings[2].count(), 4);
  EXPECT_DOUBLE_EQ(findings[2].share(), 0.04);
}

TEST(ReportFindings, DuplicatesThatWereKeptAreToldOfAsWell) {
  const auto findings = FindingsOf(ReportOf(R"({"rows_in": 4, "rows_out": 4,
      "duplicates_removed": {"exact": 0}, "duplicates_kept": {"exact": 2}})"));
  ASSERT_THAT(KindsOf(findings), ElementsAre("DUPLICATES"));
  EXPECT_EQ(findings[0].message(), "2 rows were kept, though they are exact duplicates");
  EXPECT_DOUBLE_EQ(findings[0].share(), 0.5);
}

TEST(ReportFindings, AColumnSaysWhatItMissesAndWhatDoesNotFit) {
  const auto findings = FindingsOf(ReportOf(R"({"rows_in": 100, "rows_out": 100, "columns": [
      {"name": "age", "type": "integer", "missing": 60, "missing_after": 10, "conformity": 0.9,
       "disguises": [{"value": "-1", "count": 7, "kind": "sentinel", "evidence": "far away"}]}]})"));
  ASSERT_THAT(KindsOf(findings),
              ElementsAre("SPARSE_COLUMN", "DISGUISED_MISSING", "TYPE_VIOLATED"));
  EXPECT_EQ(findings[0].column(), "age");
  EXPECT_THAT(findings[0].message(), HasSubstr("60.0 %"));
  EXPECT_THAT(findings[1].message(), HasSubstr("far away"));
  EXPECT_EQ(findings[2].count(), 4) << "a tenth of the forty values";
}

}  // namespace
}  // namespace dq
