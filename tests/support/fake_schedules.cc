// Schedules and their runs.
#include <algorithm>
#include <map>

#include "common/base/error.h"
#include "common/base/status_macros.h"
#include "tests/support/fake_store.h"

namespace dq {
namespace {

absl::Status NotFound(const std::string& schedule) {
  return MakeError(absl::StatusCode::kNotFound, "SCHEDULE_NOT_FOUND",
                   "There is no schedule " + schedule);
}

}  // namespace

ScheduleView FakeStore::ViewOf(const ScheduleRow& row) {
  ScheduleView view{row.record, {}};
  for (const auto& [number, run] : row.runs) {
    if (!HasEnded(run.state)) view.open.push_back(run);
  }
  return view;
}

absl::StatusOr<Created<ScheduleRecord>> FakeStore::CreateSchedule(const ScheduleRecord& schedule) {
  MutexLock lock(mutex_);
  DQ_RETURN_IF_ERROR(CheckAvailableLocked());
  for (const auto& [key, row] : schedules_) {
    const ScheduleRecord& earlier = row.record;
    if (earlier.project != schedule.project) continue;
    if (earlier.uid == schedule.uid) return Created<ScheduleRecord>{earlier, false};
    if (!schedule.request_id.empty() && earlier.request_id == schedule.request_id) {
      if (earlier.request_hash == schedule.request_hash) {
        return Created<ScheduleRecord>{earlier, true};
      }
      return MakeError(absl::StatusCode::kAlreadyExists, "REQUEST_ID_REUSED",
                       "The request id was used with another body.");
    }
    if (earlier.id == schedule.id) {
      return MakeError(absl::StatusCode::kAlreadyExists, "ID_TAKEN",
                       schedule.id + " exists already.");
    }
  }
  const ScheduleKey key = ++last_schedule_;
  ScheduleRow& row = schedules_[key];
  row.record = schedule;
  row.record.key = key;
  return Created<ScheduleRecord>{row.record, false};
}

absl::StatusOr<ScheduleView> FakeStore::GetSchedule(const std::string& project,
                                                    const std::string& id) {
  MutexLock lock(mutex_);
  DQ_RETURN_IF_ERROR(CheckAvailableLocked());
  for (const auto& [key, row] : schedules_) {
    if (row.record.project == project && row.record.id == id) return ViewOf(row);
  }
  return NotFound(id);
}

absl::StatusOr<ScheduleView> FakeStore::GetScheduleByKey(ScheduleKey key) {
  MutexLock lock(mutex_);
  DQ_RETURN_IF_ERROR(CheckAvailableLocked());
  const auto row = schedules_.find(key);
  if (row == schedules_.end()) return NotFound(std::to_string(key));
  return ViewOf(row->second);
}

absl::StatusOr<ScheduleRecord> FakeStore::GetScheduleByRequest(const std::string& project,
                                                               const std::string& request_id) {
  MutexLock lock(mutex_);
  DQ_RETURN_IF_ERROR(CheckAvailableLocked());
  for (const auto& [key, row] : schedules_) {
    const bool fits = row.record.project == project && row.record.request_id == request_id;
    if (fits && !request_id.empty()) return row.record;
  }
  return NotFound(request_id);
}

absl::StatusOr<std::vector<ScheduleRecord>> FakeStore::ListSchedules(const std::string& project,
                                                                     ScheduleKey before,
                                                                     int limit) {
  MutexLock lock(mutex_);
  DQ_RETURN_IF_ERROR(CheckAvailableLocked());
  std::vector<ScheduleRecord> found;
  int64_t bytes = 0;
  for (auto row = schedules_.rbegin(); row != schedules_.rend(); ++row) {
    if (std::ssize(found) >= limit || bytes >= kTemplateBytesListedMax) break;
    if (row->second.record.project != project || (before != 0 && row->first >= before)) continue;
    found.push_back(row->second.record);
    bytes += std::ssize(row->second.record.request);
  }
  return found;
}

absl::Status FakeStore::DeleteSchedule(const std::string& project, const std::string& id) {
  MutexLock lock(mutex_);
  DQ_RETURN_IF_ERROR(CheckAvailableLocked());
  std::erase_if(schedules_, [&](const auto& entry) {
    const ScheduleRecord& record = entry.second.record;
    return record.project == project && record.id == id;
  });
  return absl::OkStatus();
}

absl::Status FakeStore::UpdateSchedule(const ScheduleRecord& schedule,
                                       const std::vector<ScheduleRun>& runs) {
  MutexLock lock(mutex_);
  DQ_RETURN_IF_ERROR(CheckAvailableLocked());
  const auto row = schedules_.find(schedule.key);
  if (row == schedules_.end() || row->second.record.version != schedule.version) {
    return MakeError(absl::StatusCode::kAborted, "SCHEDULE_CHANGED", "The schedule has changed.");
  }
  row->second.record = schedule;
  ++row->second.record.version;
  for (const ScheduleRun& run : runs) row->second.runs[run.number] = run;
  std::erase_if(row->second.runs, [&](const auto& entry) {
    return entry.first <= schedule.runs - kRunsKept && HasEnded(entry.second.state);
  });
  return absl::OkStatus();
}

absl::StatusOr<std::vector<ScheduleRun>> FakeStore::ListRuns(ScheduleKey key, int limit) {
  MutexLock lock(mutex_);
  DQ_RETURN_IF_ERROR(CheckAvailableLocked());
  std::vector<ScheduleRun> found;
  const auto row = schedules_.find(key);
  if (row == schedules_.end()) return found;
  for (auto run = row->second.runs.rbegin();
       run != row->second.runs.rend() && std::ssize(found) < limit; ++run) {
    found.push_back(run->second);
  }
  return found;
}

absl::StatusOr<ScheduleRun> FakeStore::GetRunByRequest(ScheduleKey key,
                                                       const std::string& request_id) {
  MutexLock lock(mutex_);
  DQ_RETURN_IF_ERROR(CheckAvailableLocked());
  if (const auto row = schedules_.find(key); row != schedules_.end() && !request_id.empty()) {
    for (const auto& [number, run] : row->second.runs) {
      if (run.request_id == request_id) return run;
    }
  }
  return MakeError(absl::StatusCode::kNotFound, "SCHEDULE_RUN_NOT_FOUND", "There is no such run.");
}

absl::StatusOr<std::vector<DueSchedule>> FakeStore::ListDueSchedules(int limit) {
  MutexLock lock(mutex_);
  DQ_RETURN_IF_ERROR(CheckAvailableLocked());
  std::vector<DueSchedule> due;
  for (const auto& [key, row] : schedules_) {
    if (row.record.look_time != absl::InfiniteFuture()) due.push_back({key, row.record.look_time});
  }
  std::ranges::stable_sort(due, {}, &DueSchedule::look_time);
  if (std::ssize(due) > limit) due.resize(static_cast<size_t>(limit));
  return due;
}

absl::StatusOr<RunEnds> FakeStore::ListRunEnds(int limit) {
  MutexLock lock(mutex_);
  DQ_RETURN_IF_ERROR(CheckAvailableLocked());
  RunEnds ends;
  for (const auto& [key, row] : schedules_) {
    for (const auto& [number, run] : row.runs) {
      if (run.state != RunState::kRunning) continue;
      ++ends.running;
      const std::optional<RunEnd> end = EndOfLocked(row.record, run);
      if (end && std::ssize(ends.ended) < limit) ends.ended.push_back(*end);
    }
  }
  return ends;
}

std::optional<RunEnd> FakeStore::EndOfLocked(const ScheduleRecord& schedule,
                                             const ScheduleRun& run) const {
  RunEnd end{schedule.key, run.number, run.kind, {schedule.project, run.target}};
  if (run.kind == RunKind::kJob) {
    const auto key = key_of_name_.find(end.target);
    end.is_gone = key == key_of_name_.end();
    if (end.is_gone) return end;
    end.state = jobs_.at(key->second).status.state;
    return IsTerminal(end.state) ? std::optional(end) : std::nullopt;
  }
  for (const auto& [key, row] : batches_) {
    if (row.record.project != end.target.project || row.record.id != end.target.id) continue;
    const bool has_ended = row.record.end_time != absl::InfinitePast();
    return has_ended ? std::optional(end) : std::nullopt;
  }
  end.is_gone = true;
  return end;
}

}  // namespace dq
