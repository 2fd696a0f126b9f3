#include "scheduler/dqctl/dev_database.h"

#include <pwd.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <utility>

#include "common/base/error.h"
#include "common/base/sha256.h"
#include "common/base/status_macros.h"
#include "scheduler/dqctl/programs.h"

namespace dq::dqctl {
namespace {

namespace fs = std::filesystem;

constexpr char kUser[] = "dq";
constexpr char kFallbackRoot[] = "/var/lib/dq-dev";
constexpr size_t kFolderIdDigits = 16;
constexpr int kPostmasterStatusLine = 8;  // Of postmaster.pid, see PostgreSQL's pidfile.h.

absl::StatusOr<std::optional<Account>> ServerAccount() {
  if (::geteuid() != 0) return std::nullopt;
  const passwd* entry = ::getpwnam("postgres");
  if (entry == nullptr) {
    return MakeError(absl::StatusCode::kNotFound, "POSTGRES_NOT_INSTALLED",
                     "PostgreSQL does not run as root and there is no user postgres");
  }
  return Account{.uid = entry->pw_uid, .gid = entry->pw_gid};
}

// Whether a Unix socket can be in the folder: its address holds 107 bytes, and a comma separates
// hosts for libpq.
bool FitsSocket(const std::string& path) {
  constexpr std::string_view kSocketName = "/.s.PGSQL.5432";
  return path.size() + kSocketName.size() < sizeof(sockaddr_un::sun_path) &&
         path.find_first_of(",\"\n") == std::string::npos;
}

absl::StatusOr<std::string> ClusterFolder(const DevFolder& folder,
                                          const std::optional<Account>& account) {
  const std::string inside = folder.path() + "/postgres";
  if (FitsSocket(inside) && (!account || MayEnter(inside, *account))) return inside;
  if (account) {
    return std::string(kFallbackRoot) + "/" + Sha256Of(folder.path()).substr(0, kFolderIdDigits);
  }
  return MakeError(absl::StatusCode::kInvalidArgument, "DATA_DIR_UNSUITABLE",
                   folder.path() +
                       " is too long, or has a comma or a quote, for PostgreSQL's "
                       "socket; choose another --data-dir");
}

// Makes a folder that only `account` (or this one) and root can enter.
absl::Status MakePrivateFolder(const std::string& path, const std::optional<Account>& account) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) return ErrnoError(error.value(), "OUTPUT_FAILED", "cannot make the folder " + path);
  if (account && ::chown(path.c_str(), account->uid, account->gid) != 0) {
    return ErrnoError(errno, "OUTPUT_FAILED", "cannot give the user postgres " + path);
  }
  if (::chmod(path.c_str(), 0700) != 0) {
    return ErrnoError(errno, "OUTPUT_FAILED", "cannot protect " + path);
  }
  return absl::OkStatus();
}

// Quotes a value of a libpq connection text.
std::string Quoted(const std::string& value) {
  std::string quoted = "'";
  for (const char c : value) {
    if (c == '\'' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "'";
}

}  // namespace

absl::StatusOr<DevDatabase> DevDatabase::Prepare(const DevFolder& folder) {
  DQ_ASSIGN_OR_RETURN(const std::string programs, FindPostgres());
  DQ_ASSIGN_OR_RETURN(const std::optional<Account> account, ServerAccount());
  DQ_ASSIGN_OR_RETURN(const std::string path, ClusterFolder(folder, account));
  DevDatabase database(programs, path, account);
  DQ_RETURN_IF_ERROR(MakePrivateFolder(database.path_, account));
  DQ_RETURN_IF_ERROR(database.MakeCluster(folder));
  return database;
}

DevDatabase::DevDatabase(std::string programs, std::string path, std::optional<Account> account)
    : programs_(std::move(programs)), path_(std::move(path)), account_(account) {}

absl::Status DevDatabase::MakeCluster(const DevFolder& folder) const {
  const std::string data = path_ + "/data";
  const std::string unfinished = path_ + "/data.new";
  std::error_code error;
  if (fs::exists(data, error)) return absl::OkStatus();
  fs::remove_all(unfinished, error);
  const std::string log = folder.log("initdb");
  DQ_ASSIGN_OR_RETURN(const UniqueFd log_fd, OpenLog(log));
  DQ_ASSIGN_OR_RETURN(ChildProcess initdb,
                      ChildProcess::Start({.command = {programs_ + "/initdb", "-D", unfinished,
                                                       "-U", kUser, "-A", "trust", "-E", "UTF8",
                                                       "--locale=C.UTF-8", "--no-instructions"},
                                           .stdout_fd = log_fd.get(),
                                           .stderr_fd = log_fd.get(),
                                           .account = account_,
                                           .death_signal = SIGKILL}));
  const ChildEnd end = initdb.Wait();
  if (end.exit_code != 0 || end.signal != 0) {
    return MakeError(absl::StatusCode::kInternal, "INITDB_FAILED",
                     "initdb ended with " + end.Text() + "; " + log + " ends:" + LastLines(log, 5));
  }
  fs::rename(unfinished, data, error);
  if (error) return ErrnoError(error.value(), "INITDB_FAILED", "cannot rename " + unfinished);
  return absl::OkStatus();
}

ChildOptions DevDatabase::Child(int log_fd) const {
  return {.command = {programs_ + "/postgres", "-D", path_ + "/data", "-c",
                      "listen_addresses=", "-c", "unix_socket_directories=" + path_, "-c",
                      "unix_socket_permissions=0700", "-c", "logging_collector=off"},
          .stdout_fd = log_fd,
          .stderr_fd = log_fd,
          .account = account_,
          .death_signal = SIGINT};
}

bool DevDatabase::IsReady(pid_t pid) const {
  std::ifstream file(path_ + "/data/postmaster.pid");
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    if (number == 1 && line != std::to_string(pid)) return false;
    if (number == kPostmasterStatusLine) return line.starts_with("ready");
  }
  return false;
}

std::string DevDatabase::ConnectionText() const {
  return "host=" + Quoted(path_) + " user=" + kUser + " dbname=postgres";
}

}  // namespace dq::dqctl
