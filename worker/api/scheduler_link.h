// Keeps one stream to a scheduler open: connects, says hello, reconnects, knows when a report is
// due and when the worker must stop trusting its leases. Used by the agent's loop only: not
// thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "dq/v1/worker_service.pb.h"
#include "worker/api/event_queue.h"
#include "worker/lease/reconnect_policy.h"
#include "worker/lease/report_pacer.h"
#include "worker/lease/self_fence.h"

namespace dq {

class WorkStream;

// A scheduler that takes longer to answer a Hello is given up.
inline constexpr absl::Duration kWelcomeTimeout = absl::Seconds(5);

class SchedulerLink {
 public:
  // `addresses` is not empty. Streams push StreamMessage and StreamEnd into `queue`. `random`
  // returns uniform numbers in [0, 1).
  SchedulerLink(std::vector<std::string> addresses, std::shared_ptr<EventQueue> queue,
                const std::function<double()>& random);
  // Closes the stream and waits until it is gone.
  ~SchedulerLink();

  // Opens the next stream when it is time, with the hello of `make_hello`; gives up one that was
  // not welcomed in time.
  void Tick(absl::Time now, const std::function<v1::Hello()>& make_hello);
  // Whether events of `stream` concern the present stream.
  bool IsCurrent(int64_t stream) const { return stream_ != nullptr && stream == stream_id_; }
  // The present stream was welcomed.
  void Welcomed(const v1::Welcome& welcome);
  // A turn takes report `sequence` into account.
  void Answered(int64_t sequence);
  // Stream `stream` is over; returns whether it was the present one.
  bool Ended(int64_t stream, const absl::Status& status, absl::Time now);
  // Leaves the present stream for another one: at once, unless it never answered a report.
  void Move(absl::Time now);

  // The next report should not wait for the interval.
  void News() { pacer_.News(); }
  bool ReportDue(absl::Time now) const { return pacer_.Due() <= now; }
  // Sends `report`, whose sequence it sets.
  void SendReport(v1::WorkReport report, absl::Time now);

  // When Tick() or SendReport() has something to do next.
  absl::Time Due() const;
  // When everything that runs has to be stopped.
  absl::Time FenceDeadline() const { return fence_.Deadline(); }
  // Whether a scheduler has welcomed the present stream.
  bool up() const { return up_; }

 private:
  void Connect(absl::Time now, const std::function<v1::Hello()>& make_hello);
  void Abandon();

  const std::shared_ptr<EventQueue> queue_;
  ReconnectPolicy policy_;
  ReportPacer pacer_;
  SelfFence fence_;
  std::unique_ptr<WorkStream> stream_;  // Null while waiting for the next try.
  int64_t stream_id_ = 0;
  bool up_ = false;
  bool worked_ = false;  // Whether a report was answered on the present stream.
  absl::Time try_time_ = absl::InfinitePast();        // Next try, or end of the wait for a Welcome.
  std::vector<std::unique_ptr<WorkStream>> leaving_;  // Closed, perhaps not over.
};

}  // namespace dq
