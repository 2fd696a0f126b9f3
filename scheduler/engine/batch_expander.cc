#include "scheduler/engine/batch_expander.h"

#include <algorithm>
#include <utility>

#include "common/base/error.h"
#include "common/base/logging.h"
#include "common/base/status_macros.h"

namespace dq {

BatchExpander::BatchExpander(BatchStore& batches, SourceOpener open, const Clock& clock,
                             std::function<void(BatchKey)> grown)
    : batches_(batches), open_(std::move(open)), clock_(clock), grown_(std::move(grown)) {}

BatchPace BatchExpander::Step(BatchKey key) {
  const absl::StatusOr<BatchView> view = batches_.GetBatchByKey(key);
  if (!view.ok() && !absl::IsNotFound(view.status())) return BatchPace::kLater;
  if (!view.ok() || view->record.expansion != BatchExpansion::kGoing) {
    sources_.erase(key);
    return BatchPace::kIdle;
  }
  const BatchRecord& batch = view->record;
  if (batch.desire == BatchDesire::kCancel) {
    return Halt(batch, "BATCH_CANCELLED", "the batch was cancelled before all of it was recorded");
  }
  if (batch.desire == BatchDesire::kStop) {
    return Halt(batch, "BATCH_STOPPED",
                "an operation failed before all were recorded, and the batch stops on errors");
  }
  const absl::StatusOr<OperationSource*> source = Source(batch);
  if (absl::IsUnavailable(source.status()) || absl::IsCancelled(source.status())) {
    return BatchPace::kLater;
  }
  if (!source.ok()) return Halt(batch, ReasonOf(source.status()), MessageOf(source.status()));
  const absl::StatusOr<ExpansionPage> page = NextPage(batch, **source);
  return page.ok() ? Record(batch, *page) : BatchPace::kLater;
}

absl::StatusOr<OperationSource*> BatchExpander::Source(const BatchRecord& batch) {
  std::unique_ptr<OperationSource>& source = sources_[batch.key];
  if (source == nullptr) {
    DQ_ASSIGN_OR_RETURN(const std::string text, batches_.GetBatchSource(batch.key));
    DQ_ASSIGN_OR_RETURN(source, open_(batch, text, [this] { return !abandoned_; }));
  }
  return source.get();
}

absl::StatusOr<ExpansionPage> BatchExpander::NextPage(const BatchRecord& batch,
                                                      OperationSource& source) {
  const GoesOn goes_on = [this] { return !abandoned_; };
  const absl::Time deadline = clock_.Boot() + kPageTimeMax;
  const std::vector<std::string>& items = source.items();
  auto item = std::ranges::upper_bound(items, batch.expanded_to);
  ExpansionPage page;
  page.found = batch.operations + static_cast<int32_t>(items.end() - item);
  page.expanded_to = batch.expanded_to;
  while (item != items.end() && page.requests.size() < kPageOperationsMax) {
    DQ_ASSIGN_OR_RETURN(SourcedOperation operation, source.Make(*item, goes_on));
    page.requests.push_back(std::move(operation.request));
    if (operation.file.has_value()) page.files.push_back(*std::move(operation.file));
    page.expanded_to = *item++;
    if (clock_.Boot() >= deadline) break;
  }
  if (item == items.end()) page.expansion = BatchExpansion::kDone;
  return page;
}

BatchPace BatchExpander::Halt(const BatchRecord& batch, const std::string& reason,
                              const std::string& message) {
  ExpansionPage page;
  page.expansion = BatchExpansion::kHalted;
  page.found = batch.found;
  page.expanded_to = batch.expanded_to;
  page.halt_reason = reason;
  page.halt_message = message;
  return Record(batch, page);
}

BatchPace BatchExpander::Record(const BatchRecord& batch, const ExpansionPage& page) {
  const absl::Status status = batches_.ExpandBatch(batch, page);
  if (!status.ok()) return absl::IsAborted(status) ? BatchPace::kAtOnce : BatchPace::kLater;
  grown_(batch.key);
  if (page.expansion == BatchExpansion::kGoing) return BatchPace::kAtOnce;
  sources_.erase(batch.key);
  Log(LogLevel::kInfo, "batch expanded",
      {{"batch", batch.id},
       {"operations", batch.operations + static_cast<int64_t>(page.requests.size())},
       {"reason", page.halt_reason}});
  return BatchPace::kIdle;
}

}  // namespace dq
