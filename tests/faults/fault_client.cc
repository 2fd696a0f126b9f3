// A client of the fault campaign: submits the jobs of a work file, cancels, repeats and misuses
// some of them, watches all jobs, waits until every job of its own has ended, and keeps a journal
// of what it was told. Killed and started again with the same files it goes on where the journal
// ends.
//   fault_client ADDRESS,ADDRESS WORK_FILE JOURNAL START_MICROS THREADS watch|quiet
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "dq/v1/job_service.grpc.pb.h"
#include "tests/faults/journal.h"
#include "tests/faults/replicas.h"
#include "tests/faults/work_item.h"

namespace dq::faults {
namespace {

using nlohmann::json;

constexpr std::chrono::milliseconds kPollWait{300};
constexpr std::chrono::milliseconds kNameWait{20};
constexpr std::chrono::milliseconds kPauseWait{50};
constexpr std::chrono::milliseconds kWatchRetryWait{100};
constexpr size_t kNamesAsked = 500;

bool IsTerminal(v1::JobState state) {
  return state == v1::JOB_STATE_COMPLETED || state == v1::JOB_STATE_FAILED ||
         state == v1::JOB_STATE_CANCELLED || state == v1::JOB_STATE_SKIPPED;
}

// What a message told about a job.
json Seen(const char* what, const v1::Job& job) {
  json outputs = json::array();
  for (const v1::OutputFile& output : job.output_files()) outputs.push_back(output.sha256());
  return {{"what", what},
          {"job", job.name()},
          {"uid", job.uid()},
          {"state", static_cast<int>(job.state())},
          {"version", job.etag()},
          {"attempt", job.attempt()},
          {"charges", job.charges()},
          {"outputs", std::move(outputs)}};
}

// What the journal of an earlier life of this client says.
struct Past {
  std::map<std::string, std::string> acknowledged;  // Request id → job name.
  std::set<std::string> cancelled;                  // Request ids.
};

Past ReadPast(const std::string& path) {
  Past past;
  std::ifstream file(path);
  for (std::string text; std::getline(file, text);) {
    const json line = json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (line.is_discarded()) continue;
    if (line.at("what") == "ack") past.acknowledged[line.at("request_id")] = line.at("job");
    if (line.at("what") == "cancel_ack") past.cancelled.insert(line.at("request_id"));
  }
  return past;
}

class FaultClient {
 public:
  FaultClient(const std::string& addresses, const std::string& work, const std::string& journal,
              int64_t start_us)
      : replicas_(SplitAddresses(addresses),
                  [this] {
                    journal_.Write({{"what", "dropped"}});
                  }),
        work_(ReadWork(work)),
        past_(ReadPast(journal)),
        journal_(journal),
        start_us_(start_us) {}

  void Run(int threads, bool watches) {
    std::thread watch;
    if (watches) watch = std::thread([this] { Watch(); });
    std::vector<std::thread> submitters;
    for (int i = 0; i < threads; ++i) submitters.emplace_back([this] { SubmitAll(); });
    for (std::thread& submitter : submitters) submitter.join();
    AwaitEnds();
    done_ = true;
    if (watch.joinable()) {
      const std::lock_guard<std::mutex> lock(watch_mutex_);
      if (watch_context_ != nullptr) watch_context_->TryCancel();
    }
    if (watch.joinable()) watch.join();
    journal_.Write({{"what", "end"}});
  }

 private:
  void SubmitAll() {
    while (true) {
      const size_t index = next_.fetch_add(1);
      if (index >= work_.size()) return;
      Do(work_[index]);
    }
  }

  void Do(const WorkItem& item) {
    std::string name;
    if (const auto earlier = past_.acknowledged.find(item.request_id);
        earlier != past_.acknowledged.end()) {
      name = earlier->second;
    } else {
      Rest(std::chrono::milliseconds(item.at_ms - (NowMicros() - start_us_) / 1000));
      // Another thread has it, since it stands before in the work file.
      while (!item.after.empty() && !IsSettled(item.after)) Rest(kNameWait);
      journal_.Write({{"what", "submit"}, {"request_id", item.request_id}});
      name = Submit(item, "ack");
    }
    Settle(item.request_id, name);
    if (name.empty()) return;
    if (item.repeat) (void)Submit(item, "repeat_ack");
    if (item.reuse) Misuse(item);
    if (item.pause_ms >= 0) {
      Rest(std::chrono::milliseconds(item.pause_ms));
      PauseAndResume(item, name);
    }
    if (item.cancel_ms >= 0 && !past_.cancelled.contains(item.request_id)) {
      Rest(std::chrono::milliseconds(item.cancel_ms));
      Cancel(item, name);
    }
  }

