// Makes operations of the source of a batch: reads what is recorded, opens the source, records the
// next page of operations with the files that they name, and how far it is, in one transaction that
// proves that nobody has recorded another page meanwhile. So whoever leads next goes on after the
// last item that is recorded. It knows neither what a source looks like (SourceOpener does) nor
// what becomes of operations (BatchDriver does). Hashing files takes its time: it has a runner of
// its own.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/base/clock.h"
#include "scheduler/core/batch_store.h"
#include "scheduler/engine/batch_steps.h"

namespace dq {

// Asked now and then by what takes long: whether to go on. When not, the answer is CANCELLED.
using GoesOn = std::function<bool()>;

// An operation that is made of an item of a source.
struct SourcedOperation {
  std::string request;             // As BatchOperation::request.
  std::optional<FileRecord> file;  // The file that it names, to be recorded with it.
};

// What a batch is expanded from, as it was when it was opened.
class OperationSource {
 public:
  virtual ~OperationSource() = default;
  // What there is an operation of, each: not empty, unique, in order of bytes.
  virtual const std::vector<std::string>& items() const = 0;
  // Makes the operation of an item. Blocks. CANCELLED alone: what is wrong with an item is told
  // when its operation is to become a job.
  virtual absl::StatusOr<SourcedOperation> Make(const std::string& item, const GoesOn& goes_on) = 0;
};

// Opens the source that is recorded of a batch. Blocks. An error, but CANCELLED, halts the
// expansion.
using SourceOpener = std::function<absl::StatusOr<std::unique_ptr<OperationSource>>(
    const BatchRecord&, const std::string& source, const GoesOn&)>;

class BatchExpander final : public BatchSteps {
 public:
  // Operations recorded at a time, and for how long they are made before that.
  static constexpr size_t kPageOperationsMax = 1000;
  static constexpr absl::Duration kPageTimeMax = absl::Milliseconds(250);

  // `batches` and `clock` outlive the expander. `grown` hears of every batch that has more
  // operations, or is expanded no further.
  BatchExpander(BatchStore& batches, SourceOpener open, const Clock& clock,
                std::function<void(BatchKey)> grown);

  BatchPace Step(BatchKey key) override;
  void Forget() override { sources_.clear(); }
  void Abandon() override { abandoned_ = true; }

 private:
  // Returns the source of a batch, opened once for all pages.
  absl::StatusOr<OperationSource*> Source(const BatchRecord& batch);
  // Makes the next operations, until there are enough or it has taken long enough.
  absl::StatusOr<ExpansionPage> NextPage(const BatchRecord& batch, OperationSource& source);
  BatchPace Halt(const BatchRecord& batch, const std::string& reason, const std::string& message);
  BatchPace Record(const BatchRecord& batch, const ExpansionPage& page);

  BatchStore& batches_;
  const SourceOpener open_;
  const Clock& clock_;
  const std::function<void(BatchKey)> grown_;
  std::map<BatchKey, std::unique_ptr<OperationSource>> sources_;  // Of batches that are expanded.
  std::atomic<bool> abandoned_ = false;
};

}  // namespace dq
