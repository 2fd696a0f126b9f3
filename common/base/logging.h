// JSON lines on stderr, one per decision: {"time":…,"level":…,"event":…, fields…}. Thread-safe; a
// line is written with one write(2).
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace dq {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

// A key with a value that is either text or a number.
class LogField {
 public:
  LogField(std::string_view key, std::string_view value) : key_(key), text_(value) {}
  LogField(std::string_view key, const char* value) : key_(key), text_(value) {}
  LogField(std::string_view key, const std::string& value) : key_(key), text_(value) {}
  LogField(std::string_view key, int64_t value)
      : key_(key), text_(std::to_string(value)), quoted_(false) {}
  LogField(std::string_view key, int value) : LogField(key, static_cast<int64_t>(value)) {}
  LogField(std::string_view key, uint64_t value)
      : key_(key), text_(std::to_string(value)), quoted_(false) {}

  std::string_view key() const { return key_; }
  std::string_view text() const { return text_; }
  bool quoted() const { return quoted_; }

 private:
  std::string_view key_;
  std::string text_;
  bool quoted_ = true;
};

// Lines below `level` are dropped. Default: kInfo.
void SetLogLevel(LogLevel level);

// Returns whether a line of `level` would be written: ask before composing a costly one.
bool IsLogged(LogLevel level);

// Writes a line. `event` is a short stable phrase, for example "job transition"; keys are literals.
void Log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields = {});

// Returns `text` as the inside of a JSON string: quotes, backslashes and control characters
// escaped, invalid UTF-8 replaced by U+FFFD.
std::string JsonEscape(std::string_view text);

}  // namespace dq