  std::string Submit(const WorkItem& item, const char* what) {
    v1::CreateJobResponse response;
    const grpc::Status status = Create(item.Request(), response);
    if (!status.ok()) {
      Refused(what, item.request_id, status);
      return "";
    }
    json line = Seen(what, response.job());
    line["request_id"] = item.request_id;
    line["existed"] = response.existed();
    line["created_by"] = response.job().created_by();
    journal_.Write(std::move(line));
    return response.job().name();
  }

  grpc::Status Create(const v1::CreateJobRequest& request, v1::CreateJobResponse& response) {
    return replicas_.Insist([&](const auto& channel, grpc::ClientContext& context) {
      response.Clear();
      return v1::JobService::NewStub(channel)->CreateJob(&context, request, &response);
    });
  }

  void Misuse(const WorkItem& item) {
    v1::CreateJobRequest request = item.Request();
    request.mutable_job()->set_display_name("another body");
    v1::CreateJobResponse response;
    const grpc::Status status = Create(request, response);
    if (!status.ok()) return Refused("misuse", item.request_id, status);
    journal_.Write({{"what", "misuse_ack"}, {"request_id", item.request_id}});
  }

  void Refused(const char* what, const std::string& request_id, const grpc::Status& status) {
    journal_.Write({{"what", "refused"},
                    {"call", what},
                    {"request_id", request_id},
                    {"code", static_cast<int>(status.error_code())},
                    {"message", status.error_message()}});
  }

  void Cancel(const WorkItem& item, const std::string& name) {
    v1::CancelJobRequest request;
    request.set_name(name);
    request.set_reason("cancel of " + item.request_id);
    journal_.Write({{"what", "cancel"}, {"request_id", item.request_id}});
    v1::CancelJobResponse response;
    const grpc::Status status =
        replicas_.Insist([&](const auto& channel, grpc::ClientContext& context) {
          response.Clear();
          return v1::JobService::NewStub(channel)->CancelJob(&context, request, &response);
        });
    Note("cancel", item, status, response.job());
  }

  // An earlier life may have paused it, and nobody else resumes it.
  void PauseAndResume(const WorkItem& item, const std::string& name) {
    v1::PauseJobRequest pause;
    pause.set_name(name);
    pause.set_reason("pause of " + item.request_id);
    v1::PauseJobResponse paused;
    const grpc::Status status =
        replicas_.Insist([&](const auto& channel, grpc::ClientContext& context) {
          paused.Clear();
          return v1::JobService::NewStub(channel)->PauseJob(&context, pause, &paused);
        });
    Note("pause", item, status, paused.job());
    v1::ResumeJobRequest resume;
    resume.set_name(name);
    while (true) {
      v1::ResumeJobResponse resumed;
      const grpc::Status answer =
          replicas_.Insist([&](const auto& channel, grpc::ClientContext& context) {
            resumed.Clear();
            return v1::JobService::NewStub(channel)->ResumeJob(&context, resume, &resumed);
          });
      if (answer.ok() || !IsPausing(name)) return Note("resume", item, answer, resumed.job());
      Rest(kPauseWait);
    }
  }

  // Whether the job is PAUSING, or became PAUSED since the last call.
  bool IsPausing(const std::string& name) {
    v1::GetJobRequest request;
    request.set_name(name);
    v1::GetJobResponse response;
    const grpc::Status status =
        replicas_.Insist([&](const auto& channel, grpc::ClientContext& context) {
          response.Clear();
          return v1::JobService::NewStub(channel)->GetJob(&context, request, &response);
        });
    const v1::JobState state = response.job().state();
    return status.ok() && (state == v1::JOB_STATE_PAUSING || state == v1::JOB_STATE_PAUSED);
  }

