#include "scheduler/store/postgres_release_watch.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <utility>

#include "scheduler/store/embedded_sql.h"

namespace dq {

PostgresReleaseWatch::PostgresReleaseWatch(std::function<std::unique_ptr<Session>()> connect)
    : connect_(std::move(connect)), stopped_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

PostgresReleaseWatch::~PostgresReleaseWatch() {
  if (stopped_ >= 0) ::close(stopped_);
}

int PostgresReleaseWatch::Listen() {
  if (session_ != nullptr) return session_->socket();
  session_ = connect_();
  const absl::Status listening = session_->Run(
      [](Transaction& transaction) {
        transaction.Run(sql::kListenForRelease);
        return absl::OkStatus();
      },
      Scope::kStatement);
  if (!listening.ok()) session_.reset();
  return listening.ok() ? session_->socket() : -1;
}

void PostgresReleaseWatch::Await(absl::Duration wait) {
  const auto milliseconds =
      static_cast<int>(absl::ToInt64Milliseconds(absl::Ceil(wait, absl::Milliseconds(1))));
  // A negative descriptor is passed over.
  std::array<pollfd, 2> awaited = {{{.fd = stopped_, .events = POLLIN, .revents = 0},
                                    {.fd = Listen(), .events = POLLIN, .revents = 0}}};
  ::poll(awaited.data(), awaited.size(), milliseconds);
  if (awaited[1].revents == 0) return;
  if (!session_->TakeNotifications().ok()) session_.reset();
}

void PostgresReleaseWatch::Stop() {
  const uint64_t once = 1;
  (void)!::write(stopped_, &once, sizeof(once));
}

}  // namespace dq
