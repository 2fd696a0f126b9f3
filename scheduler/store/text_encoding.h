// What PostgreSQL's text can hold: UTF-8 without NUL. Text of users and of failed jobs is mended
// instead of refused, so that one strange message never fails a batch. Stateless and thread-safe.
#pragma once

#include <string>
#include <string_view>

namespace dq {

// Returns whether `text` is valid UTF-8 without NUL.
bool IsStorableText(std::string_view text);

// Returns `text` with every NUL and every invalid byte replaced by U+FFFD.
std::string StorableText(std::string_view text);

}  // namespace dq
