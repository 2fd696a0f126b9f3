// Makes arbitrary bytes fit for Protobuf string fields and HTTP/2 headers. Stateless and
// thread-safe.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace dq {

// Returns `bytes` as valid UTF-8 of at most `bytes_max` bytes: every byte that is not part of a
// well-formed sequence (RFC 3629: shortest form, no surrogates) becomes '?', and the cut never
// splits a character.
std::string ValidUtf8(std::string_view bytes, size_t bytes_max);

// Returns whether all of `bytes` is well-formed UTF-8.
bool IsValidUtf8(std::string_view bytes);

}  // namespace dq
