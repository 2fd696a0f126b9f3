#include "scheduler/api/bulk_submit.h"

#include <utility>
#include <vector>

#include "common/base/error.h"
#include "common/base/status_macros.h"
#include "scheduler/api/earlier_result.h"
#include "scheduler/api/job_codec.h"
#include "scheduler/api/job_creation.h"
#include "scheduler/api/resource_name.h"
#include "scheduler/api/spec_validation.h"
#include "scheduler/api/violations.h"

namespace dq {
namespace {

constexpr int kJobsMax = 1000;

// Makes records of requests. Blocks.
class BulkCreation {
 public:
  BulkCreation(const ApiPorts& ports, const std::string& caller)
      : ports_(ports), caller_(caller), lookup_(ports.catalog) {}

  absl::StatusOr<JobRecord> Make(const v1::CreateJobRequest& request) {
    if (absl::Status valid = ValidateCreateJob(request); !valid.ok()) return valid;
    DQ_ASSIGN_OR_RETURN(const JobInputs inputs, InputsOf(request));
    JobRecord record = MakeJobRecord(request, inputs, caller_, ports_.clock.Now());
    DQ_RETURN_IF_ERROR(UseEarlierResult(ports_, request.job().spec(), record));
    return record;
  }

 private:
  absl::StatusOr<JobInputs> InputsOf(const v1::CreateJobRequest& request) {
    return NeedsCatalog(request) ? lookup_.Resolve(request) : JobInputs();
  }

  const ApiPorts& ports_;
  const std::string& caller_;
  InputLookup lookup_;  // Several may need the same.
};

// Sets the results of the jobs that were submitted; returns how that ended.
BulkEnd Take(const absl::StatusOr<std::vector<BulkOutcome>>& outcomes,
             const std::vector<v1::BatchCreateJobsResult*>& results) {
  if (!outcomes.ok()) return {outcomes.status(), {}};
  BulkEnd end;
  for (size_t i = 0; i < results.size(); ++i) {
    const BulkOutcome& outcome = (*outcomes)[i];
    if (outcome.status.ok()) {
      results[i]->set_name(JobText(outcome.name));
      results[i]->set_existed(outcome.existed);
      continue;
    }
    *results[i]->mutable_error() = ErrorToProto(outcome.status);
    if (absl::IsUnavailable(outcome.status)) end.lost = outcome.status;
  }
  return end;
}

}  // namespace

absl::Status CheckBulk(const std::string& parent, const CreateRequests& requests) {
  Violations violations;
  violations.Merge(ParseProject(parent, "parent").status());
  violations.Require(requests.size() <= kJobsMax, "requests", "at most 1,000");
  if (requests.size() > kJobsMax) return violations.ToStatus();
  for (int i = 0; i < requests.size(); ++i) {
    const std::string& own = requests[i].parent();
    violations.Require(own.empty() || own == parent, "requests[" + std::to_string(i) + "].parent",
                       "empty, or `parent`");
  }
  return violations.ToStatus();
}

void SubmitBulk(const ApiPorts& ports, const std::string& caller, const std::string& parent,
                const CreateRequests& requests, CreateResults& results,
                std::function<void(const BulkEnd&)> done) {
  BulkCreation creation(ports, caller);
  std::vector<JobRecord> records;
  std::vector<v1::BatchCreateJobsResult*> waiting;
  for (v1::CreateJobRequest one : requests) {
    one.set_parent(parent);
    v1::BatchCreateJobsResult& result = *results.Add();
    absl::StatusOr<JobRecord> record = creation.Make(one);
    if (record.ok()) {
      records.push_back(*std::move(record));
      waiting.push_back(&result);
      continue;
    }
    const absl::StatusOr<JobRecord> earlier = FindEarlier(one, record.status(), ports.jobs);
    // Nothing is submitted yet; without the database nothing is known of any job.
    if (absl::IsUnavailable(earlier.status())) return done({earlier.status(), {}});
    if (earlier.ok()) {
      result.set_name(JobText(earlier->name));
      result.set_existed(true);
    } else {
      *result.mutable_error() = ErrorToProto(record.status());
    }
  }
  ports.scheduler.SubmitAll(
      std::move(records),
      [waiting = std::move(waiting), done = std::move(done)](
          const absl::StatusOr<std::vector<BulkOutcome>>& all) { done(Take(all, waiting)); });
}

}  // namespace dq
