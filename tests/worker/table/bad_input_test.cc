// Files that are meant to break a reader, or that no reader can do anything with: a typed error, or
// rows that are accounted for.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/error.h"
#include "common/base/unique_fd.h"
#include "tests/support/chain_harness.h"
#include "tests/support/memory_file.h"
#include "worker/table/open_table.h"

namespace dq {
namespace {

std::string ReasonOfOpening(int fd) { return ReasonOf(OpenTable(fd, {}).status()); }

// Reads to the end; the status of the first error.
absl::Status ReadAll(RowReader& reader) {
  RowBatch batch;
  for (;;) {
    const auto more = reader.Next(batch);
    if (!more.ok()) return more.status();
    if (!*more) return absl::OkStatus();
  }
}

TEST(BadInput, PipesAndDevicesAreRefused) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const UniqueFd reading(ends[0]);
  const UniqueFd writing(ends[1]);
  EXPECT_EQ(ReasonOfOpening(reading.get()), "UNSUPPORTED_FORMAT");
  const UniqueFd device(::open("/dev/zero", O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(ReasonOfOpening(device.get()), "UNSUPPORTED_FORMAT");
  const UniqueFd folder(::open("/", O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(ReasonOfOpening(folder.get()), "UNSUPPORTED_FORMAT");
}

TEST(BadInput, WhatIsNoTextTableIsNamed) {
  const std::pair<std::string, const char*> cases[] = {
      {"PK\x03\x04 binary", "Excel workbook"},
      {"PAR1\x15 binary", "Parquet"},
      {"BZh91AY&SY", "bzip2"},
      {"%PDF-1.7\n", "PDF"},
      {"\n<!doctype HTML>\n<table>", "web page"},
      {"\xEF\xBB\xBF<html>\n", "web page"},
      {"<?xml version=\"1.0\"?>\n", "XML"},
  };
  for (const auto& [text, what] : cases) {
    const MemoryFile file(text);
    const absl::Status status = OpenTable(file.fd(), {}).status();
    EXPECT_EQ(ReasonOf(status), "UNSUPPORTED_FORMAT") << what;
    EXPECT_NE(MessageOf(status).find(what), std::string::npos) << status;
  }
}

TEST(BadInput, ATableThatBeginsLikeMarkupIsOneWhenItsFormatIsGiven) {
  for (const char* text : {"<html,b\n1,2\n", "<?xml,b\n1,2\n", "PAR1,b\n1,2\n"}) {
    const MemoryFile file(text);
    InputChoice choice;
    choice.format = TableFormat::kDelimited;
    const auto reader = OpenTable(file.fd(), choice);
    ASSERT_TRUE(reader.ok()) << reader.status();
    EXPECT_EQ((*reader)->columns().size(), 2U);
  }
}

TEST(BadInput, HeadersPutBehindEachOtherAreATableWithoutRows) {
  ChainSpec spec;
  spec.form.input.dialect.header = true;
  const HarnessRun run = RunChainOnText(spec, "id,name\nid,name\n\nid,name\n");
  ASSERT_TRUE(run.status.ok()) << run.status;
  EXPECT_EQ(run.cleaned, "id,name\n");
  EXPECT_EQ(run.result.rows_rejected, 2);
  EXPECT_EQ(ReasonOf(RunChainOnText(spec, "id,name\nid,name\n1,2,3\n").status), "PARSE_FAILED");
}

TEST(BadInput, ALineOfTenGigabytesIsRefusedAfterTheLimitOfOneRow) {
  // A hole: the file takes no room.
  const MemoryFile file("a,b\n1,");
  ASSERT_EQ(::ftruncate(file.fd(), off_t{10} << 30), 0);
  const auto reader = OpenTable(file.fd(), {});
  const absl::Status status = reader.ok() ? ReadAll(**reader) : reader.status();
  EXPECT_EQ(ReasonOf(status), "PARSE_FAILED") << status;
}

TEST(BadInput, AMillionColumnsAreRefused) {
  std::string header = "c0";
  for (int i = 1; i < 1'000'000; ++i) header += ",c" + std::to_string(i);
  const MemoryFile file(header + "\n" + std::string(999'999, ',') + "\n");
  EXPECT_EQ(ReasonOfOpening(file.fd()), "UNSUPPORTED_FORMAT");
  std::string object = "{\"c0\":1";
  for (int i = 1; i < 20'000; ++i) object += ",\"c" + std::to_string(i) + "\":1";
  const MemoryFile lines(object + "}\n");
  EXPECT_EQ(ReasonOfOpening(lines.fd()), "UNSUPPORTED_FORMAT");
}

TEST(BadInput, KeysOfJsonThatTakeMoreThanARowAreRefused) {
  std::string text;
  for (char c = 'a'; c < 'e'; ++c) {
    text += "{\"" + std::string(size_t{20} << 20, c) + "\":1}\n";
  }
  const MemoryFile file(text);
  EXPECT_EQ(ReasonOfOpening(file.fd()), "UNSUPPORTED_FORMAT");
}

TEST(BadInput, LookingThroughAJsonFileForItsKeysCanBeStopped) {
  const MemoryFile file("{\"a\":1}\n");
  const auto reader = OpenTable(file.fd(), {}, {.stop = [] { return true; }});
  EXPECT_EQ(ReasonOf(reader.status()), "CANCELLED");
}

TEST(BadInput, PaddedRowsMayBeShorterThanTheHeader) {
  ChainSpec spec;
  spec.form.on_bad_row = BadRowPolicy::kPad;
  spec.stages = {DedupeOptions{}};
  std::string text = "c0";
  for (int i = 1; i < 200; ++i) text += ",c" + std::to_string(i);
  for (int i = 0; i < 20'000; ++i) text += "\n" + std::to_string(i);
  spec.form.input.dialect = {.delimiter = ',', .skip_lines = 0, .header = true};
  const HarnessRun run = RunChainOnText(spec, text + "\n7\n");
  ASSERT_TRUE(run.status.ok()) << run.status;
  EXPECT_EQ(run.result.rows_in, 20'001);
  EXPECT_EQ(run.result.duplicates_removed, 1);
}

TEST(BadInput, AFileThatIsCutOrGrowsWhileItIsReadIsNoticed) {
  std::string text = "a,b\n";
  for (int i = 0; i < 300'000; ++i) text += std::to_string(i) + ",x\n";
  for (const off_t size : {off_t{1 << 20}, static_cast<off_t>(text.size()) + 1}) {
    const MemoryFile file(text);
    const auto reader = OpenTable(file.fd(), {});
    ASSERT_TRUE(reader.ok()) << reader.status();
    RowBatch batch;
    ASSERT_TRUE((*reader)->Next(batch).ok());
    ASSERT_EQ(::ftruncate(file.fd(), size), 0);
    EXPECT_EQ(ReasonOf(ReadAll(**reader)), "INPUT_CHANGED");
  }
}

TEST(BadInput, AFileThatIsWrittenWhileItIsReadIsNoticedInTheFirstPass) {
  std::string text = "a,b\n";
  for (int i = 0; i < 300'000; ++i) text += "1,x\n";
  const MemoryFile file(text);
  const auto reader = OpenTable(file.fd(), {});
  ASSERT_TRUE(reader.ok()) << reader.status();
  RowBatch batch;
  ASSERT_TRUE((*reader)->Next(batch).ok());
  ASSERT_EQ(::pwrite(file.fd(), "2", 1, 1'000'000), 1);
  // The clock of the file system may not have ticked since the file was made.
  const timespec times[2] = {{.tv_sec = 0, .tv_nsec = UTIME_OMIT}, {.tv_sec = 1, .tv_nsec = 0}};
  ASSERT_EQ(::futimens(file.fd(), times), 0);
  EXPECT_EQ(ReasonOf(ReadAll(**reader)), "INPUT_CHANGED");
}

TEST(BadInput, RowsOfAnotherEncodingAreRejectedAndAccountedFor) {
  std::string text = "name,n\n";
  for (int i = 0; i < 50; ++i) text += "Jos\xC3\xA9,1\n";
  const HarnessRun run = RunChainOnText({}, text + "K\xF6ln,2\n");
  ASSERT_TRUE(run.status.ok()) << run.status;
  EXPECT_EQ(run.result.rows_rejected, 1);
  EXPECT_NE(run.rejects.find("51,"), std::string::npos);
  EXPECT_NE(run.rejects.find("invalid_utf8"), std::string::npos);
}

TEST(BadInput, NamesThatAreEmptyOrComeTwiceAreKeptAsTheyAre) {
  ChainSpec spec;
  spec.stages = {CompleteOptions{.fill = FillMethod::kNone}};
  const std::string text = "a,,a,\nx,1,y,2\nz,3,u,4\n";
  const HarnessRun run = RunChainOnText(spec, text);
  ASSERT_TRUE(run.status.ok()) << run.status;
  EXPECT_EQ(run.cleaned, text);
}

TEST(BadInput, ANameThatComesTwiceCannotBeAKey) {
  ChainSpec spec;
  spec.stages = {DedupeOptions{.columns = {"a"}}};
  EXPECT_EQ(ReasonOf(RunChainOnText(spec, "a,a\nx,y\nz,u\n").status), "SCHEMA_INCOMPATIBLE");
}

}  // namespace
}  // namespace dq
