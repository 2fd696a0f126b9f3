// A client of the simulation: submits jobs and steers them, one call after the other, and repeats a
// call until it is answered. Requests and answers get lost, late and doubled. Single-threaded.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tests/scheduler/simulation/replica.h"

namespace dq::sim {

class Client {
 public:
  Client(Timeline& time, std::vector<Replica*> replicas, Witness& witness, const History& history,
         const std::string& name);

  // Begins to work; makes `calls` calls.
  void Start(int calls);
  // Resumes jobs that are PAUSED, again and again, once its calls are made.
  void BeginToResume() { resumes_ = true; }
  bool IsIdle() const { return calls_left_ == 0 && !waits_; }
  // From now on nothing gets lost or doubled.
  void CalmDown() { calm_ = true; }

 private:
  using Reply = std::function<void(const absl::Status&)>;
  using Call = std::function<void(Replica&, const Reply&)>;

  void Next();
  Call Draw();
  Call DrawSubmit();
  Call Steer(const JobName& name, size_t kind);
  static Call DeleteOne(const JobName& name);
  void ResumeOne();
  void Ask();
  void Deliver(Replica& replica, absl::Duration late);
  void Answered(int64_t number, const absl::Status& status);
  void AskAgain(int64_t number);
  JobName AnyJob();
  // A recorded job of that kind, or any name when there is none.
  JobName AnyRecorded(const std::function<bool(const JobRecord&)>& is_wanted);

  Process process_;
  const std::vector<Replica*> replicas_;
  Witness& witness_;
  const History& history_;
  int calls_left_ = 0;
  int submitted_ = 0;
  bool calm_ = false;
  bool resumes_ = false;
  size_t replica_ = 0;
  Call call_;
  int64_t number_ = 0;  // Of the try that waits for an answer.
  bool waits_ = false;
};

}  // namespace dq::sim
