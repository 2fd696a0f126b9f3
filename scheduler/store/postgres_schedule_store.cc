#include "scheduler/store/postgres_schedule_store.h"

#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "common/base/error.h"
#include "common/base/status_macros.h"
#include "scheduler/store/embedded_sql.h"
#include "scheduler/store/job_rows.h"
#include "scheduler/store/json_columns.h"
#include "scheduler/store/made_before.h"
#include "scheduler/store/text_encoding.h"

namespace dq {
namespace {

using Json = nlohmann::json;

// An infinite time is none.
std::string OptionalTimeText(absl::Time time) {
  const bool is_none = time == absl::InfinitePast() || time == absl::InfiniteFuture();
  return is_none ? "" : TimeText(time);
}

absl::Time ReadLookTime(const pqxx::field& field) {
  return field.is_null() ? absl::InfiniteFuture() : ReadTime(field);
}

ScheduleRecord ReadSchedule(const pqxx::row& row) {
  ScheduleRecord schedule;
  schedule.key = row["key"].as<ScheduleKey>();
  schedule.project = row["project"].c_str();
  schedule.id = row["id"].c_str();
  schedule.uid = row["uid"].c_str();
  schedule.request_id = row["request_id"].c_str();
  schedule.request_hash = row["request_hash"].c_str();
  schedule.created_by = row["created_by"].c_str();
  schedule.create_time = ReadTime(row["create_time"]);
  schedule.display_name = row["display_name"].c_str();
  schedule.labels = MapFromJson(row["labels"].c_str());
  schedule.cron = row["cron"].c_str();
  schedule.time_zone = row["time_zone"].c_str();
  schedule.overlap = static_cast<OverlapPolicy>(row["overlap"].as<int16_t>());
  schedule.catch_up_window = absl::Microseconds(row["catch_up_window_us"].as<int64_t>());
  schedule.paused = row["paused"].as<bool>();
  schedule.kind = static_cast<RunKind>(row["kind"].as<int16_t>());
  schedule.request = pqxx::binarystring(row["request"]).str();
  schedule.update_time = ReadTime(row["update_time"]);
  schedule.revision = row["revision"].as<int64_t>();
  schedule.decided_until = ReadTime(row["decided_until"]);
  schedule.look_time = ReadLookTime(row["look_time"]);
  schedule.runs = row["runs"].as<int64_t>();
  schedule.skipped = row["skipped"].as<int64_t>();
  schedule.missed = row["missed"].as<int64_t>();
  schedule.version = row["version"].as<int64_t>();
  return schedule;
}

ScheduleRun ReadRun(const pqxx::row& row) {
  ScheduleRun run;
  run.number = row["number"].as<int64_t>();
  run.fire_time = ReadTime(row["fire_time"]);
  run.is_triggered = row["is_triggered"].as<bool>();
  run.request_id = row["request_id"].c_str();
  run.actor = row["actor"].c_str();
  run.kind = static_cast<RunKind>(row["kind"].as<int16_t>());
  run.state = static_cast<RunState>(row["state"].as<int16_t>());
  run.target = row["target"].c_str();
  run.error_reason = row["error_reason"].c_str();
  run.error_message = row["error_message"].c_str();
  run.start_time = ReadTime(row["start_time"]);
  run.end_time = ReadTime(row["end_time"]);
  return run;
}

std::vector<ScheduleRun> ReadRuns(const pqxx::result& rows) {
  std::vector<ScheduleRun> runs;
  for (const pqxx::row& row : rows) runs.push_back(ReadRun(row));
  return runs;
}

Json TimeJson(absl::Time time) {
  const std::string text = OptionalTimeText(time);
  return text.empty() ? Json() : Json(text);
}

// Returns what sql/save_schedule_runs.sql reads.
std::string RunsJson(const std::vector<ScheduleRun>& runs) {
  Json list = Json::array();
  for (const ScheduleRun& run : runs) {
    list.push_back({{"number", run.number},
                    {"fire_time", TimeJson(run.fire_time)},
                    {"is_triggered", run.is_triggered},
                    {"request_id", run.request_id},
                    {"actor", StorableText(run.actor)},
                    {"kind", static_cast<int16_t>(run.kind)},
                    {"state", static_cast<int16_t>(run.state)},
                    {"target", run.target},
                    {"error_reason", run.error_reason},
                    {"error_message", StorableText(run.error_message)},
                    {"start_time", TimeJson(run.start_time)},
                    {"end_time", TimeJson(run.end_time)}});
  }
  return list.dump();
}

absl::Status NotFound(const std::string& schedule) {
  return MakeError(absl::StatusCode::kNotFound, "SCHEDULE_NOT_FOUND",
                   "there is no schedule " + schedule + "; ListSchedules names those there are",
                   {{"schedule", schedule}});
}

pqxx::result InsertSchedule(Transaction& transaction, const ScheduleRecord& schedule) {
  return transaction.Run(sql::kInsertSchedule, schedule.project, schedule.id, schedule.uid,
                         schedule.request_id, schedule.request_hash,
                         StorableText(schedule.created_by), TimeText(schedule.create_time),
                         StorableText(schedule.display_name), ToJson(schedule.labels),
                         schedule.cron, schedule.time_zone, static_cast<int16_t>(schedule.overlap),
                         absl::ToInt64Microseconds(schedule.catch_up_window), schedule.paused,
                         static_cast<int16_t>(schedule.kind), BytesText(schedule.request),
                         TimeText(schedule.decided_until), OptionalTimeText(schedule.look_time));
}

pqxx::result WriteSchedule(Transaction& transaction, const ScheduleRecord& schedule) {
  return transaction.Run(
      sql::kUpdateSchedule, schedule.key, schedule.version, StorableText(schedule.display_name),
      ToJson(schedule.labels), schedule.cron, schedule.time_zone,
      static_cast<int16_t>(schedule.overlap), absl::ToInt64Microseconds(schedule.catch_up_window),
      schedule.paused, static_cast<int16_t>(schedule.kind), BytesText(schedule.request),
      TimeText(schedule.update_time), schedule.revision, TimeText(schedule.decided_until),
      OptionalTimeText(schedule.look_time), schedule.runs, schedule.skipped, schedule.missed);
}

std::optional<ScheduleRecord> FirstSchedule(const pqxx::result& rows) {
  if (rows.empty()) return std::nullopt;
  return ReadSchedule(rows[0]);
}

absl::StatusOr<Created<ScheduleRecord>> Existing(Transaction& transaction,
                                                 const ScheduleRecord& wanted) {
  return MadeBefore("schedule", wanted,
                    FirstSchedule(transaction.Run(sql::kFindScheduleByRequest, wanted.project,
                                                  wanted.request_id)),
                    FirstSchedule(transaction.Run(sql::kGetSchedule, wanted.project, wanted.id)));
}

}  // namespace

absl::StatusOr<ScheduleView> PostgresScheduleStore::GetView(
    const std::string& schedule, const std::function<pqxx::result(Transaction&)>& query) {
  ScheduleView view;
  DQ_RETURN_IF_ERROR(sessions_.Take()->Run([&](Transaction& transaction) {
    const pqxx::result rows = query(transaction);
    if (rows.empty()) return NotFound(schedule);
    view.record = ReadSchedule(rows[0]);
    view.open = ReadRuns(transaction.Run(sql::kListOpenScheduleRuns, view.record.key));
    return absl::OkStatus();
  }));
  return view;
}

absl::StatusOr<Created<ScheduleRecord>> PostgresScheduleStore::CreateSchedule(
    const ScheduleRecord& schedule) {
  absl::StatusOr<Created<ScheduleRecord>> created =
      Created<ScheduleRecord>{schedule, /*existed=*/false};
  DQ_RETURN_IF_ERROR(sessions_.Take()->Run([&](Transaction& transaction) {
    const pqxx::result rows = InsertSchedule(transaction, schedule);
    if (rows.empty()) {
      created = Existing(transaction, schedule);
    } else {
      created->record.key = rows[0][0].as<ScheduleKey>();
    }
    return absl::OkStatus();
  }));
  return created;
}

absl::StatusOr<ScheduleView> PostgresScheduleStore::GetSchedule(const std::string& project,
                                                                const std::string& id) {
  return GetView(id, [&](Transaction& transaction) {
    return transaction.Run(sql::kGetSchedule, project, id);
  });
}

absl::StatusOr<ScheduleView> PostgresScheduleStore::GetScheduleByKey(ScheduleKey key) {
  return GetView(std::to_string(key), [&](Transaction& transaction) {
    return transaction.Run(sql::kGetScheduleByKey, key);
  });
}

absl::StatusOr<ScheduleRecord> PostgresScheduleStore::GetScheduleByRequest(
    const std::string& project, const std::string& request_id) {
  DQ_ASSIGN_OR_RETURN(const pqxx::result rows,
                      sessions_.Take()->Query([&](Transaction& transaction) {
                        return transaction.Run(sql::kFindScheduleByRequest, project, request_id);
                      }));
  if (rows.empty()) return NotFound("of the request " + request_id);
  return ReadSchedule(rows[0]);
}

absl::StatusOr<std::vector<ScheduleRecord>> PostgresScheduleStore::ListSchedules(
    const std::string& project, ScheduleKey before, int limit) {
  const ScheduleKey below = before == 0 ? std::numeric_limits<ScheduleKey>::max() : before;
  DQ_ASSIGN_OR_RETURN(
      const pqxx::result rows, sessions_.Take()->Query([&](Transaction& transaction) {
        return transaction.Run(sql::kListSchedules, project, below, limit, kTemplateBytesListedMax);
      }));
  std::vector<ScheduleRecord> schedules;
  for (const pqxx::row& row : rows) schedules.push_back(ReadSchedule(row));
  return schedules;
}

absl::Status PostgresScheduleStore::DeleteSchedule(const std::string& project,
                                                   const std::string& id) {
  return sessions_.Take()->Run([&](Transaction& transaction) {
    const pqxx::result rows = transaction.Run(sql::kDeleteSchedule, project, id);
    if (!rows.empty()) {
      transaction.Run(sql::kDeleteScheduleRuns, rows[0]["key"].as<ScheduleKey>());
    }
    return absl::OkStatus();
  });
}

absl::Status PostgresScheduleStore::UpdateSchedule(const ScheduleRecord& schedule,
                                                   const std::vector<ScheduleRun>& runs) {
  return sessions_.Take()->Run([&](Transaction& transaction) {
    if (WriteSchedule(transaction, schedule).empty()) {
      return MakeError(absl::StatusCode::kAborted, "SCHEDULE_CHANGED",
                       "the schedule " + schedule.id + " has changed meanwhile");
    }
    if (runs.empty()) return absl::OkStatus();
    transaction.Run(sql::kSaveScheduleRuns, schedule.key, RunsJson(runs));
    transaction.Run(sql::kDeleteOldScheduleRuns, schedule.key, schedule.runs - kRunsKept);
    return absl::OkStatus();
  });
}

absl::StatusOr<std::vector<ScheduleRun>> PostgresScheduleStore::ListRuns(ScheduleKey key,
                                                                         int limit) {
  DQ_ASSIGN_OR_RETURN(const pqxx::result rows,
                      sessions_.Take()->Query([&](Transaction& transaction) {
                        return transaction.Run(sql::kListScheduleRuns, key, limit);
                      }));
  return ReadRuns(rows);
}

absl::StatusOr<ScheduleRun> PostgresScheduleStore::GetRunByRequest(ScheduleKey key,
                                                                   const std::string& request_id) {
  DQ_ASSIGN_OR_RETURN(const pqxx::result rows,
                      sessions_.Take()->Query([&](Transaction& transaction) {
                        return transaction.Run(sql::kFindScheduleRunByRequest, key, request_id);
                      }));
  if (!rows.empty()) return ReadRun(rows[0]);
  return MakeError(absl::StatusCode::kNotFound, "SCHEDULE_RUN_NOT_FOUND",
                   "there is no run of the request " + request_id);
}

absl::StatusOr<std::vector<DueSchedule>> PostgresScheduleStore::ListDueSchedules(int limit) {
  DQ_ASSIGN_OR_RETURN(const pqxx::result rows,
                      sessions_.Take()->Query([&](Transaction& transaction) {
                        return transaction.Run(sql::kListDueSchedules, limit);
                      }));
  std::vector<DueSchedule> due;
  for (const pqxx::row& row : rows) {
    due.push_back({row["key"].as<ScheduleKey>(), ReadTime(row["look_time"])});
  }
  return due;
}

absl::StatusOr<RunEnds> PostgresScheduleStore::ListRunEnds(int limit) {
  DQ_ASSIGN_OR_RETURN(const pqxx::result rows,
                      sessions_.Take()->Query([&](Transaction& transaction) {
                        return transaction.Run(sql::kListScheduleRunEnds, limit);
                      }));
  RunEnds ends;
  for (const pqxx::row& row : rows) {
    ends.running = row["running"].as<int64_t>();
    if (row["schedule_key"].is_null()) continue;
    RunEnd end;
    end.schedule = row["schedule_key"].as<ScheduleKey>();
    end.number = row["number"].as<int64_t>();
    end.kind = static_cast<RunKind>(row["kind"].as<int16_t>());
    end.target = {row["project"].c_str(), row["target"].c_str()};
    end.is_gone = row["is_gone"].as<bool>();
    if (!row["state"].is_null()) end.state = static_cast<JobState>(row["state"].as<int16_t>());
    ends.ended.push_back(std::move(end));
  }
  return ends;
}

}  // namespace dq
