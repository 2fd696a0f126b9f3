// ScheduleStore on PostgreSQL. Thread-safe.
#pragma once

#include "scheduler/core/schedule_store.h"
#include "scheduler/store/resource_pool.h"
#include "scheduler/store/session.h"

namespace dq {

class PostgresScheduleStore : public ScheduleStore {
 public:
  // `sessions` outlives the store.
  explicit PostgresScheduleStore(ResourcePool<Session>& sessions) : sessions_(sessions) {}

  absl::StatusOr<Created<ScheduleRecord>> CreateSchedule(const ScheduleRecord& schedule) override;
  absl::StatusOr<ScheduleView> GetSchedule(const std::string& project,
                                           const std::string& id) override;
  absl::StatusOr<ScheduleView> GetScheduleByKey(ScheduleKey key) override;
  absl::StatusOr<ScheduleRecord> GetScheduleByRequest(const std::string& project,
                                                      const std::string& request_id) override;
  absl::StatusOr<std::vector<ScheduleRecord>> ListSchedules(const std::string& project,
                                                            ScheduleKey before, int limit) override;
  absl::Status DeleteSchedule(const std::string& project, const std::string& id) override;
  absl::Status UpdateSchedule(const ScheduleRecord& schedule,
                              const std::vector<ScheduleRun>& runs) override;
  absl::StatusOr<std::vector<ScheduleRun>> ListRuns(ScheduleKey key, int limit) override;
  absl::StatusOr<ScheduleRun> GetRunByRequest(ScheduleKey key,
                                              const std::string& request_id) override;
  absl::StatusOr<std::vector<DueSchedule>> ListDueSchedules(int limit) override;
  absl::StatusOr<RunEnds> ListRunEnds(int limit) override;

 private:
  // Reads the schedule that `query` finds, with its open runs.
  absl::StatusOr<ScheduleView> GetView(const std::string& schedule,
                                       const std::function<pqxx::result(Transaction&)>& query);

  ResourcePool<Session>& sessions_;
};

}  // namespace dq
