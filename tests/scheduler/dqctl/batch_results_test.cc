#include "scheduler/dqctl/batch_results.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dq::dqctl {
namespace {

using ::testing::ElementsAre;

TEST(BatchResults, FilesOfOneNameAreToldApartByTheirOperation) {
  std::vector<dq::v1::Job> jobs;
  std::vector<dq::v1::File> files;
  int index = 0;
  for (const char* name : {"a.csv", "b.csv", "../a.csv", "", ".."}) {
    jobs.emplace_back().set_operation_index(++index);
    files.emplace_back().set_display_name(name);
  }
  EXPECT_THAT(NamesSideBySide(jobs, files),
              ElementsAre("1-a.csv", "b.csv", "3-a.csv", "4-cleaned", "5-cleaned"));
}

TEST(BatchResults, TheCleanedFileIsMeant) {
  dq::v1::Job job;
  EXPECT_EQ(CleanedFileOf(job), "");
  for (const auto kind : {dq::v1::OUTPUT_KIND_REPORT, dq::v1::OUTPUT_KIND_CLEANED}) {
    dq::v1::OutputFile& output = *job.add_output_files();
    output.set_kind(kind);
    output.set_file("projects/p/files/" + std::to_string(kind));
  }
  EXPECT_EQ(CleanedFileOf(job), "projects/p/files/" + std::to_string(dq::v1::OUTPUT_KIND_CLEANED));
}

}  // namespace
}  // namespace dq::dqctl
