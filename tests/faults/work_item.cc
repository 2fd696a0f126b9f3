#include "tests/faults/work_item.h"

#include <fstream>
#include <nlohmann/json.hpp>

namespace dq::faults {

v1::CreateJobRequest WorkItem::Request() const {
  v1::CreateJobRequest request;
  request.set_parent("projects/default");
  if (named) request.set_job_id(request_id);
  request.set_request_id(request_id);
  v1::JobSpec& spec = *request.mutable_job()->mutable_spec();
  if (input.empty()) {
    spec.add_stages()->mutable_noop()->set_duration_ms(noop_ms);
  } else {
    spec.set_input_file("projects/default/files/" + input);
  }
  spec.set_queue(queue);
  spec.set_concurrency_key(key);
  spec.set_concurrency_limit(key_limit);
  if (!after.empty()) spec.add_depends_on("projects/default/jobs/" + after);
  spec.mutable_retry()->set_max_attempts(max_attempts);
  spec.mutable_retry()->mutable_backoff()->set_nanos(100'000'000);
  spec.mutable_retry()->mutable_backoff_cap()->set_seconds(1);
  return request;
}

std::vector<WorkItem> ReadWork(const std::string& path) {
  std::vector<WorkItem> items;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const nlohmann::json json = nlohmann::json::parse(line);
    items.push_back({.at_ms = json.at("at_ms"),
                     .request_id = json.at("request_id"),
                     .named = json.at("named"),
                     .input = json.at("input"),
                     .noop_ms = json.at("noop_ms"),
                     .cancel_ms = json.at("cancel_ms"),
                     .pause_ms = json.at("pause_ms"),
                     .repeat = json.at("repeat"),
                     .reuse = json.at("reuse"),
                     .max_attempts = json.at("max_attempts"),
                     .key = json.at("key"),
                     .key_limit = json.at("key_limit"),
                     .queue = json.at("queue"),
                     .after = json.at("after")});
  }
  return items;
}

}  // namespace dq::faults
