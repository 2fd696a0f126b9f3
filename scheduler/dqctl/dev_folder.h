// The data folder of `dqctl dev`: where things are in it, and the lock that keeps a second one out.
// Not thread-safe.
#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "common/base/unique_fd.h"
#include "scheduler/dqctl/child_process.h"

namespace dq::dqctl {

class DevFolder {
 public:
  // Makes the folder with what belongs in it and locks it until destruction. FAILED_PRECONDITION
  // DATA_DIR_LOCKED when another process has it, OUTPUT_FAILED when it cannot be made.
  static absl::StatusOr<DevFolder> Open(const std::string& path);

  // All absolute.
  const std::string& path() const { return path_; }
  std::string storage() const { return path_ + "/storage"; }
  std::string log(const std::string& process) const { return path_ + "/logs/" + process + ".log"; }
  std::string state_file() const { return path_ + "/dev.json"; }

 private:
  DevFolder(std::string path, UniqueFd lock);

  std::string path_;
  UniqueFd lock_;
};

// Opens a log for appending.
absl::StatusOr<UniqueFd> OpenLog(const std::string& path);

// Returns the last `lines` lines of a log, for an error message.
std::string LastLines(const std::string& path, int lines);

// Whether `account` may enter every folder above `path`, judged by owner, group and mode.
bool MayEnter(const std::string& path, const Account& account);

}  // namespace dq::dqctl
