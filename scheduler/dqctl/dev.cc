#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <utility>

#include "common/base/error.h"
#include "common/base/host_port.h"
#include "common/base/status_macros.h"
#include "scheduler/dqctl/dev_fleet.h"
#include "scheduler/dqctl/new_file.h"
#include "scheduler/dqctl/programs.h"
#include "scheduler/dqctl/run.h"

namespace dq::dqctl {
namespace {

constexpr absl::Duration kMendInterval = absl::Milliseconds(200);

absl::StatusOr<std::string> DataFolder(const DevCommand& command, const Session& session) {
  if (!command.data_dir.empty()) return command.data_dir;
  if (const std::string base = session.environment("XDG_DATA_HOME"); !base.empty()) {
    return base + "/dq/dev";
  }
  const std::string home = session.environment("HOME");
  if (!home.empty()) return home + "/.local/share/dq/dev";
  return MakeError(absl::StatusCode::kInvalidArgument, "USAGE",
                   "HOME is not set: say where the data goes with --data-dir");
}

// Returns a port of 127.0.0.1 that nobody listens on now.
absl::StatusOr<int> FreePort() {
  const UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (!fd || ::bind(fd.get(), generic, size) != 0 || ::getsockname(fd.get(), generic, &size) != 0) {
    return ErrnoError(errno, "LISTEN_FAILED", "cannot find a free port");
  }
  return ntohs(address.sin_port);
}

// Returns the address to serve on, its port chosen and known to be free.
absl::StatusOr<std::string> ServeAddress(const DevCommand& command) {
  const std::string wanted = command.listen.empty() ? kAddressDefault : command.listen;
  DQ_ASSIGN_OR_RETURN(HostPort address, ParseHostPort(wanted));
  if (address.port != 0) {
    if (const absl::Status status = ProbeListen(address); !status.ok()) {
      return MakeError(status.code(), ReasonOf(status),
                       MessageOf(status) + " (--listen 127.0.0.1:0 takes a free one)");
    }
    return wanted;
  }
  DQ_ASSIGN_OR_RETURN(address.port, FreePort());
  return wanted.substr(0, wanted.rfind(':') + 1) + std::to_string(address.port);
}

absl::Status WriteText(const std::string& path, const std::string& text) {
  DQ_ASSIGN_OR_RETURN(NewFile file, NewFile::Create(path));
  DQ_RETURN_IF_ERROR(file.Append(text));
  return file.Commit("");
}

void RemoveStateFiles(const DevCommand& command, const DevFolder& folder) {
  std::error_code ignored;
  std::filesystem::remove(folder.state_file(), ignored);
  if (!command.ready_file.empty()) std::filesystem::remove(command.ready_file, ignored);
}

void PrintReady(const FleetOptions& options, const DevFolder& folder, const Console& console) {
  const bool is_default = options.address == kAddressDefault;
  console.out << "dq is ready at " << options.address << "\n  data     " << folder.path()
              << "\n  logs     " << folder.path() << "/logs\n  workers  " << options.workers
              << " with " << options.slots << " slots each\n\nNext, in another terminal:\n";
  if (!is_default) console.out << "  export DQ_ADDRESS=" << options.address << "\n";
  console.out << "  dqctl clean FILE.csv\n  dqctl job list\n\n"
              << "Ctrl-C stops everything; the data is kept.\n";
  console.out.flush();
}

absl::Status Serve(DevFleet& fleet, const DevCommand& command, const FleetOptions& options,
                   const DevFolder& folder, Session& session) {
  DQ_RETURN_IF_ERROR(fleet.Start());
  DQ_RETURN_IF_ERROR(WriteText(folder.state_file(), fleet.StateJson()));
  if (!command.ready_file.empty()) {
    DQ_RETURN_IF_ERROR(WriteText(command.ready_file, options.address + "\n"));
  }
  PrintReady(options, folder, session.console);
  while (!session.interrupt.Sleep(kMendInterval)) {
    if (fleet.Mend()) DQ_RETURN_IF_ERROR(WriteText(folder.state_file(), fleet.StateJson()));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ExitCode> Run(const DevCommand& command, Session& session) {
  FleetOptions options;
  options.workers = command.workers;
  options.slots = command.slots;
  const std::string path = session.environment("PATH");
  DQ_ASSIGN_OR_RETURN(options.scheduler_program,
                      FindProgram("dq-scheduler", session.program_folder, path));
  DQ_ASSIGN_OR_RETURN(options.worker_program,
                      FindProgram("dq-worker", session.program_folder, path));
  DQ_ASSIGN_OR_RETURN(const std::string data, DataFolder(command, session));
  DQ_ASSIGN_OR_RETURN(const DevFolder folder, DevFolder::Open(data));
  DQ_ASSIGN_OR_RETURN(options.address, ServeAddress(command));
  DQ_ASSIGN_OR_RETURN(const DevDatabase database, DevDatabase::Prepare(folder));
  DevFleet fleet(options, folder, database, session);
  RemoveStateFiles(command, folder);  // Those of one that was killed.
  const absl::Status status = Serve(fleet, command, options, folder, session);
  session.console.err << "dev: stopping" << std::endl;
  fleet.Stop();
  RemoveStateFiles(command, folder);
  DQ_RETURN_IF_ERROR(status);
  return ExitCode::kOk;
}

}  // namespace dq::dqctl
