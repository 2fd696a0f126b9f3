// The product as users run it: a scheduler and workers as real processes on free ports, over a
// database of its own and a temporary storage root, driven through dqctl. Intervals are short, so
// that faults are noticed in moments. What the processes logged is printed when a test fails. Not
// thread-safe.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/process.h"

namespace dq {

struct ClusterOptions {
  int workers = 1;
  int slots = 2;
  std::map<std::string, std::string> scheduler_flags;  // Instead of, or beside, the usual ones.
  std::vector<std::string> worker_flags = {};          // Beside the usual ones.
};

class Cluster {
 public:
  // Starts everything and returns once all workers are connected; else fails the test.
  explicit Cluster(ClusterOptions options = {});
  // Kills everything and removes the folder.
  ~Cluster();
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;

  // Starts the scheduler again, on the same port, and waits until it serves.
  void RestartScheduler();
  // Starts worker `index` again as a new instance.
  void RestartWorker(size_t index);
  Process& scheduler() { return *scheduler_; }
  Process& worker(size_t index) { return *workers_[index]; }

  // Runs dqctl against this cluster.
  ProgramResult Ctl(const std::vector<std::string>& arguments) const;
  // Runs a program of the product as it is, for example to see it fail to start.
  ProgramResult Run(const std::string& program, const std::vector<std::string>& arguments) const;
  // Returns the flags with which another scheduler of this cluster would start.
  std::vector<std::string> SchedulerFlags() const;

  const std::string& address() const { return address_; }    // host:port of the API.
  const std::string& database() const { return database_; }  // Connection string.
  std::string storage_root() const { return folder_ + "/storage"; }
  // Runs SQL on the cluster's database, for states that the product does not make itself.
  void ExecuteSql(const std::string& sql) const;
  // Writes a file into the cluster's folder and returns its path.
  std::string WriteFile(const std::string& name, const std::string& content) const;
  // Returns what all workers have logged so far.
  std::string WorkerLogs() const;
  // Returns a path in the cluster's folder.
  std::string Path(const std::string& name) const { return folder_ + "/" + name; }

 private:
  void StartScheduler();
  std::unique_ptr<Process> StartProgram(const std::string& program, const std::string& log,
                                        std::vector<std::string> arguments) const;
  bool Serves() const;
  bool WorkersAreConnected() const;
  void PrintLogs() const;

  const ClusterOptions options_;
  const std::string folder_;
  const std::string database_;
  std::string address_;
  std::unique_ptr<Process> scheduler_;
  std::vector<std::unique_ptr<Process>> workers_;
  std::vector<std::string> instances_;  // Of the workers.
  int starts_ = 0;
};

}  // namespace dq
