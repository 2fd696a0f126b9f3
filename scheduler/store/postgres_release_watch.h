// Hears from PostgreSQL that the leadership was given back: LISTEN on a session of its own, which
// is opened at the first wait and again after it broke. Thread-safe as ReleaseWatch says.
#pragma once

#include <functional>
#include <memory>

#include "scheduler/core/job_store.h"
#include "scheduler/store/session.h"

namespace dq {

class PostgresReleaseWatch final : public ReleaseWatch {
 public:
  // `connect` makes a session that is not open yet.
  explicit PostgresReleaseWatch(std::function<std::unique_ptr<Session>()> connect);
  ~PostgresReleaseWatch() override;

  void Await(absl::Duration wait) override;
  void Stop() override;

 private:
  // Returns the socket that becomes readable with a notification; -1 when there is no connection.
  int Listen();

  const std::function<std::unique_ptr<Session>()> connect_;
  const int stopped_;                 // An eventfd: readable after Stop(). -1: there is none.
  std::unique_ptr<Session> session_;  // Listens; empty: to be made. Touched by Await() only.
};

}  // namespace dq
