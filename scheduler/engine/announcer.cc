#include "scheduler/engine/announcer.h"

#include <utility>

namespace dq {

Announcer::~Announcer() { Stop(); }

void Announcer::Start() {
  thread_ = std::thread([this] { Run(); });
}

void Announcer::Stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    posted_.NotifyAll();
  }
  if (thread_.joinable()) thread_.join();
}

void Announcer::Post(Announcement announcement) {
  {
    MutexLock lock(mutex_);
    if (!stopping_) {
      announcements_.push_back(std::move(announcement));
      if (announcements_.size() == 1) posted_.NotifyOne();
      return;
    }
  }
  announcement();
}

void Announcer::Run() {
  while (true) {
    std::vector<Announcement> due;
    {
      MutexLock lock(mutex_);
      while (announcements_.empty() && !stopping_) posted_.Wait(mutex_);
      if (announcements_.empty()) return;
      due = std::exchange(announcements_, {});
    }
    for (Announcement& announcement : due) {
      announcement();
      announcement = nullptr;
    }
  }
}

}  // namespace dq
