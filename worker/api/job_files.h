// The files of one attempt: its inputs, opened and checked, and its outputs, which appear together
// with their manifest or not at all. Used by the thread of the job; blocks on the disk.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/base/unique_fd.h"
#include "common/storage/object_store.h"
#include "worker/api/earlier_attempt.h"
#include "worker/api/job_order.h"
#include "worker/api/outcome_messages.h"
#include "worker/chain/chain_runner.h"

namespace dq {

// The name of the cleaned file for an input called `display_name`: "customers.csv" becomes
// "customers.cleaned.csv". Whatever cannot be part of a file name is replaced, a long stem is cut
// at the end of a character. The extension stays unless the file is written in another form:
// "customers.csv.gz" as packed JSON Lines becomes "customers.cleaned.jsonl.gz".
std::string CleanedName(std::string_view display_name, const OutputChoice& choice);
// The same for another file of rows, `what` in the place of ".cleaned".
std::string OutputName(std::string_view display_name, std::string_view what,
                       const OutputChoice& choice);

// CANCELLED: how an attempt ends that was told to stop.
absl::Status AttemptStopped();

// Removes what attempts before that of `order` left unfinished: they are fenced, whether they have
// noticed or not. What cannot be removed only takes room.
void RemoveEarlierAttempts(ObjectStore& store, const ChainOrder& order);

class JobFiles {
 public:
  // Opens the inputs and creates the outputs; goes on with those of the earlier attempt that the
  // order names. Besides the errors of ObjectStore: INPUT_CHANGED when an input has another size
  // than the grant says, REFERENCE_MISSING, both of category file; CANCELLED once `stopped` says
  // so, which is asked while files are copied: then the earlier attempt is as it was.
  static absl::StatusOr<JobFiles> Open(ObjectStore& store, const ChainOrder& order,
                                       const std::function<bool()>& stopped);

  // The descriptors for the chain.
  ChainFiles chain_files() const;
  CheckpointFiles checkpoint_files() const;
  // The checkpoint in these files to go on from; none: the chain begins at the beginning.
  const std::optional<WantedCheckpoint>& resume() const { return resume_; }
  // Closes the descriptors: the child has its own.
  void CloseFiles();

  // What was published.
  struct Published {
    WrittenObject manifest;
    std::vector<PublishedOutput> outputs;
  };
  // Publishes the outputs of a chain that ended with `result`; leaves the rejects file out when
  // nothing went there. CANCELLED, with nothing published, once `stopped` says so: it is asked
  // before every file and before the last step. DISK_FULL and other errors of ObjectStore. To be
  // called once.
  absl::StatusOr<Published> Publish(const ChainResult& result, const LeaseKey& lease,
                                    const std::function<bool()>& stopped);
  // Lets what is written lie, for the next attempt. Instead of Publish.
  void Leave() { publication_->Leave(); }

 private:
  struct Output {
    OutputKind kind = OutputKind::kCleaned;
    std::string name;
    UniqueFd fd;
  };
  int FdOf(OutputKind kind) const;
  absl::Status Create(OutputKind kind, const std::string& name);
  absl::Status CreateOutputsOfComplete(const ChainOrder& order);
  absl::Status CreateCheckpoints();
  void TakeOver(ObjectStore& store, const ChainOrder& order, const std::function<bool()>& stopped);
  std::vector<OwnFile> ContinuedFiles() const;

  UniqueFd input_;
  UniqueFd reference_;
  std::unique_ptr<Publication> publication_;
  std::vector<Output> outputs_;
  std::array<Output, 3> checkpoints_;  // What was learned, two slots; never published.
  std::optional<WantedCheckpoint> resume_;
};

}  // namespace dq
