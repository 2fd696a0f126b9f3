// Etags: the version of what they are of, in text. Stateless and thread-safe.
#pragma once

#include <charconv>
#include <cstdint>
#include <string>

namespace dq {

// Returns the version that an etag names; 0 for none, -1 for what is no etag.
inline int64_t VersionSeen(const std::string& etag) {
  if (etag.empty()) return 0;
  int64_t version = 0;
  const char* const end = etag.data() + etag.size();
  const auto [stop, error] = std::from_chars(etag.data(), end, version);
  return error == std::errc() && stop == end && version > 0 ? version : -1;
}

}  // namespace dq
