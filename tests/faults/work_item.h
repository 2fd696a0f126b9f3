// One line of a client's work file: a job to submit and what else to do with it. Plain value.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dq/v1/job_service.pb.h"

namespace dq::faults {

struct WorkItem {
  int64_t at_ms = 0;       // After the start of the run.
  std::string request_id;  // Unique; also the id of the job when `named`.
  bool named = false;
  std::string input;           // A file id; empty: a chain of noop.
  int64_t noop_ms = 0;         // Of a noop chain.
  int64_t cancel_ms = -1;      // After the acknowledgement; -1: never.
  int64_t pause_ms = -1;       // Likewise; then it is resumed at once.
  bool repeat = false;         // Sends the request again after its acknowledgement.
  bool reuse = false;          // Sends another body under the same request id.
  int32_t max_attempts = 100;  // Failed or lost attempts until FAILED.
  std::string key;             // Its concurrency key; or empty.
  int32_t key_limit = 0;       // Jobs with that key that may run at a time.
  std::string queue;           // Empty: the default one.
  std::string after;           // The request id of a named job on which it depends; or empty.

  // Returns the request.
  v1::CreateJobRequest Request() const;
};

// Reads a work file: JSON lines with the fields above; aborts when it is not one.
std::vector<WorkItem> ReadWork(const std::string& path);

}  // namespace dq::faults
