// Jobs in words, for people: states without their prefix, one line about where a job stands, and
// the progress bar as a pure function. Stateless and thread-safe.
#pragma once

#include <string>

#include "absl/time/time.h"
#include "dq/v1/batch.pb.h"
#include "dq/v1/job.pb.h"

namespace dq::dqctl {

// Returns "QUEUED" for JOB_STATE_QUEUED; "" for the unspecified value. The same for the others.
std::string StateName(dq::v1::JobState state);
std::string StateName(dq::v1::BatchState state);
std::string VerdictName(dq::v1::Verdict verdict);
std::string OutputKindName(dq::v1::OutputKind kind);

// Says where the job stands: "QUEUED, 3 ahead", "PENDING until the next attempt in 2 s: the worker
// was lost", "PROCESSING on workers/w-1, attempt 2", "FAILED: PARSE_FAILED: row 3 …".
std::string StateLine(const dq::v1::Job& job, absl::Time now);

// Returns one line of at most `width` columns (at least 20): state, bar, percent, stage, rows, ETA.
// What does not fit is left out, the least important first: rows, stage, ETA, bar. A job that does
// not run is StateLine(), cut.
std::string ProgressLine(const dq::v1::Job& job, int width, absl::Time now);

// Returns "0:07", "12:30" or "1:02:03"; less than nothing counts as 0:00.
std::string ClockDuration(absl::Duration duration);

// Returns "2026-11-22 10:20:30" in UTC; "" for a time that is not set (0).
std::string TimeText(const google::protobuf::Timestamp& time);
absl::Time ToTime(const google::protobuf::Timestamp& time);

}  // namespace dq::dqctl
