// Calls any method of a server with messages as bytes: for tests that know no types.
#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/support/status.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace dq {

struct RawAnswer {
  grpc::Status status;  // DEADLINE_EXCEEDED: the server had not ended the call in time.
  std::vector<std::string> messages;
};

// Sends `messages` to `method` ("/package.Service/Method"), whatever its kind, then the end of
// them, and reads until the server ends the call; one that stays open is cancelled once the server
// has sent `answers_max` messages.
RawAnswer CallRaw(const std::shared_ptr<grpc::Channel>& channel, const std::string& method,
                  const std::vector<std::string>& messages, absl::Duration deadline,
                  size_t answers_max = 100);

}  // namespace dq
