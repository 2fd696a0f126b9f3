#include "scheduler/engine/write_queue.h"

#include <utility>

namespace dq {
namespace {

// A statement of the batch must stay far below what the database takes.
constexpr size_t kInsertBytesMax = 16 << 20;

}  // namespace

void BulkSubmit::Set(size_t index, BulkOutcome outcome) {
  outcomes[index] = std::move(outcome);
  if (--left == 0) done(std::move(outcomes));
}

void Submission::Fail(const absl::Status& why) {
  if (bulk != nullptr) return bulk->Set(index, {why, {}, false});
  done(why);
}

TurnDraft& PendingBatch::DraftFor(WorkerId worker, int64_t session) {
  const auto [entry, is_new] = turn_of.try_emplace(worker, turns.size());
  if (is_new) turns.push_back({worker, session, {}, 0});
  TurnDraft& draft = turns[entry->second];
  // A newer stream took over: what the earlier one would have heard says nothing to it.
  if (draft.session != session) draft = {worker, session, {}, 0};
  return draft;
}

void PendingBatch::Withdraw(WorkerId worker, const LeaseId& lease) {
  const auto turn = turn_of.find(worker);
  if (turn == turn_of.end()) return;
  std::erase_if(turns[turn->second].turn.grants,
                [&](const WorkerGrant& grant) { return grant.lease == lease; });
}

void WriteQueue::Restart(int64_t epoch) {
  epoch_ = epoch;
  next_sequence_ = 1;
  durable_ = 0;
  rows_pending_ = 0;
  announced_ = nullptr;
  batches_.clear();
}

PendingBatch& WriteQueue::Open(const Instant& now) {
  const bool has_room = !batches_.empty() && !batches_.back().sealed &&
                        batches_.back().RowCount() < rows_max_ &&
                        batches_.back().insert_bytes < kInsertBytesMax;
  if (has_room) return batches_.back();
  if (!batches_.empty()) Freeze(batches_.back());
  PendingBatch& batch = batches_.emplace_back();
  batch.rows->epoch = epoch_;
  batch.rows->sequence = next_sequence_++;
  batch.opened = now.boot;
  return batch;
}

PendingBatch& WriteQueue::Insert(JobInsert insert, Submission submission, const Instant& now) {
  PendingBatch& batch = Open(now);
  batch.insert_bytes += insert.record.payload.spec.size() + insert.record.payload.grant.size();
  batch.rows->inserts.push_back(std::move(insert));
  batch.submitted.push_back(std::move(submission));
  ++rows_pending_;
  return batch;
}

PendingBatch& WriteQueue::Change(LiveJob& job, const Instant& now) {
  PendingBatch* const earlier = Find(job.last_batch);
  if (earlier != nullptr && !earlier->frozen) return *earlier;
  PendingBatch& batch = Open(now);
  job.last_batch = batch.rows->sequence;
  job.update_index = batch.rows->updates.size();
  JobUpdate& row = batch.rows->updates.emplace_back();
  row.key = job.record.key;
  row.name = job.record.name;
  row.batch = job.record.batch.key;
  row.created_by = job.record.created_by;
  batch.changed.push_back(&job);
  ++rows_pending_;
  return batch;
}

CheckpointSave WriteQueue::CheckpointOf(const LiveJob& job) {
  const JobStatus& status = job.record.status;
  return {job.record.key, status.attempt, status.lease_token, job.record.checkpoint};
}

void WriteQueue::SaveCheckpoint(LiveJob& job, const Instant& now) {
  SaveCheckpointIn(Open(now), job, CheckpointOf(job));
}

void WriteQueue::SaveCheckpointIn(PendingBatch& batch, LiveJob& job, CheckpointSave save) {
  job.checkpoint_unsaved = false;
  job.checkpoint_recorded = true;
  std::vector<CheckpointSave>& saves = batch.rows->checkpoints;
  if (std::exchange(job.checkpoint_batch, batch.rows->sequence) == batch.rows->sequence) {
    saves[job.checkpoint_index] = std::move(save);
    return;
  }
  job.checkpoint_index = saves.size();
  saves.push_back(std::move(save));
  ++rows_pending_;
}

PendingBatch* WriteQueue::Find(int64_t sequence) {
  if (batches_.empty() || sequence <= durable_) return nullptr;
  const int64_t index = sequence - batches_.front().rows->sequence;
  return &batches_[static_cast<size_t>(index)];
}

const PendingBatch* WriteQueue::FirstUnsealed() const {
  const auto sealed = static_cast<size_t>(SealedCount());
  return sealed < batches_.size() ? &batches_[sealed] : nullptr;
}

int WriteQueue::SealedCount() const {
  int sealed = 0;
  for (const PendingBatch& batch : batches_) {
    if (!batch.sealed) break;
    ++sealed;
  }
  return sealed;
}

std::shared_ptr<const WriteBatch> WriteQueue::Seal(const Instant& now) {
  const auto sealed = static_cast<size_t>(SealedCount());
  if (sealed == batches_.size()) return nullptr;
  PendingBatch& batch = batches_[sealed];
  batch.sealed = true;
  batch.committing_since = now.boot;
  batch.rows->now = now.wall;
  batch.rows->after = batch.rows->sequence - 1;
  batch.rows->heard = durable_;
  batch.rows->announced_projects = announced_;
  Freeze(batch);
  return batch.rows;
}

void WriteQueue::Freeze(PendingBatch& batch) {
  if (std::exchange(batch.frozen, true)) return;
  for (size_t i = 0; i < batch.changed.size(); ++i) {
    LiveJob& job = *batch.changed[i];
    JobUpdate& row = batch.rows->updates[i];
    row.expected_attempt = job.row_attempt;
    row.expected_token = std::move(job.row_token);
    row.status = job.record.status;
    row.result = std::exchange(job.record.result, std::nullopt);
    job.row_attempt = row.status.attempt;
    job.row_token = row.status.lease_token;
  }
}

absl::Time WriteQueue::CommittingSince() const {
  const bool committing = !batches_.empty() && batches_.front().sealed;
  return committing ? batches_.front().committing_since : absl::InfiniteFuture();
}

absl::Time WriteQueue::OldestOpened() const {
  const PendingBatch* const batch = FirstUnsealed();
  return batch == nullptr ? absl::InfiniteFuture() : batch->opened;
}

size_t WriteQueue::RowsToSeal() const {
  const PendingBatch* const batch = FirstUnsealed();
  return batch == nullptr ? 0 : batch->RowCount();
}

PendingBatch WriteQueue::TakeDurable(const Instant& now) {
  PendingBatch batch = std::move(batches_.front());
  batches_.pop_front();
  durable_ = batch.rows->sequence;
  rows_pending_ -= static_cast<int64_t>(batch.RowCount());
  if (!batches_.empty()) batches_.front().committing_since = now.boot;
  return batch;
}

std::vector<Release> WriteQueue::TakeReads() {
  std::vector<Release> reads;
  for (PendingBatch& batch : batches_) {
    for (Release& read : std::exchange(batch.reads, {})) reads.push_back(std::move(read));
  }
  return reads;
}

std::deque<PendingBatch> WriteQueue::TakeAll() {
  rows_pending_ = 0;
  return std::exchange(batches_, {});
}

}  // namespace dq
