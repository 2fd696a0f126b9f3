#include "common/base/earlier_file.h"

#include <filesystem>
#include <fstream>
#include <system_error>

namespace dq {

void RemoveEarlierFile(const std::string& path, const std::string& beginning) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(std::filesystem::symlink_status(path, ignored))) return;
  std::string begin(beginning.size(), '\0');
  std::ifstream(path, std::ios::binary)
      .read(begin.data(), static_cast<std::streamsize>(begin.size()));
  if (begin == beginning) std::filesystem::remove(path, ignored);
}

}  // namespace dq
