// The program dq-worker-agent as an operator meets it: flags, errors, exit codes, signals.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <string>
#include <vector>

#include "common/base/unique_fd.h"

namespace dq {
namespace {

using testing::HasSubstr;

// One run of the program with stdout and stderr in one pipe.
class Program {
 public:
  explicit Program(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), DQ_BINARY_DIR "/bin/dq-worker-agent");
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    std::array<int, 2> ends{};
    EXPECT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
    output_.Reset(ends[0]);
    const UniqueFd write(ends[1]);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, write.get(), STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, write.get(), STDERR_FILENO);
    EXPECT_EQ(posix_spawn(&pid_, argv[0], &actions, nullptr, argv.data(), environ), 0);
    posix_spawn_file_actions_destroy(&actions);
  }

  // Reads until `text` was written or the program ended.
  void ReadUntil(const std::string& text) {
    std::array<char, 4096> buffer;
    while (output.find(text) == std::string::npos) {
      const ssize_t got = read(output_.get(), buffer.data(), buffer.size());
      if (got <= 0) return;
      output.append(buffer.data(), static_cast<size_t>(got));
    }
  }
  void Signal(int signal_number) const { kill(pid_, signal_number); }
  // Waits for the end; returns the exit status, or -1 when a signal ended it.
  int Wait() {
    ReadUntil("\xff no program writes this");
    int status = 0;
    waitpid(pid_, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  std::string output;

 private:
  UniqueFd output_;
  pid_t pid_ = -1;
};

void ExpectEnd(std::vector<std::string> arguments, int status, const std::string& text) {
  Program program(std::move(arguments));
  EXPECT_EQ(program.Wait(), status) << program.output;
  EXPECT_THAT(program.output, HasSubstr(text));
}

TEST(AgentBinary, HelpAndVersionEndWell) {
  ExpectEnd({"--help"}, 0, "Example:");
  ExpectEnd({"--version"}, 0, ".");
}

TEST(AgentBinary, AWrongFlagIsNamed) {
  ExpectEnd({}, 2, "--storage-root");
  ExpectEnd({"--storage-root", "/tmp", "--slots", "0"}, 2, "--slots");
  ExpectEnd({"--storage-root", "/tmp", "--memory-per-job", "1KiB"}, 2, "--memory-per-job");
  ExpectEnd({"--storage-root", "/tmp", "--scheduler", "nowhere"}, 2, "--scheduler");
  ExpectEnd({"--storage-root", "/tmp", "--instance", "Not An Id"}, 2, "--instance");
  ExpectEnd({"--storage-root", "/tmp", "--labels", "novalue"}, 2, "--labels");
}

TEST(AgentBinary, WhatItCannotStartWithIsATypedError) {
  ExpectEnd({"--storage-root", "/nowhere/at/all"}, 1, "STORAGE_ROOT_UNUSABLE");
  ExpectEnd({"--storage-root", "/tmp", "--child-program", "/nowhere"}, 1, "CHILD_PROGRAM_MISSING");
}

TEST(AgentBinary, AnAdminPortInUseIsATypedError) {
  const UniqueFd taken(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  ASSERT_EQ(bind(taken.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(listen(taken.get(), 1), 0);
  ASSERT_EQ(getsockname(taken.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  ExpectEnd({"--storage-root", "/tmp", "--admin-address",
             "127.0.0.1:" + std::to_string(ntohs(address.sin_port))},
            1, "PORT_IN_USE");
}

TEST(AgentBinary, AStopSignalDrainsEvenWithoutAScheduler) {
  Program program({"--storage-root", "/tmp", "--scheduler", "127.0.0.1:1"});
  program.ReadUntil("admin_port");
  program.Signal(SIGTERM);
  EXPECT_EQ(program.Wait(), 0) << program.output;
  EXPECT_THAT(program.output, HasSubstr("draining"));
}

}  // namespace
}  // namespace dq
