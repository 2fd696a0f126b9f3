// Opens a file that one process at a time works on. Stateless; thread-safe.
#pragma once

#include <string>

#include "common/base/unique_fd.h"

namespace dq {

// Opens `path` to read and write, making the file when it is not there, and locks it until the
// descriptor is closed. None, with `errno`, when that is not possible: EWOULDBLOCK when it is open
// here already, in this process or another. The file is the one that `path` names: who renames or
// removes it while it is locked leaves nobody with the file that is gone. A symbolic link is
// refused.
UniqueFd OpenLocked(const std::string& path);

}  // namespace dq
