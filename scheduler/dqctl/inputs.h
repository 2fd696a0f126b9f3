// What a job reads: turns what a user named, a local path or something the scheduler has, into
// resource names, uploading where needed; and takes away again what nothing is going to use.
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

// The inputs of one command. Not thread-safe.
class Inputs {
 public:
  // Both outlive it.
  Inputs(Client& client, const Session& session)
      : client_(client), session_(session), display_(session.console) {}

  // Returns the resource name of the input file `text`, uploaded first when it is a path.
  absl::StatusOr<std::string> ResolveFile(const std::string& text, const std::string& request_id);

  // Creates a reference, uploading its rows first when they are a path.
  absl::StatusOr<dq::v1::Reference> AddReference(const ReferenceSource& source);

  // Sets the reference that the chain asks for, if any; a path is made a reference first.
  absl::Status SetReference(const ChainOptions& chain, const std::string& request_id,
                            dq::v1::JobSpec& spec);

  // Takes the error with which the command ends. When it is a refusal for good, what was made here,
  // and by no earlier call of the same request, is deleted; what cannot be is named on stderr.
  // While it is not known what became of the last call (the scheduler is away, Ctrl-C) everything
  // stays. Returns `error`.
  absl::Status DropAfter(const absl::Status& error);

 private:
  Client& client_;
  const Session& session_;
  ProgressDisplay display_;
  std::vector<std::string> files_;       // Resource names of what was uploaded here.
  std::vector<std::string> references_;  // And of what was created.
};

}  // namespace dq::dqctl
