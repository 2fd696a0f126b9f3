// References with their versions, and earlier results, as people use them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/support/cluster.h"

namespace dq {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Json = nlohmann::json;

constexpr char kInput[] = "id,city\n1,\n2,Oslo\n3,Bern\n";

class ReferenceTest : public testing::Test {
 protected:
  ProgramResult Add(const std::string& rows, std::vector<std::string> more = {}) {
    std::vector<std::string> arguments = {"ref",   "add", cluster_.WriteFile("rows.csv", rows),
                                          "--key", "id",  "--reference-id",
                                          "master"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return cluster_.Ctl(arguments);
  }
  Json Get() {
    const ProgramResult result = cluster_.Ctl({"ref", "get", "master", "-o", "json"});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return Json::parse(result.out);
  }
  // Cleans the input and returns the result.
  std::string Clean(std::vector<std::string> more = {}) {
    std::vector<std::string> arguments = {"clean", cluster_.WriteFile("in.csv", kInput), "-o",
                                          cluster_.Path("out.csv")};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const ProgramResult result = cluster_.Ctl(arguments);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return ReadTextFile(cluster_.Path("out.csv"));
  }
  // The newest job.
  Json Job() {
    const ProgramResult result = cluster_.Ctl({"job", "list", "--limit", "1", "-o", "json"});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    const Json jobs = Json::parse(result.out);
    return jobs.is_array() ? jobs.at(0) : jobs;
  }

  const Cluster cluster_;
};

TEST_F(ReferenceTest, WhoeverNamesNoneTakesTheActiveOneInItsCurrentVersion) {
  const ProgramResult added = Add("id,city\n1,Rome\n", {"--activate"});
  ASSERT_EQ(added.exit_code, 0) << added.err;
  EXPECT_THAT(added.out, HasSubstr("READY"));
  EXPECT_EQ(Get().at("active"), true);
  EXPECT_THAT(Clean(), HasSubstr("1,Rome"));
  EXPECT_EQ(Job().at("spec").at("reference"), "projects/default/references/master");
  EXPECT_EQ(Job().at("spec").at("reference_version"), 1);
  EXPECT_THAT(Clean({"--no-reference"}), HasSubstr("1,\n"));

  const ProgramResult updated = cluster_.Ctl(
      {"ref", "update", "master", cluster_.WriteFile("newer.csv", "id,city\n1,Milan\n")});
  ASSERT_EQ(updated.exit_code, 0) << updated.err;
  EXPECT_THAT(Clean(), HasSubstr("1,Milan"));
  EXPECT_EQ(Job().at("spec").at("reference_version"), 2);

  EXPECT_EQ(cluster_.Ctl({"ref", "deactivate", "master"}).exit_code, 0);
  EXPECT_THAT(Clean(), Not(HasSubstr("Milan")));
  EXPECT_EQ(cluster_.Ctl({"ref", "delete", "master"}).exit_code, 0);
  EXPECT_THAT(cluster_.Ctl({"ref", "get", "master"}).err, HasSubstr("REFERENCE_NOT_FOUND"));
}

TEST_F(ReferenceTest, WhatIsWrongWithAFileIsToldWhenItIsRegistered) {
  const ProgramResult repeated = Add("id,city\n1,Rome\n1,Oslo\n2,Bern\n");
  EXPECT_EQ(repeated.exit_code, 1);
  EXPECT_THAT(repeated.err, HasSubstr("KEY_NOT_UNIQUE"));
  EXPECT_EQ(Get().at("state"), "REFERENCE_STATE_REFUSED");
  const auto update = [&](const std::string& rows) {
    return cluster_.Ctl({"ref", "update", "master", cluster_.WriteFile("newer.csv", rows)});
  };
  EXPECT_THAT(update("code,city\n1,Rome\n").err, HasSubstr("SCHEMA_INCOMPATIBLE"));
  EXPECT_THAT(update("").err, HasSubstr("UNSUPPORTED_FORMAT"));
  EXPECT_THAT(cluster_.Ctl({"ref", "activate", "master"}).err, HasSubstr("REFERENCE_REFUSED"));
  EXPECT_EQ(update("id,city\n1,Rome\n2,Bern\n").exit_code, 0);
  EXPECT_EQ(Get().at("state"), "REFERENCE_STATE_READY");
  EXPECT_EQ(Get().at("version"), 4);
}

TEST_F(ReferenceTest, ASecondJobOverTheSameBytesHasTheResultOfTheFirst) {
  const std::string first = Clean({"--use-cached-result"});
  const Json ran = Job();
  EXPECT_EQ(ran.at("cached_from"), "");
  EXPECT_EQ(Clean({"--use-cached-result"}), first);
  const Json cached = Job();
  EXPECT_EQ(cached.at("cached_from"), ran.at("name"));
  EXPECT_EQ(cached.at("attempt"), 0);
  EXPECT_EQ(cached.at("output_files"), ran.at("output_files"));
  const ProgramResult report = cluster_.Ctl({"report", "show", cached.at("name")});
  EXPECT_EQ(report.exit_code, 0) << report.err;
  Clean({"--use-cached-result", "--match", "exact"});
  EXPECT_EQ(Job().at("cached_from"), "");
}

}  // namespace
}  // namespace dq
