// What a job reads: turns what a user named, a local path or something the scheduler has, into
// resource names, uploading where needed. Stateless and thread-safe.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "scheduler/dqctl/client.h"
#include "scheduler/dqctl/command.h"
#include "scheduler/dqctl/progress_display.h"
#include "scheduler/dqctl/session.h"

namespace dq::dqctl {

// Whether `text` means a local file: something of that name is there, or it can be no id because
// it has a dot or a slash other than those of a resource name.
bool IsLocalPath(const std::string& text, const std::string& collection);

// Returns the resource name of the input file `text`, uploaded first when it is a path.
absl::StatusOr<std::string> ResolveFile(Client& client, const Session& session,
                                        const std::string& text, const std::string& request_id,
                                        ProgressDisplay& display);

// A reference to be.
struct ReferenceSource {
  std::string text;          // Its rows: a path, or a file the scheduler has.
  std::string reference_id;  // Empty: the server chooses.
  std::string stage;         // Empty: "complete".
  std::vector<std::string> key;
  std::string request_id;
  bool activate = false;
  bool skip_validation = false;
};

// Creates a reference, uploading its rows first when they are a path.
absl::StatusOr<dq::v1::Reference> AddReference(Client& client, const Session& session,
                                               const ReferenceSource& source,
                                               ProgressDisplay& display);

// Sets the reference that the chain asks for, if any; a path is made a reference first.
absl::Status SetReference(Client& client, const Session& session, const ChainOptions& chain,
                          const std::string& request_id, ProgressDisplay& display,
                          dq::v1::JobSpec& spec);

}  // namespace dq::dqctl
