// The identity of one grant of one job, as the worker holds it. Plain value.
#pragma once

#include <compare>
#include <cstdint>
#include <string>

namespace dq {

struct LeaseKey {
  std::string job;  // "projects/{project}/jobs/{job}".
  int32_t attempt = 0;
  std::string token;  // Random, unique for all time.

  auto operator<=>(const LeaseKey&) const = default;
};

}  // namespace dq
