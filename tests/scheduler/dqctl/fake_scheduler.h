// A scheduler of the public API for tests of its client: keeps files in memory, lets a test script
// what watches say. Thread-safe; scripts are set before the calls they answer.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "common/base/mutex.h"
#include "common/rpc/server_runner.h"
#include "dq/v1/admin_service.grpc.pb.h"
#include "dq/v1/file_service.grpc.pb.h"
#include "dq/v1/job_service.grpc.pb.h"
#include "dq/v1/reference_service.grpc.pb.h"
#include "dq/v1/report_service.grpc.pb.h"

namespace dq::dqctl {

// What one WatchJobs stream does: writes messages, then ends with a status. `number` counts the
// streams from 1.
using WatchScript = std::function<grpc::Status(
    int number, const dq::v1::WatchJobsRequest& request, grpc::ServerContext& context,
    grpc::ServerWriter<dq::v1::WatchJobsResponse>& writer)>;

class FakeScheduler {
 public:
  // Serves on `port` (0: any free one). Every job that is created is `job`, under a name that
  // counts.
  explicit FakeScheduler(int port = 0, WatchScript script = {});
  ~FakeScheduler();
  FakeScheduler(const FakeScheduler&) = delete;
  FakeScheduler& operator=(const FakeScheduler&) = delete;

  int port() const { return server_->port(); }
  std::string address() const { return "127.0.0.1:" + std::to_string(port()); }

  // Puts a file where it can be downloaded and returns its description.
  dq::v1::File AddFile(const std::string& id, const std::string& bytes) EXCLUDES(mutex_);
  // Returns the bytes of a file.
  std::string BytesOf(const std::string& name) EXCLUDES(mutex_);
  // Returns the names of what was uploaded or added and is not deleted; references too.
  std::vector<std::string> Resources() EXCLUDES(mutex_);
  // Returns how many watches were opened.
  int watches() EXCLUDES(mutex_);
  // Returns every request for a job so far, alone or on a stream, repeats included.
  std::vector<dq::v1::CreateJobRequest> submissions() EXCLUDES(mutex_);

  // Scripts. Set before the call.
  dq::v1::Job job;  // Returned by CreateJob (with name and spec) and GetJob.
  dq::v1::Report report;
  WatchScript watch;
  int lost_answers = 0;  // The first so many CreateJob answers are lost.
  grpc::StatusCode lost_answer_code = grpc::StatusCode::UNAVAILABLE;
  int submit_breaks_after =
      -1;  // The first SubmitJobs ends with UNAVAILABLE after so many answers.
  int jobs_taken_before_full = -1;     // After so many jobs on streams ...
  int jobs_refused_for_now = 0;        // ... so many are refused with QUEUE_FULL.
  int64_t download_breaks_after = -1;  // The first download ends with UNAVAILABLE there.

 private:
  class Jobs;
  class Files;
  class Others;

  bool HasSubmission(const std::string& request_id) REQUIRES(mutex_);
  // Returns the reason why a job of a stream is not created; empty when it is.
  const char* WhyRefused(const dq::v1::CreateJobRequest& request) REQUIRES(mutex_);

  Mutex mutex_;
  int jobs_refused_for_now_left_ GUARDED_BY(mutex_) = 0;
  std::map<std::string, std::string> bytes_ GUARDED_BY(mutex_);
  std::vector<dq::v1::CreateJobRequest> submissions_ GUARDED_BY(mutex_);
  std::set<std::string> references_ GUARDED_BY(mutex_);
  int watches_ GUARDED_BY(mutex_) = 0;
  int downloads_ GUARDED_BY(mutex_) = 0;
  std::unique_ptr<Jobs> jobs_;
  std::unique_ptr<Files> files_;
  std::unique_ptr<Others> others_;
  std::unique_ptr<ServerRunner> server_;
};

// Messages of a watch.
dq::v1::WatchJobsResponse Update(const dq::v1::Job& job);
dq::v1::WatchJobsResponse Bookmark(const std::string& token);

}  // namespace dq::dqctl
