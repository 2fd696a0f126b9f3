// Follows what a webhook is to be told and what it is told (I22): every end that it wants to hear
// of is in the outbox as soon as it is recorded, reaches it at least once, and those of one job or
// batch come in their order. Single-threaded.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/scheduler/simulation/history.h"

namespace dq::sim {

class WebhookJudge {
 public:
  WebhookJudge(FakeStore& store, std::vector<std::string>& findings)
      : store_(store), findings_(findings) {}

  // A webhook was recorded, before anything had ended.
  void Follow(const WebhookRecord& webhook) { webhook_ = webhook; }
  // An event of a job was recorded.
  void Heard(const SeenJob& job, const JobEventRecord& event);
  // The end of a batch was recorded.
  void BatchEnded(const BatchRecord& batch, BatchState state);
  // The webhook took a message.
  void Accepted(const std::string& message_id, const std::string& body);

  // Whether all was told.
  bool IsDone() const { return owed_.size() == accepted_.size(); }
  // What is so once all is done.
  void CheckRest();

 private:
  using Subject = std::pair<bool, int64_t>;  // Whether a batch; its key.
  struct Owed {
    Subject subject;
    std::string name;  // As the body has it.
    std::string type;
  };
  void Owe(WebhookEvent event, const Subject& subject, const std::string& id, absl::Time time);
  void Found(const std::string& name, const char* invariant);

  FakeStore& store_;
  std::vector<std::string>& findings_;
  WebhookRecord webhook_;
  std::map<DeliveryKey, Owed> owed_;
  std::set<DeliveryKey> accepted_;
};

}  // namespace dq::sim
