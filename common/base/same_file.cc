#include "common/base/same_file.h"

#include <filesystem>
#include <system_error>

namespace dq {

bool SameFile(const std::string& a, const std::string& b) {
  std::error_code ignored;
  const auto path = std::filesystem::weakly_canonical(a, ignored);
  if (path != std::filesystem::weakly_canonical(b, ignored)) return false;
  return !std::filesystem::exists(path, ignored) || std::filesystem::is_regular_file(path, ignored);
}

}  // namespace dq
