// Many jobs created together, each for itself: what BatchCreateJobs and SubmitJobs share.
// Stateless and thread-safe.
#pragma once

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "dq/v1/job_service.pb.h"
#include "google/protobuf/repeated_field.h"
#include "scheduler/api/api_ports.h"

namespace dq {

using CreateRequests = google::protobuf::RepeatedPtrField<v1::CreateJobRequest>;
using CreateResults = google::protobuf::RepeatedPtrField<v1::BatchCreateJobsResult>;

// Checks what holds for all: the project, how many they are.
absl::Status CheckBulk(const std::string& parent, const CreateRequests& requests);

// What became of all of them.
struct BulkEnd {
  absl::Status status;  // Not OK: none was created, and the results say nothing.
  absl::Status lost;    // UNAVAILABLE: of one at least it is not known whether it was created.
};

// Submits jobs that CheckBulk() let pass. Blocks while it looks up what they need. Calls `done`
// once all are decided, from any thread; until then `results` gets one for each request, in order.
void SubmitBulk(const ApiPorts& ports, const std::string& caller, const std::string& parent,
                const CreateRequests& requests, CreateResults& results,
                std::function<void(const BulkEnd&)> done);

}  // namespace dq
