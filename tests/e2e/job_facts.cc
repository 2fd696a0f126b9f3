#include "tests/e2e/job_facts.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tests/support/wait_until.h"

namespace dq {
namespace {

using Json = nlohmann::json;

Json CtlJson(const Cluster& cluster, std::vector<std::string> arguments) {
  arguments.insert(arguments.end(), {"-o", "json"});
  const ProgramResult result = cluster.Ctl(arguments);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  Json json = Json::parse(result.out, nullptr, /*allow_exceptions=*/false);
  EXPECT_FALSE(json.is_discarded()) << result.out;
  return json;
}

std::string Text(const Json& object, const std::string& key) {
  return object.is_object() ? object.value(key, "") : "";
}

// "projects/default/files/f-1" → "f-1", "JOB_STATE_QUEUED" → "QUEUED" with another mark.
std::string After(const std::string& text, const std::string& mark) {
  const size_t found = text.rfind(mark);
  return found == std::string::npos ? text : text.substr(found + mark.size());
}

}  // namespace

std::string JobFact::OutputId(const std::string& kind) const {
  const auto found = std::ranges::find(outputs, kind, &Output::kind);
  return found == outputs.end() ? "" : found->id;
}

std::string JobFact::OutputSha256(const std::string& kind) const {
  const auto found = std::ranges::find(outputs, kind, &Output::kind);
  return found == outputs.end() ? "" : found->sha256;
}

void Submit(const Cluster& cluster, const std::string& id, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"job", "submit"});
  arguments.insert(arguments.end(), {"--job-id", id});
  const ProgramResult result = cluster.Ctl(arguments);
  EXPECT_EQ(result.exit_code, 0) << result.err;
}

JobFact GetJob(const Cluster& cluster, const std::string& id) {
  const Json json = CtlJson(cluster, {"job", "get", id});
  const Json error = json.value("error", Json::object());
  const Json checkpoint = json.value("checkpoint", Json::object());
  JobFact job{.state = After(Text(json, "state"), "JOB_STATE_"),
              .attempt = json.value("attempt", 0),
              .worker = After(Text(json, "worker"), "/"),
              .error_reason = Text(error, "reason"),
              .error_message = Text(error, "message"),
              .input_file = After(Text(json.value("spec", Json::object()), "input_file"), "/"),
              .checkpoint_attempt = checkpoint.value("attempt", 0),
              .checkpoint_percent = checkpoint.value("percent", 0.0),
              .outputs = {}};
  for (const Json& output : json.value("output_files", Json::array())) {
    job.outputs.push_back({.kind = After(Text(output, "kind"), "OUTPUT_KIND_"),
                           .id = After(Text(output, "file"), "/"),
                           .sha256 = Text(output, "sha256")});
  }
  return job;
}

std::vector<EventFact> GetEvents(const Cluster& cluster, const std::string& id) {
  std::vector<EventFact> events;
  for (const Json& event : CtlJson(cluster, {"job", "events", id})) {
    events.push_back({.event = Text(event, "event"),
                      .attempt = event.value("attempt", 0),
                      .worker = After(Text(event, "worker"), "/"),
                      .reason = Text(event, "reason")});
  }
  return events;
}

int CountEvents(const Cluster& cluster, const std::string& id, const std::string& event) {
  const std::vector<EventFact> events = GetEvents(cluster, id);
  return static_cast<int>(std::ranges::count(events, event, &EventFact::event));
}

void AwaitState(const Cluster& cluster, const std::string& id, const std::string& state) {
  std::string last;
  const bool reached = WaitUntil([&] {
    const ProgramResult result = cluster.Ctl({"job", "get", id, "-o", "json"});
    if (result.exit_code != 0) return false;  // Nobody serves for a moment after a fault.
    const Json json = Json::parse(result.out, nullptr, /*allow_exceptions=*/false);
    last = After(Text(json, "state"), "JOB_STATE_");
    return last == state;
  });
  EXPECT_TRUE(reached) << id << " is " << last << ", not " << state;
}

std::string TimelessReport(const std::string& json) {
  Json report = Json::parse(json, nullptr, /*allow_exceptions=*/false);
  EXPECT_TRUE(report.is_object()) << json;
  if (!report.is_object() || !report.contains("stages")) return "";
  report.erase("process_peak_bytes");
  for (Json& stage : report["stages"]) {
    stage.erase("seconds");
    stage.erase("peak_bytes");
  }
  return report.dump(1);
}

std::string SomeCustomers(int rows) {
  std::string text = "id,name,city,amount\n";
  for (int i = 0; i < rows; ++i) {
    const int id = i % 10 == 9 ? i - 3 : i;
    const std::string number = std::to_string(id);
    text += number + ",Customer " + number + "," + (i % 7 == 0 ? "" : "City " + number) + "," +
            std::to_string(id % 100) + ".50\n";
  }
  return text;
}

}  // namespace dq
