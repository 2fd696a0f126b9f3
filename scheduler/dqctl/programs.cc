#include "scheduler/dqctl/programs.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <sstream>
#include <vector>

#include "common/base/error.h"

namespace dq::dqctl {
namespace {

namespace fs = std::filesystem;

bool IsExecutable(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored) && ::access(path.c_str(), X_OK) == 0;
}

bool HasServer(const fs::path& folder) {
  return IsExecutable(folder / "postgres") && IsExecutable(folder / "initdb");
}

std::string PgConfigFolder() {
  const std::unique_ptr<FILE, int (*)(FILE*)> out(::popen("pg_config --bindir 2>/dev/null", "r"),
                                                  ::pclose);
  if (!out) return "";
  std::array<char, 4096> line{};
  if (std::fgets(line.data(), static_cast<int>(line.size()), out.get()) == nullptr) return "";
  std::string folder(line.data());
  while (!folder.empty() && folder.back() == '\n') folder.pop_back();
  return folder;
}

int MajorVersion(const fs::path& folder) {
  const std::string name = folder.parent_path().filename().string();
  int version = 0;
  std::from_chars(name.data(), name.data() + name.size(), version);
  return version;
}

}  // namespace

std::string ProgramFolder() {
  std::error_code ignored;
  return fs::read_symlink("/proc/self/exe", ignored).parent_path().string();
}

absl::StatusOr<std::string> FindProgram(const std::string& name, const std::string& folder,
                                        const std::string& search_path) {
  const fs::path beside = fs::path(folder) / name;
  if (IsExecutable(beside)) return beside.string();
  std::istringstream folders(search_path);
  for (std::string one; std::getline(folders, one, ':');) {
    if (IsExecutable(fs::path(one) / name)) return (fs::path(one) / name).string();
  }
  return MakeError(absl::StatusCode::kNotFound, "PROGRAM_MISSING",
                   name + " is neither in " + folder + " nor on PATH");
}

absl::StatusOr<std::string> FindPostgres() {
  if (const std::string folder = PgConfigFolder(); !folder.empty() && HasServer(folder)) {
    return folder;
  }
  std::vector<fs::path> found;
  std::error_code ignored;
  for (const auto& version : fs::directory_iterator("/usr/lib/postgresql", ignored)) {
    if (HasServer(version.path() / "bin")) found.push_back(version.path() / "bin");
  }
  if (found.empty()) {
    return MakeError(absl::StatusCode::kNotFound, "POSTGRES_NOT_INSTALLED",
                     "PostgreSQL's server programs are not on this machine");
  }
  return std::max_element(
             found.begin(), found.end(),
             [](const fs::path& a, const fs::path& b) { return MajorVersion(a) < MajorVersion(b); })
      ->string();
}

}  // namespace dq::dqctl
