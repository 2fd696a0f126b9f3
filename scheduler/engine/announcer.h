// The one thread that tells: answers, turns and closings that the run loop has decided to tell are
// carried out here, in order, so that translating and sending them costs no decision its time.
// Thread-safe.
#pragma once

#include <functional>
#include <thread>
#include <vector>

#include "common/base/mutex.h"

namespace dq {

class Announcer {
 public:
  using Announcement = std::function<void()>;

  // Calls Stop().
  ~Announcer();

  void Start();
  // Carries out what was posted, then joins. What is posted afterwards is carried out within
  // Post(). Call from one thread only.
  void Stop() EXCLUDES(mutex_);

  // Carries out `announcement` later, after all posted before it.
  void Post(Announcement announcement) EXCLUDES(mutex_);

 private:
  void Run() EXCLUDES(mutex_);

  Mutex mutex_;
  CondVar posted_;
  std::vector<Announcement> announcements_ GUARDED_BY(mutex_);
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::thread thread_;  // Written by Start() and Stop() only.
};

}  // namespace dq
