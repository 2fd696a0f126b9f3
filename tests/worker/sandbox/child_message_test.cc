#include "worker/sandbox/child_message.h"

#include <gtest/gtest.h>

#include "common/base/error.h"

namespace dq {
namespace {

absl::StatusOr<ChildLine> Decode(std::string line) {
  EXPECT_TRUE(line.ends_with("\n"));
  line.pop_back();
  EXPECT_EQ(line.find('\n'), std::string::npos) << "one line";
  return DecodeChildLine(line);
}

TEST(ChildMessage, OrdersSurviveTheWay) {
  ChildOrders orders;
  orders.parent_pid = 42;
  orders.limits = {int64_t{5} << 30, 77};
  orders.chain.stages = {CompleteOptions{}, DedupeOptions{}};
  orders.chain.display_name = "a\nb.csv";
  const auto decoded = DecodeChildOrders(EncodeChildOrders(orders));
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(decoded->parent_pid, 42);
  EXPECT_EQ(decoded->limits.address_space_bytes, int64_t{5} << 30);
  EXPECT_EQ(decoded->limits.cpu_seconds, 77);
  EXPECT_EQ(EncodeChainSpec(decoded->chain), EncodeChainSpec(orders.chain));
  EXPECT_FALSE(decoded->resume.has_value());
  orders.resume = WantedCheckpoint{7, "f"};
  const auto resumed = DecodeChildOrders(EncodeChildOrders(orders));
  ASSERT_TRUE(resumed.ok()) << resumed.status();
  EXPECT_EQ(resumed->resume->sequence_min, 7);
  EXPECT_EQ(resumed->resume->fingerprint, "f");
}

TEST(ChildMessage, ACheckpointSurvivesTheWay) {
  const auto line = Decode(EncodeSavedLine({.sequence = 3,
                                            .percent = 12.5,
                                            .bytes = 99,
                                            .seconds = 0.5,
                                            .stage = "dedupe",
                                            .fingerprint = "f"}));
  ASSERT_TRUE(line.ok()) << line.status();
  const auto& saved = std::get<SavedCheckpoint>(*line);
  EXPECT_EQ(saved.sequence, 3);
  EXPECT_EQ(saved.stage, "dedupe");
  EXPECT_EQ(saved.fingerprint, "f");
}

TEST(ChildMessage, ProgressSurvivesTheWay) {
  ChainProgress progress;
  progress.percent = 33.25;
  progress.stage = "dedupe";
  progress.stage_index = 2;
  progress.stage_count = 2;
  progress.rows_done = 7;
  progress.bytes_done = 70;
  progress.bytes_total = 100;
  progress.current_step = "Comparing \"rows\"\n";
  const auto line = Decode(EncodeProgressLine(progress));
  ASSERT_TRUE(line.ok()) << line.status();
  const auto& decoded = std::get<ChainProgress>(*line);
  EXPECT_EQ(decoded.percent, 33.25);
  EXPECT_EQ(decoded.stage, "dedupe");
  EXPECT_EQ(decoded.stage_index, 2);
  EXPECT_EQ(decoded.bytes_total, 100);
  EXPECT_EQ(decoded.current_step, progress.current_step);
}

TEST(ChildMessage, AResultSurvivesTheWay) {
  ChainResult result;
  result.report_json = "{\"a\":\"b\\n\"}";
  result.score = 88.5;
  result.verdict = Verdict::kFailed;
  result.verdict_reason = "score too low";
  result.rows_in = 10;
  result.rows_out = 7;
  result.rows_rejected = 1;
  result.has_rejects = true;
  result.duplicates_removed = 2;
  result.cells_filled = 3;
  result.cells_cleared = 4;
  result.notes = {"one", "two"};
  result.totals = {{"complete", 10, 100, 0.5}};
  result.outputs = {{OutputKind::kCleaned, 5, "ab"}};
  const auto line = Decode(EncodeResultLine(result));
  ASSERT_TRUE(line.ok()) << line.status();
  const ChainResult& decoded = std::get<ChildEnd>(*line).value();
  EXPECT_EQ(decoded.report_json, result.report_json);
  EXPECT_EQ(decoded.score, 88.5);
  EXPECT_EQ(decoded.verdict, Verdict::kFailed);
  EXPECT_EQ(decoded.verdict_reason, "score too low");
  EXPECT_EQ(decoded.rows_rejected, 1);
  EXPECT_TRUE(decoded.has_rejects);
  EXPECT_EQ(decoded.cells_filled, 3);
  EXPECT_EQ(decoded.cells_cleared, 4);
  EXPECT_EQ(decoded.notes, result.notes);
  EXPECT_EQ(decoded.totals.at(0).bytes, 100);
  EXPECT_EQ(decoded.outputs.at(0).sha256, "ab");
}

TEST(ChildMessage, AResultWithoutScoreHasNone) {
  const auto line = Decode(EncodeResultLine({}));
  EXPECT_FALSE(std::get<ChildEnd>(*line)->score.has_value());
}

TEST(ChildMessage, AnErrorSurvivesTheWayEvenWithBytesThatAreNoUtf8) {
  const auto line = Decode(EncodeErrorLine(MakeError(
      absl::StatusCode::kInvalidArgument, "ENCODING_INVALID", "bad \xff byte", {{"row", "3"}})));
  ASSERT_TRUE(line.ok()) << line.status();
  const absl::Status error = std::get<ChildEnd>(*line).status();
  EXPECT_EQ(error.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReasonOf(error), "ENCODING_INVALID");
  EXPECT_EQ(MessageOf(error), "bad \xEF\xBF\xBD byte");
  EXPECT_EQ(MetadataOf(error)["row"], "3");
}

TEST(ChildMessage, AnythingElseIsAnErrorNotACrash) {
  for (const char* line :
       {"", "x", "[]", "{}", "null", "{\"progress\":1}", "{\"result\":{}}", "{\"error\":{}}",
        R"({"error":{"code":0,"reason":"","message":"","metadata":{}}})",
        R"({"error":{"code":1e300,"reason":"","message":"","metadata":{}}})",
        R"({"error":{"code":99,"reason":"","message":"","metadata":{}}})"}) {
    EXPECT_EQ(ReasonOf(DecodeChildLine(line).status()), "CRASHED") << line;
  }
  EXPECT_FALSE(DecodeChildOrders("").ok());
  EXPECT_FALSE(DecodeChildOrders("{}\n{}").ok());
}

}  // namespace
}  // namespace dq