  // Notes the answer to a call about the job of `item`.
  void Note(const char* call, const WorkItem& item, const grpc::Status& status,
            const v1::Job& job) {
    if (!status.ok()) return Refused(call, item.request_id, status);
    json line = Seen((std::string(call) + "_ack").c_str(), job);
    line["request_id"] = item.request_id;
    journal_.Write(std::move(line));
  }

  // Whether the submit of that request was answered, be it with a refusal.
  bool IsSettled(const std::string& request_id) {
    const std::lock_guard<std::mutex> lock(own_mutex_);
    return settled_.contains(request_id);
  }

  // Notes the answer to a submit; an empty name is a refusal.
  void Settle(const std::string& request_id, const std::string& name) {
    const std::lock_guard<std::mutex> lock(own_mutex_);
    settled_.insert(request_id);
    if (!name.empty()) own_.push_back(name);
  }

  // Polls until every job of this client has ended.
  void AwaitEnds() {
    std::vector<std::string> open = own_;
    while (!open.empty()) {
      std::vector<std::string> still;
      for (size_t i = 0; i < open.size(); i += kNamesAsked) {
        const size_t end = std::min(open.size(), i + kNamesAsked);
        Poll({open.begin() + static_cast<int64_t>(i), open.begin() + static_cast<int64_t>(end)},
             still);
      }
      open = std::move(still);
      if (!open.empty()) Rest(kPollWait);
    }
  }

  void Poll(const std::vector<std::string>& names, std::vector<std::string>& still) {
    v1::BatchGetJobsRequest request;
    request.set_parent("projects/default");
    for (const std::string& name : names) request.add_names(name);
    v1::BatchGetJobsResponse response;
    const grpc::Status status =
        replicas_.Insist([&](const auto& channel, grpc::ClientContext& context) {
          response.Clear();
          return v1::JobService::NewStub(channel)->BatchGetJobs(&context, request, &response);
        });
    if (!status.ok()) {
      Refused("poll", "", status);
      still.insert(still.end(), names.begin(), names.end());
      return;
    }
    for (const std::string& name : response.not_found()) {
      journal_.WriteNews(name, {{"what", "not_found"}, {"job", name}});
      still.push_back(name);
    }
    for (const v1::Job& job : response.jobs()) {
      journal_.WriteNews(job.name(), Seen("seen", job));
      if (!IsTerminal(job.state())) still.push_back(job.name());
    }
  }

  // Watches every job of the project until the end of the run.
  void Watch() {
    v1::WatchJobsRequest request;
    request.set_parent("projects/default");
    while (!done_) {
      const std::shared_ptr<grpc::Channel> channel = replicas_.channel();
      grpc::ClientContext context;
      SetWatch(&context);
      const auto stream = v1::JobService::NewStub(channel)->WatchJobs(&context, request);
      v1::WatchJobsResponse event;
      while (stream->Read(&event)) {
        if (event.has_job())
          journal_.WriteNews("watch " + event.job().name(), Seen("watched", event.job()));
      }
      SetWatch(nullptr);
      (void)stream->Finish();
      if (done_) return;
      replicas_.LeaveFor(channel);
      Rest(kWatchRetryWait);
    }
  }

  void SetWatch(grpc::ClientContext* context) {
    const std::lock_guard<std::mutex> lock(watch_mutex_);
    watch_context_ = context;
    if (context != nullptr && done_) context->TryCancel();
  }

  Replicas replicas_;
  const std::vector<WorkItem> work_;
  const Past past_;
  Journal journal_;
  const int64_t start_us_;
  std::atomic<size_t> next_ = 0;
  std::atomic<bool> done_ = false;
  std::mutex own_mutex_;
  std::vector<std::string> own_;
  std::set<std::string> settled_;
  std::mutex watch_mutex_;
  grpc::ClientContext* watch_context_ = nullptr;  // Of the open stream.
};

}  // namespace
}  // namespace dq::faults

int main(int argc, char** argv) {
  if (argc != 7) {
    std::fprintf(
        stderr,
        "usage: fault_client ADDRESSES WORK_FILE JOURNAL START_MICROS THREADS watch|quiet\n");
    return 2;
  }
  dq::faults::FaultClient client(argv[1], argv[2], argv[3], std::atoll(argv[4]));
  client.Run(std::atoi(argv[5]), std::string(argv[6]) == "watch");
  return 0;
}
