// A file in memory, for tests of code that works on descriptors. Not thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "common/base/unique_fd.h"

namespace dq {

class MemoryFile {
 public:
  // Crashes when the machine refuses.
  explicit MemoryFile(std::string_view content = "");

  int fd() const { return fd_.get(); }
  // Reads everything that was written.
  std::string Content() const;
  // Replaces the content; the size changes with it.
  void Replace(std::string_view content);

 private:
  UniqueFd fd_;
};

}  // namespace dq
