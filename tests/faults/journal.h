// What a client saw, written down at once: one JSON object a line, one write() a line, so that a
// killed client leaves whole lines. Thread-safe.
#pragma once

#include <mutex>
#include <nlohmann/json.hpp>
#include <string>

namespace dq::faults {

class Journal {
 public:
  // Opens `path` for appending; aborts when that is impossible.
  explicit Journal(const std::string& path);
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  // Adds the wall-clock time as `t` (microseconds since 1970) and writes the line.
  void Write(nlohmann::json line);
  // Writes the line unless it says the same as the last one of this `key`, the time apart.
  void WriteNews(const std::string& key, nlohmann::json line);

 private:
  const int fd_;
  std::mutex mutex_;
  std::map<std::string, std::string> last_;
};

// Returns microseconds since 1970.
int64_t NowMicros();

}  // namespace dq::faults
