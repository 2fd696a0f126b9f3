// What end-to-end tests ask about jobs, through dqctl. Functions fail the test when dqctl fails.
#pragma once

#include <string>
#include <vector>

#include "tests/support/cluster.h"

namespace dq {

// One transition as `dqctl job events` shows it.
struct EventFact {
  std::string event;
  int attempt = 0;
  std::string worker;
  std::string reason;
};

// A job as `dqctl job get` shows it.
struct JobFact {
  std::string state;  // Without prefix, for example "COMPLETED".
  int attempt = 0;
  std::string worker;  // The instance.
  std::string error_reason;
  std::string error_message;
  std::string input_file;
  int checkpoint_attempt = 0;  // Of the recorded checkpoint; 0: there is none.
  double checkpoint_percent = 0;
  // Id and SHA-256 of the output of a kind, for example "CLEANED"; empty without it.
  std::string OutputId(const std::string& kind) const;
  std::string OutputSha256(const std::string& kind) const;

  struct Output {
    std::string kind;
    std::string id;
    std::string sha256;
  };
  std::vector<Output> outputs;
};

// Submits a job under `id`; `arguments` as of `dqctl job submit`.
void Submit(const Cluster& cluster, const std::string& id, std::vector<std::string> arguments);

JobFact GetJob(const Cluster& cluster, const std::string& id);
std::vector<EventFact> GetEvents(const Cluster& cluster, const std::string& id);
// Returns how often `event` happened to the job.
int CountEvents(const Cluster& cluster, const std::string& id, const std::string& event);

// Waits until the job is in `state`.
void AwaitState(const Cluster& cluster, const std::string& id, const std::string& state);

// Returns a report without what differs from run to run: times and memory.
std::string TimelessReport(const std::string& json);

// Returns a CSV with `rows` records, some of them duplicates, some with missing cells.
std::string SomeCustomers(int rows);

}  // namespace dq
