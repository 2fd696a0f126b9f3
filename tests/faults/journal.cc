#include "tests/faults/journal.h"

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <utility>

namespace dq::faults {
namespace {

int OpenJournal(const std::string& path) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (fd >= 0) return fd;
  std::perror(path.c_str());
  std::abort();
}

}  // namespace

Journal::Journal(const std::string& path) : fd_(OpenJournal(path)) {}

Journal::~Journal() { ::close(fd_); }

void Journal::Write(nlohmann::json line) {
  line["t"] = NowMicros();
  const std::string text = line.dump() + "\n";
  const std::lock_guard<std::mutex> lock(mutex_);
  if (::write(fd_, text.data(), text.size()) != static_cast<ssize_t>(text.size())) std::abort();
}

void Journal::WriteNews(const std::string& key, nlohmann::json line) {
  {
    std::string text = line.dump();
    const std::lock_guard<std::mutex> lock(mutex_);
    std::string& last = last_[key];
    if (last == text) return;
    last = std::move(text);
  }
  Write(std::move(line));
}

int64_t NowMicros() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(since).count();
}

}  // namespace dq::faults
