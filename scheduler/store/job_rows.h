// Reads the rows of the view job_record and of job_event into the values of core. Stateless and
// thread-safe.
#pragma once

#include <pqxx/pqxx>
#include <vector>

#include "scheduler/core/job.h"
#include "scheduler/core/job_store.h"

namespace dq {

// Reads a column of unix_us(); NULL is the infinite past.
absl::Time ReadTime(const pqxx::field& field);

JobRecord ReadJob(const pqxx::row& row);
std::vector<JobRecord> ReadJobs(const pqxx::result& rows);
// Reads a row of load_live_jobs.
WaitingJobs ReadAlike(const pqxx::row& row);
JobEventRecord ReadJobEvent(const pqxx::row& row);
// Reads a row of worker_drain.
WorkerDrain ReadDrain(const pqxx::row& row);

}  // namespace dq
