#include "common/base/same_file.h"

#include <filesystem>
#include <system_error>

namespace dq {

namespace {

// Made absolute first: weakly_canonical leaves a relative name alone whose first part is not there.
std::filesystem::path CanonicalPath(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::weakly_canonical(std::filesystem::absolute(path, ignored), ignored);
}

}  // namespace

bool SameFile(const std::string& a, const std::string& b) {
  const std::filesystem::path path = CanonicalPath(a);
  if (path != CanonicalPath(b)) return false;
  std::error_code ignored;
  return !std::filesystem::exists(path, ignored) || std::filesystem::is_regular_file(path, ignored);
}

}  // namespace dq
