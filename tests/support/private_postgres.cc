#include "tests/support/private_postgres.h"

#include <fcntl.h>
#include <grp.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

#include "common/base/error.h"
#include "common/base/status_macros.h"
#include "tests/support/wait_until.h"

namespace dq {
namespace {

// Who runs the server: PostgreSQL refuses to run as root.
struct Account {
  bool change = false;
  uid_t user = 0;
  gid_t group = 0;
};

Account ServerAccount() {
  if (::geteuid() != 0) return {};
  const passwd* entry = ::getpwnam("postgres");
  if (entry == nullptr) return {};
  return {.change = true, .user = entry->pw_uid, .group = entry->pw_gid};
}

absl::StatusOr<std::string> ProgramPath(const std::string& name) {
  std::string newest;
  std::error_code ignored;
  for (const auto& version : std::filesystem::directory_iterator("/usr/lib/postgresql", ignored)) {
    const std::string path = version.path() / "bin" / name;
    if (std::filesystem::exists(path) && path > newest) newest = path;
  }
  if (!newest.empty()) return newest;
  return MakeError(absl::StatusCode::kNotFound, "POSTGRES_NOT_INSTALLED",
                   "no " + name + " under /usr/lib/postgresql: install package postgresql");
}

// Starts a program as the server's account, its output appended to `log`.
pid_t Spawn(const std::vector<std::string>& command, const std::string& folder,
            const std::string& log) {
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const Account account = ServerAccount();
  const pid_t child = ::fork();
  if (child != 0) return child;
  const int output = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0666);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  if (account.change && (::setgroups(0, nullptr) != 0 || ::setgid(account.group) != 0 ||
                         ::setuid(account.user) != 0)) {
    ::_exit(126);
  }
  ::prctl(PR_SET_PDEATHSIG, SIGQUIT);  // After setuid, which clears it.
  if (::chdir(folder.c_str()) != 0) ::_exit(126);
  ::execv(arguments[0], arguments.data());
  ::_exit(127);
}

std::vector<pid_t> ChildrenOf(pid_t parent) {
  const std::string number = std::to_string(parent);
  std::ifstream file("/proc/" + number + "/task/" + number + "/children");
  std::vector<pid_t> children;
  for (pid_t child = 0; file >> child;) children.push_back(child);
  return children;
}

}  // namespace

PrivatePostgres::PrivatePostgres(std::string folder, std::vector<std::string> settings)
    : folder_(std::move(folder)), settings_(std::move(settings)) {}

PrivatePostgres::~PrivatePostgres() {
  if (pid_ > 0) {
    ::kill(pid_, SIGCONT);
    ::kill(pid_, SIGQUIT);
    ::waitpid(pid_, nullptr, 0);
  }
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

absl::StatusOr<std::unique_ptr<PrivatePostgres>> PrivatePostgres::Start(
    const std::vector<std::string>& settings) {
  std::string folder = std::filesystem::temp_directory_path() / "dq-postgres-XXXXXX";
  if (::mkdtemp(folder.data()) == nullptr) return ErrnoError(errno, "NO_TEMP_FOLDER", folder);
  auto server = std::unique_ptr<PrivatePostgres>(new PrivatePostgres(folder, settings));
  DQ_RETURN_IF_ERROR(server->InitCluster());
  DQ_RETURN_IF_ERROR(server->Restart());
  return server;
}

absl::Status PrivatePostgres::InitCluster() {
  const Account account = ServerAccount();
  if (account.change && ::chown(folder_.c_str(), account.user, account.group) != 0) {
    return ErrnoError(errno, "NO_TEMP_FOLDER", folder_);
  }
  DQ_ASSIGN_OR_RETURN(const std::string initdb, ProgramPath("initdb"));
  const pid_t child = Spawn({initdb, "-D", folder_ + "/data", "-U", "postgres", "-A", "trust", "-E",
                             "UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions"},
                            folder_, LogPath());
  int status = 0;
  ::waitpid(child, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return absl::OkStatus();
  return MakeError(absl::StatusCode::kInternal, "INITDB_FAILED", Log());
}

absl::Status PrivatePostgres::Restart() {
  DQ_ASSIGN_OR_RETURN(const std::string postgres, ProgramPath("postgres"));
  std::vector<std::string> command = {postgres, "-D", folder_ + "/data", "-k", folder_};
  std::vector<std::string> settings = {"listen_addresses=", "fsync=off", "synchronous_commit=on",
                                       "full_page_writes=off", "max_connections=50"};
  settings.insert(settings.end(), settings_.begin(), settings_.end());
  for (const std::string& setting : settings) {
    command.push_back("-c");
    command.push_back(setting);
  }
  // A killed server's backends take a moment to notice; until then a new one refuses to start.
  const bool started = WaitUntil([&] {
    if (pid_ < 0 || ::waitpid(pid_, nullptr, WNOHANG) == pid_) {
      pid_ = Spawn(command, folder_, LogPath());
    }
    return AcceptsConnections();
  });
  if (started) return absl::OkStatus();
  return MakeError(absl::StatusCode::kInternal, "POSTGRES_DID_NOT_START", Log());
}

void PrivatePostgres::Kill9() {
  if (pid_ < 0) return;
  const std::vector<pid_t> processes = ChildrenOf(pid_);
  ::kill(pid_, SIGKILL);
  for (const pid_t process : processes) ::kill(process, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

bool PrivatePostgres::AcceptsConnections() {
  return PQping(ConnectionString("postgres").c_str()) == PQPING_OK;
}

std::string PrivatePostgres::ConnectionString(const std::string& database) const {
  return "host=" + folder_ + " user=postgres dbname=" + database;
}

absl::Status PrivatePostgres::Execute(const std::string& sql) const {
  PGconn* connection = PQconnectdb(ConnectionString("postgres").c_str());
  PGresult* result = PQexec(connection, sql.c_str());
  const bool done = PQresultStatus(result) == PGRES_COMMAND_OK;
  const std::string message = PQerrorMessage(connection);
  PQclear(result);
  PQfinish(connection);
  if (done) return absl::OkStatus();
  return MakeError(absl::StatusCode::kInternal, "SQL_FAILED", message);
}

absl::Status PrivatePostgres::PrepareTemplate(
    const std::function<absl::Status(const std::string& conninfo)>& prepare) {
  DQ_RETURN_IF_ERROR(Execute("CREATE DATABASE dq_template"));
  template_ = "dq_template";
  return prepare(ConnectionString(template_));
}

absl::StatusOr<std::string> PrivatePostgres::CreateDatabase() {
  const std::string name = "dq_" + std::to_string(++databases_);
  DQ_RETURN_IF_ERROR(Execute("CREATE DATABASE " + name + " TEMPLATE " + template_));
  return ConnectionString(name);
}

std::string PrivatePostgres::Log() const {
  std::ostringstream text;
  text << std::ifstream(LogPath()).rdbuf();
  return text.str();
}

}  // namespace dq
