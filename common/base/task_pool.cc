#include "common/base/task_pool.h"

#include <algorithm>
#include <system_error>
#include <utility>

namespace dq {

TaskPool::TaskPool(int threads) {
  for (int i = 1; i < threads; ++i) {
    try {
      threads_.emplace_back([this] { Run(); });
    } catch (const std::system_error&) {
      return;  // The system has no more threads to give: fewer do the same work.
    }
  }
}

TaskPool::~TaskPool() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  opened_.NotifyAll();
  for (std::thread& thread : threads_) thread.join();
}

absl::Status TaskPool::ParallelFor(size_t count, const Task& task) {
  if (count == 0) return absl::OkStatus();
  Job job{.task = task, .count = count};
  Open(job);
  return Finish(job);
}

void TaskPool::Run() {
  MutexLock lock(mutex_);
  for (;;) {
    while (open_.empty() && !stopping_) opened_.Wait(mutex_);
    if (open_.empty()) return;
    RunOneLocked(*open_.front());
  }
}

void TaskPool::Open(Job& job) {
  {
    MutexLock lock(mutex_);
    open_.push_back(&job);
  }
  if (job.count > 2) {
    opened_.NotifyAll();
  } else {
    opened_.NotifyOne();
  }
}

// Works on `job` until all its tasks are taken, then on others until it has ended.
absl::Status TaskPool::Finish(Job& job) {
  MutexLock lock(mutex_);
  while (job.ended < job.count) {
    if (job.next < job.count) {
      RunOneLocked(job);
    } else if (job.count == 1 && !open_.empty()) {
      // An errand under way takes a while; the rest of a loop is soon done.
      RunOneLocked(*open_.front());
    } else {
      ended_.Wait(mutex_);
    }
  }
  if (job.thrown != nullptr) std::rethrow_exception(job.thrown);
  return job.failure;
}

// Takes the next task of `job` and runs it with the mutex released. The job may be gone afterwards.
void TaskPool::RunOneLocked(Job& job) {
  const size_t index = job.next++;
  if (job.next == job.count) CloseLocked(job);
  mutex_.Unlock();
  absl::Status status;
  std::exception_ptr thrown;
  try {
    status = job.task(index);
  } catch (...) {
    thrown = std::current_exception();
  }
  mutex_.Lock();
  if ((!status.ok() || thrown != nullptr) && index < job.failed_index) {
    job.failed_index = index;
    job.failure = std::move(status);
    job.thrown = std::move(thrown);
  }
  if (++job.ended == job.count) ended_.NotifyAll();
}

void TaskPool::CloseLocked(Job& job) { std::erase(open_, &job); }

TaskPool::Errand::~Errand() {
  try {
    (void)Wait();
  } catch (...) {
    return;  // The owner is on its way out because of something else.
  }
}

void TaskPool::Errand::Start(std::function<absl::Status()> work) {
  job_ = std::make_unique<Job>();
  job_->task = [work = std::move(work)](size_t) { return work(); };
  pool_.Open(*job_);
}

absl::Status TaskPool::Errand::Wait() {
  if (job_ == nullptr) return absl::OkStatus();
  const std::unique_ptr<Job> job = std::move(job_);
  return pool_.Finish(*job);
}

}  // namespace dq
