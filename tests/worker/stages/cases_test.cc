// Runs every file of tests/cases: input, options and expected outputs in one text, so that a case
// needs no C++. Sections begin with "--- NAME":
//   spec       the chain as DecodeChainSpec reads it (default: complete, dedupe)
//   input, reference
//   cleaned, changes, clusters, rejects   expected, byte for byte; a section left out is not
//   compared
//   report     lines "JSON-pointer JSON-value" that must hold, or "JSON-pointer -": not there
//   error      the expected reason; then nothing else is compared
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "common/base/error.h"
#include "nlohmann/json.hpp"
#include "tests/support/chain_harness.h"

namespace dq {
namespace {

using Sections = std::map<std::string, std::string>;

Sections ReadSections(const std::filesystem::path& path) {
  std::ifstream file(path);
  Sections sections;
  std::string name = "about";
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("--- ")) {
      name = line.substr(4);
      sections[name];
    } else {
      sections[name] += line + "\n";
    }
  }
  return sections;
}

std::vector<std::string> CaseNames() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(DQ_SOURCE_DIR "/tests/cases")) {
    if (entry.path().extension() == ".case") names.push_back(entry.path().stem());
  }
  std::sort(names.begin(), names.end());
  return names;
}

void CompareReport(const std::string& expected, const std::string& report) {
  const auto json = nlohmann::json::parse(report);
  std::istringstream lines(expected);
  for (std::string line; std::getline(lines, line);) {
    const size_t space = line.find(' ');
    const nlohmann::json::json_pointer pointer(line.substr(0, space));
    if (line.substr(space + 1) == "-") {
      EXPECT_FALSE(json.contains(pointer)) << line;
      continue;
    }
    const auto value = nlohmann::json::parse(line.substr(space + 1));
    ASSERT_TRUE(json.contains(pointer)) << line;
    EXPECT_EQ(json.at(pointer), value) << line;
  }
}

class Cases : public testing::TestWithParam<std::string> {};

TEST_P(Cases, GivesWhatTheFileExpects) {
  const Sections sections = ReadSections(DQ_SOURCE_DIR "/tests/cases/" + GetParam() + ".case");
  ChainSpec spec;
  if (const auto text = sections.find("spec"); text != sections.end()) {
    const auto read = DecodeChainSpec(text->second);
    ASSERT_TRUE(read.ok()) << read.status();
    spec = *read;
  }
  std::optional<std::string> reference;
  if (sections.contains("reference")) reference = sections.at("reference");
  const HarnessRun run = RunChainOnText(spec, sections.at("input"), reference);
  if (const auto error = sections.find("error"); error != sections.end()) {
    EXPECT_EQ(ReasonOf(run.status) + "\n", error->second) << run.status;
    EXPECT_TRUE(MetadataOf(run.status).contains("category"));
    return;
  }
  ASSERT_TRUE(run.status.ok()) << run.status;
  const std::map<std::string, std::string> texts = {{"cleaned", run.cleaned},
                                                    {"changes", run.changes},
                                                    {"clusters", run.clusters},
                                                    {"rejects", run.rejects}};
  for (const auto& [name, text] : texts) {
    if (const auto found = sections.find(name); found != sections.end()) {
      EXPECT_EQ(text, found->second) << name;
    }
  }
  if (sections.contains("report")) CompareReport(sections.at("report"), run.report);
}

INSTANTIATE_TEST_SUITE_P(All, Cases, testing::ValuesIn(CaseNames()),
                         [](const auto& tested) { return tested.param; });

}  // namespace
}  // namespace dq
