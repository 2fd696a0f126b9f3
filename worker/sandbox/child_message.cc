#include "worker/sandbox/child_message.h"

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <utility>

#include "common/base/error.h"
#include "common/base/status_macros.h"
#include "nlohmann/json.hpp"

namespace dq {
namespace {

using Json = nlohmann::ordered_json;

// The highest absl::StatusCode.
constexpr int kStatusCodeMax = 16;

std::string Line(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

absl::Status BadLine(std::string_view why) {
  return MakeError(absl::StatusCode::kInternal, "CRASHED",
                   "the job's process answered something else than was agreed: " + std::string(why),
                   {{"category", "system"}});
}

// The library converts a number of any size or kind as C++ does, undefined results and all.
template <typename Number>
Number ReadNumber(const Json& json) {
  if (!json.is_number_integer()) throw std::out_of_range("number");
  const bool fits = json.is_number_unsigned() ? std::in_range<Number>(json.get<uint64_t>())
                                              : std::in_range<Number>(json.get<int64_t>());
  if (!fits) throw std::out_of_range("number");
  return static_cast<Number>(json.get<int64_t>());
}

template <typename Enum>
Enum ReadEnum(const Json& json, Enum last) {
  const int value = ReadNumber<int>(json);
  if (value < 0 || value > static_cast<int>(last)) throw std::out_of_range("enum");
  return static_cast<Enum>(value);
}

ChainProgress ReadProgress(const Json& json) {
  ChainProgress progress;
  progress.percent = json.at("percent").get<double>();
  progress.stage = json.at("stage").get<std::string>();
  progress.stage_index = ReadNumber<int>(json.at("stage_index"));
  progress.stage_count = ReadNumber<int>(json.at("stage_count"));
  progress.rows_done = ReadNumber<int64_t>(json.at("rows_done"));
  progress.bytes_done = ReadNumber<int64_t>(json.at("bytes_done"));
  progress.bytes_total = ReadNumber<int64_t>(json.at("bytes_total"));
  progress.current_step = json.at("current_step").get<std::string>();
  return progress;
}

ChainResult ReadResult(const Json& json) {
  ChainResult result;
  result.report_json = json.at("report").get<std::string>();
  if (!json.at("score").is_null()) result.score = json.at("score").get<double>();
  result.verdict = ReadEnum(json.at("verdict"), Verdict::kFailed);
  result.verdict_reason = json.at("verdict_reason").get<std::string>();
  result.rows_in = ReadNumber<int64_t>(json.at("rows_in"));
  result.rows_out = ReadNumber<int64_t>(json.at("rows_out"));
  result.rows_rejected = ReadNumber<int64_t>(json.at("rows_rejected"));
  result.has_rejects = json.at("has_rejects").get<bool>();
  result.duplicates_removed = ReadNumber<int64_t>(json.at("duplicates_removed"));
  result.duplicates_kept = ReadNumber<int64_t>(json.at("duplicates_kept"));
  result.cells_filled = ReadNumber<int64_t>(json.at("cells_filled"));
  result.cells_cleared = ReadNumber<int64_t>(json.at("cells_cleared"));
  result.notes = json.at("notes").get<std::vector<std::string>>();
  for (const Json& totals : json.at("totals")) {
    result.totals.push_back(
        {totals.at("stage").get<std::string>(), ReadNumber<int64_t>(totals.at("rows")),
         ReadNumber<int64_t>(totals.at("bytes")), totals.at("seconds").get<double>()});
  }
  for (const Json& output : json.at("outputs")) {
    result.outputs.push_back({ReadEnum(output.at("kind"), OutputKind::kIntermediate),
                              ReadNumber<int64_t>(output.at("size_bytes")),
                              output.at("sha256").get<std::string>()});
  }
  return result;
}

absl::Status ReadError(const Json& json) {
  const int code = ReadNumber<int>(json.at("code"));
  if (code < 1 || code > kStatusCodeMax) throw std::out_of_range("code");
  return MakeError(static_cast<absl::StatusCode>(code), json.at("reason").get<std::string>(),
                   json.at("message").get<std::string>(), json.at("metadata").get<ErrorMetadata>());
}

ChainStart ReadStart(const Json& json) {
  ChainStart start;
  start.resumed = json.at("resumed").get<bool>();
  start.sequence = ReadNumber<int64_t>(json.at("sequence"));
  start.percent = json.at("percent").get<double>();
  start.reason = json.at("reason").get<std::string>();
  return start;
}

SavedCheckpoint ReadSaved(const Json& json) {
  SavedCheckpoint saved;
  saved.sequence = ReadNumber<int64_t>(json.at("sequence"));
  saved.percent = json.at("percent").get<double>();
  saved.bytes = ReadNumber<int64_t>(json.at("bytes"));
  saved.seconds = json.at("seconds").get<double>();
  saved.stage = json.at("stage").get<std::string>();
  saved.fingerprint = json.at("fingerprint").get<std::string>();
  return saved;
}

ChildLine ReadLine(const Json& json) {
  if (json.contains("progress")) return ReadProgress(json.at("progress"));
  if (json.contains("start")) return ReadStart(json.at("start"));
  if (json.contains("saved")) return ReadSaved(json.at("saved"));
  if (json.contains("result")) return ChildEnd(ReadResult(json.at("result")));
  return ChildEnd(ReadError(json.at("error")));
}

}  // namespace

std::string EncodeChildOrders(const ChildOrders& orders) {
  Json json = {{"parent_pid", orders.parent_pid},
               {"address_space_bytes", orders.limits.address_space_bytes},
               {"cpu_seconds", orders.limits.cpu_seconds},
               {"checkpoint_interval_ms", orders.checkpoint_interval_ms}};
  if (orders.resume.has_value()) {
    json["resume"] = {{"sequence_min", orders.resume->sequence_min},
                      {"fingerprint", orders.resume->fingerprint}};
  }
  return Line(json) + EncodeChainSpec(orders.chain);
}

absl::StatusOr<ChildOrders> DecodeChildOrders(std::string_view text) {
  const size_t line_end = text.find('\n');
  if (line_end == std::string_view::npos) return BadLine("the orders are cut off");
  ChildOrders orders;
  try {
    const Json json = Json::parse(text.substr(0, line_end));
    orders.parent_pid = ReadNumber<int32_t>(json.at("parent_pid"));
    orders.limits.address_space_bytes = ReadNumber<int64_t>(json.at("address_space_bytes"));
    orders.limits.cpu_seconds = ReadNumber<int64_t>(json.at("cpu_seconds"));
    orders.checkpoint_interval_ms = ReadNumber<int64_t>(json.at("checkpoint_interval_ms"));
    if (json.contains("resume")) {
      const Json& resume = json.at("resume");
      orders.resume = {ReadNumber<int64_t>(resume.at("sequence_min")),
                       resume.at("fingerprint").get<std::string>()};
    }
  } catch (const std::exception& error) {
    return BadLine(error.what());
  }
  DQ_ASSIGN_OR_RETURN(orders.chain, DecodeChainSpec(text.substr(line_end + 1)));
  return orders;
}

std::string EncodeProgressLine(const ChainProgress& progress) {
  return Line({{"progress",
                {{"percent", progress.percent},
                 {"stage", progress.stage},
                 {"stage_index", progress.stage_index},
                 {"stage_count", progress.stage_count},
                 {"rows_done", progress.rows_done},
                 {"bytes_done", progress.bytes_done},
                 {"bytes_total", progress.bytes_total},
                 {"current_step", progress.current_step}}}});
}

std::string EncodeStartLine(const ChainStart& start) {
  return Line({{"start",
                {{"resumed", start.resumed},
                 {"sequence", start.sequence},
                 {"percent", start.percent},
                 {"reason", start.reason}}}});
}

std::string EncodeSavedLine(const SavedCheckpoint& saved) {
  return Line({{"saved",
                {{"sequence", saved.sequence},
                 {"percent", saved.percent},
                 {"bytes", saved.bytes},
                 {"seconds", saved.seconds},
                 {"stage", saved.stage},
                 {"fingerprint", saved.fingerprint}}}});
}

std::string EncodeResultLine(const ChainResult& result) {
  Json totals = Json::array();
  for (const ChainStageTotals& stage : result.totals) {
    totals.push_back({{"stage", stage.stage},
                      {"rows", stage.rows},
                      {"bytes", stage.bytes},
                      {"seconds", stage.seconds}});
  }
  Json outputs = Json::array();
  for (const ChainOutput& output : result.outputs) {
    outputs.push_back({{"kind", static_cast<int>(output.kind)},
                       {"size_bytes", output.size_bytes},
                       {"sha256", output.sha256}});
  }
  Json body = {{"report", result.report_json},
               {"score", nullptr},
               {"verdict", static_cast<int>(result.verdict)},
               {"verdict_reason", result.verdict_reason},
               {"rows_in", result.rows_in},
               {"rows_out", result.rows_out},
               {"rows_rejected", result.rows_rejected},
               {"has_rejects", result.has_rejects},
               {"duplicates_removed", result.duplicates_removed},
               {"duplicates_kept", result.duplicates_kept},
               {"cells_filled", result.cells_filled},
               {"cells_cleared", result.cells_cleared},
               {"notes", result.notes},
               {"totals", std::move(totals)},
               {"outputs", std::move(outputs)}};
  if (result.score.has_value()) body["score"] = *result.score;
  return Line({{"result", std::move(body)}});
}

std::string EncodeErrorLine(const absl::Status& error) {
  return Line({{"error",
                {{"code", static_cast<int>(error.code())},
                 {"reason", ReasonOf(error)},
                 {"message", MessageOf(error)},
                 {"metadata", MetadataOf(error)}}}});
}

absl::StatusOr<ChildLine> DecodeChildLine(std::string_view line) {
  try {
    return ReadLine(Json::parse(line));
  } catch (const std::exception& error) {
    return BadLine(error.what());
  }
}

}  // namespace dq
