// Values as PostgreSQL's text. It can hold UTF-8 without NUL: text of users and of failed jobs is
// mended instead of refused, so that one strange message never fails a batch. Stateless and
// thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "absl/time/time.h"

namespace dq {

// Returns whether `text` is valid UTF-8 without NUL.
bool IsStorableText(std::string_view text);

// Returns `text` with every NUL and every invalid byte replaced by U+FFFD.
std::string StorableText(std::string_view text);

// Returns `bytes` as a bytea in text.
std::string BytesText(const std::string& bytes);

// Returns `time` as a timestamptz in text, in whole microseconds.
std::string TimeText(absl::Time time);

}  // namespace dq
