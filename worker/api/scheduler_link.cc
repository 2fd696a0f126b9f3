#include "worker/api/scheduler_link.h"

#include <algorithm>
#include <utility>

#include "common/base/error.h"
#include "common/base/logging.h"
#include "common/rpc/client_channel.h"
#include "worker/api/protocol_messages.h"
#include "worker/api/work_stream.h"

namespace dq {

SchedulerLink::SchedulerLink(std::vector<std::string> addresses, std::shared_ptr<EventQueue> queue,
                             const std::function<double()>& random)
    : queue_(std::move(queue)), policy_(std::move(addresses), random), pacer_(random) {}

SchedulerLink::~SchedulerLink() = default;

void SchedulerLink::Abandon() {
  pacer_.Stop();
  up_ = false;
  worked_ = false;
  if (stream_ == nullptr) return;
  stream_->Close();
  leaving_.push_back(std::move(stream_));
}

void SchedulerLink::Tick(absl::Time now, const std::function<v1::Hello()>& make_hello) {
  if (up_ || now < try_time_) return;
  if (stream_ != nullptr) {
    Log(LogLevel::kWarning, "scheduler does not answer", {{"address", policy_.address()}});
    Abandon();
    try_time_ = now + policy_.Failed();
    return;
  }
  Connect(now, make_hello);
}

void SchedulerLink::Connect(absl::Time now, const std::function<v1::Hello()>& make_hello) {
  auto channel = MakeClientChannel(policy_.address());
  if (!channel.ok()) {
    Log(LogLevel::kWarning, "scheduler unreachable",
        {{"address", policy_.address()}, {"why", MessageOf(channel.status())}});
    try_time_ = now + policy_.Failed();
    return;
  }
  const int64_t id = ++stream_id_;
  stream_ = std::make_unique<WorkStream>(
      *std::move(channel), WorkStream::Sink{[queue = queue_, id](v1::WorkResponse message) {
                                              queue->Push(StreamMessage{id, std::move(message)});
                                            },
                                            [queue = queue_, id](absl::Status status) {
                                              queue->Push(StreamEnd{id, std::move(status)});
                                            }});
  fence_.StreamOpened(now);
  try_time_ = now + kWelcomeTimeout;
  stream_->Send(HelloRequest(make_hello()));
}

void SchedulerLink::Welcomed(const v1::Welcome& welcome) {
  up_ = true;
  fence_.Welcomed(DurationOf(welcome.lease_ttl()));
  pacer_.Start(DurationOf(welcome.report_interval()));
  Log(LogLevel::kInfo, "stream up",
      {{"address", policy_.address()},
       {"epoch", welcome.epoch()},
       {"kept", static_cast<int64_t>(welcome.kept_size())},
       {"lost", static_cast<int64_t>(welcome.lost_size())}});
}

void SchedulerLink::Answered(int64_t sequence) {
  fence_.Answered(sequence);
  pacer_.Answered(sequence);
  if (sequence < 1) return;
  worked_ = true;
  policy_.Succeeded();
}

bool SchedulerLink::Ended(int64_t stream, const absl::Status& status, absl::Time now) {
  std::erase_if(leaving_, [](const auto& left) { return left->over(); });
  if (!IsCurrent(stream)) return false;
  Log(up_ ? LogLevel::kWarning : LogLevel::kInfo, up_ ? "stream lost" : "stream refused",
      {{"address", policy_.address()}, {"why", MessageOf(status)}, {"reason", ReasonOf(status)}});
  Abandon();
  try_time_ = now + policy_.Failed();
  return true;
}

void SchedulerLink::Move(absl::Time now) {
  Log(LogLevel::kInfo, "stream moves", {{"from", policy_.address()}});
  const bool worked = worked_;
  Abandon();
  if (worked) {
    policy_.Moved();
    try_time_ = now;
  } else {
    // The only scheduler there is goes away: knocking faster does not help.
    try_time_ = now + policy_.Failed();
  }
}

void SchedulerLink::SendReport(v1::WorkReport report, absl::Time now) {
  report.set_sequence(pacer_.Sent(now));
  fence_.ReportSent(report.sequence(), now);
  stream_->Send(ReportRequest(std::move(report)));
}

absl::Time SchedulerLink::Due() const { return up_ ? pacer_.Due() : try_time_; }

}  // namespace dq
