// How the load generator submits no-op jobs. Each function ends the program with a message when a
// call fails. Thread-safe.
#pragma once

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <cstdint>
#include <memory>

#include "dq/v1/job_service.pb.h"

namespace dq::bench {

using Clock = std::chrono::steady_clock;

inline constexpr char kProject[] = "projects/default";
inline constexpr int kBulkJobs = 1000;

using Channel = std::shared_ptr<grpc::Channel>;

double SecondsSince(Clock::time_point start);

[[noreturn]] void Die(const char* what, const grpc::Status& status);

// A job of one stage noop that takes `duration_ms`.
v1::CreateJobRequest NoopJob(int64_t duration_ms);

// Makes `jobs` jobs by CreateJob, `outstanding` calls in flight, until all are acknowledged.
void SubmitSingly(const Channel& channel, int jobs, int outstanding);

// Makes `calls` BatchCreateJobs of kBulkJobs each, `outstanding` of them in flight.
void SubmitInBulk(const Channel& channel, int calls, int outstanding, int64_t duration_ms);

// Makes `messages` of kBulkJobs jobs each by SubmitJobs, on `streams` streams with a few messages
// in flight each.
void SubmitStreamed(const Channel& channel, int messages, int streams);

}  // namespace dq::bench
