#include "scheduler/api/report_details.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <numeric>
#include <string>
#include <vector>

#include "common/base/error.h"

namespace dq {
namespace {

class ReportDetailsTest : public testing::Test {
 protected:
  ReportDetailsTest() {
    std::string pattern = testing::TempDir() + "/dq-details-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    objects_ = *OpenFileObjectStore(folder_);
  }
  ~ReportDetailsTest() override { std::filesystem::remove_all(folder_); }

  std::string Write(const std::string& content) {
    std::ofstream(folder_ + "/details.csv", std::ios::binary) << content;
    return "file:///details.csv";
  }

  std::string folder_;
  std::unique_ptr<ObjectStore> objects_;
};

constexpr char kChanges[] =
    "row,column,before,after,method,confidence\n"
    "1,city,,Rome,reference,1\n"
    "2,note,\" a \"\"b\"\"\n,c\",x,merge,0.5\n"
    "7,city,N/A,,clear,1\n";

TEST_F(ReportDetailsTest, ChangesComeInPagesThatJoinToTheWholeFile) {
  const std::string uri = Write(kChanges);
  const auto first = ReadChanges(*objects_, uri, "", 0, 2);
  ASSERT_TRUE(first.ok()) << first.status();
  ASSERT_EQ(first->changes.size(), 2u);
  EXPECT_EQ(first->changes[0].after(), "Rome");
  EXPECT_EQ(first->changes[1].before(), " a \"b\"\n,c");
  ASSERT_TRUE(first->next);
  const auto second = ReadChanges(*objects_, uri, "", *first->next, 2);
  ASSERT_TRUE(second.ok()) << second.status();
  ASSERT_EQ(second->changes.size(), 1u);
  EXPECT_EQ(second->changes[0].row(), 7);
  EXPECT_FALSE(second->next);
}

TEST_F(ReportDetailsTest, ChangesOfOneColumnLeaveTheOthersOut) {
  const auto page = ReadChanges(*objects_, Write(kChanges), "city", 0, 50);
  ASSERT_TRUE(page.ok()) << page.status();
  ASSERT_EQ(page->changes.size(), 2u);
  EXPECT_EQ(page->changes[1].row(), 7);
}

TEST_F(ReportDetailsTest, ColumnsComeInPagesThatJoinToTheWholeProfile) {
  std::string lines;
  for (int i = 0; i < 1200; ++i) {
    lines += R"({"name":"column )" + std::to_string(i) + R"(","type":"integer","distinct":)" +
             std::to_string(i) + R"(,"of_a_newer_worker":[1]})" + "\n";
  }
  const std::string uri = Write(lines);
  std::vector<std::string> names;
  std::optional<int64_t> next = 0;
  int pages = 0;
  for (; next.has_value(); ++pages) {
    const auto page = ReadColumnReports(*objects_, uri, *next, 500);
    ASSERT_TRUE(page.ok()) << page.status();
    for (const v1::ColumnReport& column : page->column_reports) {
      EXPECT_EQ(column.distinct(), static_cast<int64_t>(names.size()));
      names.push_back(column.name());
    }
    next = page->next;
  }
  EXPECT_EQ(pages, 3);
  ASSERT_EQ(names.size(), 1200u);
  EXPECT_EQ(names.back(), "column 1199");
  EXPECT_EQ(ReasonOf(ReadColumnReports(*objects_, Write("no json\n"), 0, 5).status()),
            "DETAILS_UNREADABLE");
}

TEST_F(ReportDetailsTest, ClustersAreWholeThoughTheirRecordsLieApart) {
  const std::string uri = Write(
      "row,cluster_id,kept,confidence\n"
      "1,1,true,1\n2,2,true,1\n3,1,false,0.95\n4,2,false,1\n9,1,false,1\n10,10,true,1\n11,10,false,"
      "1\n");
  const auto page = ReadClusters(*objects_, uri, 0, 2);
  ASSERT_TRUE(page.ok()) << page.status();
  ASSERT_EQ(page->clusters.size(), 2u);
  EXPECT_TRUE(page->has_more);
  EXPECT_EQ(page->clusters[0].cluster_id(), 1);
  EXPECT_EQ(page->clusters[0].size(), 3);
  EXPECT_TRUE(page->clusters[0].rows(0).kept());
  EXPECT_DOUBLE_EQ(page->clusters[0].rows(1).confidence(), 0.95);
  const auto rest = ReadClusters(*objects_, uri, 2, 2);
  ASSERT_TRUE(rest.ok()) << rest.status();
  ASSERT_EQ(rest->clusters.size(), 1u);
  EXPECT_EQ(rest->clusters[0].cluster_id(), 10);
  EXPECT_FALSE(rest->has_more);
}

TEST_F(ReportDetailsTest, LargeClustersFillAPageEarlierAndNoneIsLost) {
  constexpr int kClusters = 120;
  std::string content = "row,cluster_id,kept,confidence,explanation\n";
  for (int cluster = 1; cluster <= kClusters; ++cluster) {
    for (int i = 0; i < kClusterRowsMax; ++i) {
      const std::string id = std::to_string(cluster);
      content += id + "," + id + ",false,1," + std::string(kDetailTextBytesMax, 'x') + "\n";
    }
  }
  const std::string uri = Write(content);
  std::vector<int64_t> ids;
  int pages = 0;
  for (bool more = true; more; ++pages) {
    const auto page = ReadClusters(*objects_, uri, ids.empty() ? 0 : ids.back(), 1000);
    ASSERT_TRUE(page.ok()) << page.status();
    ASSERT_FALSE(page->clusters.empty());
    size_t bytes = 0;
    for (const auto& cluster : page->clusters) {
      ids.push_back(cluster.cluster_id());
      bytes += cluster.ByteSizeLong();
    }
    EXPECT_LT(bytes, size_t{9} << 20);
    more = page->has_more;
  }
  EXPECT_EQ(pages, 2);
  std::vector<int64_t> all(kClusters);
  std::iota(all.begin(), all.end(), 1);
  EXPECT_EQ(ids, all);
}

TEST_F(ReportDetailsTest, AFileThatIsNoneOrIsCutShortIsATypedError) {
  for (const std::string content :
       {"", "row,column\n1,a,b\n", "row,column,before\nx,\"y", "row,column,before\nx,y,z\n",
        "row,column,before\n1,\"a\"b,c\n"}) {
    EXPECT_EQ(ReasonOf(ReadChanges(*objects_, Write(content), "", 0, 9).status()),
              "DETAILS_UNREADABLE")
        << content;
  }
}

TEST_F(ReportDetailsTest, AFileWithoutRecordsHasNone) {
  const auto page =
      ReadChanges(*objects_, Write("row,column,before,after,method,confidence\n"), "", 0, 9);
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_TRUE(page->changes.empty());
  EXPECT_FALSE(page->next);
}

}  // namespace
}  // namespace dq
