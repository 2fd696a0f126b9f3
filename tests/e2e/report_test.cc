// Reports and the details behind them, read through the scheduler.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/cluster.h"

namespace dq {
namespace {

using ::testing::HasSubstr;

// A small file with everything in it: a cell to fill, a duplicate, and a row that cannot be read.
constexpr char kInput[] =
    "id,name,city\n1,Ada,Rome\n2,Bob,\n3,Eve,Oslo\n3,Eve,Oslo\nbroken\n4,\"<b>Tom</b>\",Bern\n";
constexpr char kReference[] = "id,name,city\n1,Ada,Rome\n2,Bob,Paris\n";

class ReportTest : public testing::Test {
 protected:
  ReportTest() {
    const ProgramResult cleaned =
        cluster_.Ctl({"clean", cluster_.WriteFile("in.csv", kInput), "--reference",
                      cluster_.WriteFile("reference.csv", kReference), "--key", "id", "--changes",
                      cluster_.Path("changes.csv")});
    EXPECT_EQ(cleaned.exit_code, 0) << cleaned.err;
    const auto jobs = Records({"job", "list"});
    EXPECT_EQ(jobs.size(), 1u);
    job_ = jobs.at(0).at("name").get<std::string>();
  }

  std::vector<nlohmann::json> Records(std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(), {"-o", "ndjson"});
    const ProgramResult result = cluster_.Ctl(arguments);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    std::vector<nlohmann::json> records;
    std::istringstream lines(result.out);
    for (std::string line; std::getline(lines, line);) {
      records.push_back(nlohmann::json::parse(line));
    }
    return records;
  }

  const Cluster cluster_;
  std::string job_;
};

TEST_F(ReportTest, FindingsClustersAndChangesAreThoseOfTheFile) {
  const auto changes = Records({"report", "changes", job_});
  const std::string file = ReadTextFile(cluster_.Path("changes.csv"));
  EXPECT_EQ(static_cast<int64_t>(changes.size()), std::ranges::count(file, '\n') - 1);
  ASSERT_FALSE(changes.empty());
  EXPECT_EQ(changes[0].at("row"), "2");
  EXPECT_EQ(changes[0].at("after"), "Paris");
  EXPECT_TRUE(Records({"report", "changes", job_, "--column", "name"}).empty());

  const auto clusters = Records({"report", "clusters", job_});
  ASSERT_EQ(clusters.size(), 1u);
  EXPECT_EQ(clusters[0].at("cluster_id"), "3");
  EXPECT_EQ(clusters[0].at("rows").size(), 2u);

  const auto findings = Records({"report", "findings", job_});
  ASSERT_FALSE(findings.empty());
  EXPECT_EQ(findings[0].at("kind"), "ROWS_REJECTED");
}

TEST_F(ReportTest, EveryColumnIsListedThoughTheReportHasNoRoomForAll) {
  std::string text;
  for (const char* row : {"c", "1", "2", "3"}) {
    for (int i = 0; i < 300; ++i) text += (i == 0 ? "" : ",") + (row + std::to_string(i));
    text += "\n";
  }
  const ProgramResult wide = cluster_.Ctl({"clean", cluster_.WriteFile("wide.csv", text)});
  ASSERT_EQ(wide.exit_code, 0) << wide.err;
  const std::string job = wide.err.substr(0, wide.err.find('\n'));
  const auto columns = Records({"report", "columns", job, "--limit", "1000"});
  ASSERT_EQ(columns.size(), 300u);
  EXPECT_EQ(columns.back().at("name"), "c299");
  const std::string path = cluster_.Path("wide.html");
  ASSERT_EQ(cluster_.Ctl({"report", "show", job, "--html", path}).exit_code, 0);
  EXPECT_THAT(ReadTextFile(path), HasSubstr("c299"));
}

TEST_F(ReportTest, ThePageHoldsThemAndNothingOfTheDataIsMarkup) {
  const std::string path = cluster_.Path("report.html");
  const ProgramResult shown = cluster_.Ctl({"report", "show", job_, "--html", path});
  ASSERT_EQ(shown.exit_code, 0) << shown.err;
  const std::string html = ReadTextFile(path);
  EXPECT_THAT(html, HasSubstr("ROWS_REJECTED"));
  EXPECT_THAT(html, HasSubstr("Paris"));
  EXPECT_THAT(html, HasSubstr("Duplicates"));
  EXPECT_EQ(html.find("<b>Tom"), std::string::npos);
}

TEST_F(ReportTest, AJobWithoutAReportIsSaidToHaveNone) {
  const ProgramResult shown = cluster_.Ctl({"report", "changes", "j-none"});
  EXPECT_EQ(shown.exit_code, 1);
  EXPECT_THAT(shown.err, HasSubstr("REPORT_NOT_FOUND"));
}

}  // namespace
}  // namespace dq
