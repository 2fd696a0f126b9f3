// Batches and their operations.
#include <algorithm>
#include <map>
#include <utility>

#include "common/base/error.h"
#include "common/base/status_macros.h"
#include "tests/support/fake_store.h"
#include "tests/support/fake_tables.h"

namespace dq {
namespace {

absl::Status NotFound(const std::string& batch) {
  return MakeError(absl::StatusCode::kNotFound, "BATCH_NOT_FOUND", "There is no batch " + batch);
}

}  // namespace

BatchView FakeStore::ViewOfLocked(const BatchRecord& batch) const {
  BatchView view{batch, {}};
  for (const auto& [key, job] : jobs_) {
    if (job.batch.key == batch.key) ++view.jobs[job.status.state];
  }
  return view;
}

absl::StatusOr<Created<BatchRecord>> FakeStore::CreateBatch(
    const BatchRecord& batch, const std::vector<std::string>& requests) {
  MutexLock lock(mutex_);
  DQ_RETURN_IF_ERROR(CheckAvailableLocked());
  for (const auto& [key, row] : batches_) {
    const BatchRecord& earlier = row.record;
    if (earlier.project != batch.project) continue;
    if (earlier.uid == batch.uid) return Created<BatchRecord>{earlier, false};
    if (!batch.request_id.empty() && earlier.request_id == batch.request_id) {
      if (earlier.request_hash == batch.request_hash) return Created<BatchRecord>{earlier, true};
      return MakeError(absl::StatusCode::kAlreadyExists, "REQUEST_ID_REUSED",
                       "The request id was used with another body.");
    }
    if (earlier.id == batch.id) {
      return MakeError(absl::StatusCode::kAlreadyExists, "ID_TAKEN", batch.id + " exists already.");
    }
  }
  const BatchKey key = next_batch_++;
  BatchRow& row = batches_[key];
  row.record = batch;
  row.record.key = key;
  row.source = std::exchange(row.record.source, "");
  for (const std::string& request : requests) {
    row.operations.push_back({static_cast<int32_t>(row.operations.size()) + 1, request, "", 0});
  }
  return Created<BatchRecord>{row.record, false};
}

absl::StatusOr<BatchView> FakeStore::GetBatch(const std::string& project, const std::string& id) {
  MutexLock lock(mutex_);
  DQ_RETURN_IF_ERROR(CheckAvailableLocked());
  for (const auto& [key, row] : batches_) {
    if (row.record.project == project && row.record.id == id) return ViewOfLocked(row.record);
  }
  return NotFound(id);
}

absl::StatusOr<BatchView> FakeStore::GetBatchByKey(BatchKey key) {
  MutexLock lock(mutex_);
  DQ_RETURN_IF_ERROR(CheckAvailableLocked());
  const auto row = batches_.find(key);
  if (row == batches_.end()) return NotFound(std::to_string(key));
  return ViewOfLocked(row->second.record);
}

absl::StatusOr<BatchView> FakeStore::GetBatchByRequest(const std::string& project,
                                                       const std::string& request_id) {
  MutexLock lock(mutex_);
  DQ_RETURN_IF_ERROR(CheckAvailableLocked());
  for (const auto& [key, row] : batches_) {
    const bool fits = row.record.project == project && row.record.request_id == request_id;
    if (fits && !request_id.empty()) return ViewOfLocked(row.record);
  }
  return NotFound(request_id);
}

absl::StatusOr<std::vector<BatchView>> FakeStore::ListBatches(const std::string& project,
                                                              BatchKey before, int limit) {
  MutexLock lock(mutex_);
  DQ_RETURN_IF_ERROR(CheckAvailableLocked());
  std::vector<BatchView> found;
  for (auto row = batches_.rbegin(); row != batches_.rend() && std::ssize(found) < limit; ++row) {
    if (row->second.record.project != project || (before != 0 && row->first >= before)) continue;
    found.push_back(ViewOfLocked(row->second.record));
  }
  return found;
}

absl::StatusOr<std::vector<BatchKey>> FakeStore::ListOpenBatches() {
  MutexLock lock(mutex_);
  DQ_RETURN_IF_ERROR(CheckAvailableLocked());
  std::vector<BatchKey> open;
  for (const auto& [key, row] : batches_) {
    if (row.record.end_time == absl::InfinitePast()) open.push_back(key);
  }
  return open;
}

absl::Status FakeStore::UpdateBatch(const BatchRecord& batch,
                                    const std::vector<BatchOperation>& refused) {
  MutexLock lock(mutex_);
  DQ_RETURN_IF_ERROR(CheckAvailableLocked());
  BatchRow& row = batches_.at(batch.key);
  if (row.record.version != batch.version) {
    return MakeError(absl::StatusCode::kAborted, "BATCH_CHANGED", "The batch has changed.");
  }
  const BatchRecord before = std::exchange(row.record, batch);
  ++row.record.version;
  row.record.operations = before.operations;
  row.record.found = before.found;
  row.record.expanded_to = before.expanded_to;
  const bool is_retried = batch.retries > before.retries;
  const bool goes_on = is_retried && before.expansion == BatchExpansion::kHalted;
  row.record.expansion = goes_on ? BatchExpansion::kGoing : before.expansion;
  row.record.halt_reason = is_retried ? "" : before.halt_reason;
  row.record.halt_message = is_retried ? "" : before.halt_message;
  for (const BatchOperation& operation : refused) {
    row.operations[static_cast<size_t>(operation.index - 1)].refusal = operation.refusal;
  }
  return absl::OkStatus();
}

absl::Status FakeStore::EndBatch(const BatchRecord& batch, BatchState state) {
  DQ_RETURN_IF_ERROR(UpdateBatch(batch, {}));
  MutexLock lock(mutex_);
  WebhookDelivery end;
  end.event = *WebhookEventOf(state);
  end.subject = batch.key;
  end.subject_id = batch.id;
  end.time = batch.end_time;
  AnnounceLocked(batch.project, end);
  return absl::OkStatus();
}

absl::StatusOr<std::string> FakeStore::GetBatchSource(BatchKey key) {
  MutexLock lock(mutex_);
  DQ_RETURN_IF_ERROR(CheckAvailableLocked());
  const auto row = batches_.find(key);
  return row == batches_.end() ? std::string() : row->second.source;
}

absl::Status FakeStore::ExpandBatch(const BatchRecord& batch, const ExpansionPage& page) {
  MutexLock lock(mutex_);
  DQ_RETURN_IF_ERROR(CheckAvailableLocked());
  const auto row = batches_.find(batch.key);
  if (row == batches_.end() || row->second.record.expansion != BatchExpansion::kGoing ||
      row->second.record.operations != batch.operations) {
    return MakeError(absl::StatusCode::kAborted, "BATCH_CHANGED", "The batch has changed.");
  }
  for (const FileRecord& file : page.files) {
    const auto is_same = [&](const FileRecord& earlier) { return earlier.sha256 == file.sha256; };
    DQ_RETURN_IF_ERROR(CreateLocked(files_, file, is_same).status());
  }
  BatchRecord& record = row->second.record;
  for (const std::string& request : page.requests) {
    row->second.operations.push_back({++record.operations, request, "", 0});
  }
  record.expansion = page.expansion;
  record.found = page.found;
  record.expanded_to = page.expanded_to;
  record.halt_reason = page.halt_reason;
  record.halt_message = page.halt_message;
  return absl::OkStatus();
}

absl::StatusOr<std::vector<BatchOperation>> FakeStore::LoadOperations(BatchKey key, int32_t after,
                                                                      int limit) {
  MutexLock lock(mutex_);
  DQ_RETURN_IF_ERROR(CheckAvailableLocked());
  std::map<int32_t, JobKey> made;
  for (const auto& [job_key, job] : jobs_) {
    if (job.batch.key == key) made[job.batch.index] = job_key;
  }
  std::vector<BatchOperation> found;
  for (const BatchOperation& operation : batches_.at(key).operations) {
    if (operation.index <= after || std::ssize(found) == limit) continue;
    found.push_back(operation);
    if (made.contains(operation.index)) found.back().job = made.at(operation.index);
  }
  return found;
}

absl::StatusOr<std::vector<BatchOperation>> FakeStore::ListRefusedOperations(BatchKey key,
                                                                             int limit) {
  MutexLock lock(mutex_);
  DQ_RETURN_IF_ERROR(CheckAvailableLocked());
  std::vector<BatchOperation> found;
  for (const BatchOperation& operation : batches_.at(key).operations) {
    if (operation.refusal.empty() || std::ssize(found) == limit) continue;
    found.push_back({operation.index, "", operation.refusal, 0});
  }
  return found;
}

absl::StatusOr<std::vector<OperationJob>> FakeStore::ListOperationJobs(
    BatchKey key, int32_t after, const std::vector<JobState>& states, int limit) {
  MutexLock lock(mutex_);
  DQ_RETURN_IF_ERROR(CheckAvailableLocked());
  std::vector<OperationJob> found;
  for (const auto& [job_key, job] : jobs_) {
    const bool fits = job.batch.key == key && job.batch.index > after &&
                      std::ranges::count(states, job.status.state) > 0;
    if (fits) found.push_back({job.batch.index, job_key, job.name, job.status.state});
  }
  std::ranges::sort(found, {}, &OperationJob::index);
  if (std::ssize(found) > limit) found.resize(static_cast<size_t>(limit));
  return found;
}

}  // namespace dq
