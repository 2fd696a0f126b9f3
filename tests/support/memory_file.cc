#include "tests/support/memory_file.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

namespace dq {

MemoryFile::MemoryFile(std::string_view content) : fd_(::memfd_create("dq-test", MFD_CLOEXEC)) {
  if (!fd_) std::abort();
  Replace(content);
}

void MemoryFile::Replace(std::string_view content) {
  if (::ftruncate(fd_.get(), 0) != 0) std::abort();
  size_t done = 0;
  while (done < content.size()) {
    const ssize_t put =
        ::pwrite(fd_.get(), content.data() + done, content.size() - done, static_cast<off_t>(done));
    if (put <= 0) std::abort();
    done += static_cast<size_t>(put);
  }
}

std::string MemoryFile::Content() const {
  struct stat info {};
  if (::fstat(fd_.get(), &info) != 0) std::abort();
  std::string content(static_cast<size_t>(info.st_size), '\0');
  if (::pread(fd_.get(), content.data(), content.size(), 0) != info.st_size) std::abort();
  return content;
}

}  // namespace dq
