// What the user asked for, as plain values: one struct per command of dqctl, filled in by
// options.cc and carried out by the function Run() of the command's file. Not thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/time/time.h"

namespace dq::dqctl {

// How records are printed: for people, as proto JSON, or as one proto JSON object a line.
enum class OutputFormat { kTable, kJson, kNdjson };

// Where the scheduler is and which project is meant.
struct Connection {
  std::string address;  // "host:port".
  std::string project;  // An id, without "projects/".
};

// The form of files by hand: the names and texts of JobSpec.form.
using FileFormTexts = std::map<std::string, std::string>;

// The chain of a job and the rules for its result. Empty texts and lists mean the server's default.
struct ChainOptions {
  std::string reference;                   // A path, an id or a resource name.
  bool no_reference = false;               // Not even the project's active one.
  bool use_cached_result = false;          // An earlier result will do.
  std::vector<std::string> key;            // Columns that join the file with the reference.
  std::vector<std::string> reference_key;  // What the reference calls them; empty: the same.
  std::vector<std::string> stages;         // "complete", "dedupe", "noop".
  std::string fill;                        // "none", "reference", "dependency", "statistic".
  std::string statistic;                   // "median", "mean", "mode".
  std::vector<std::string> fill_values;    // "COLUMN=VALUE".
  std::optional<double> min_confidence;    // Of what is filled, 0 to 1.
  bool keep_intermediate = false;          // Whether the file between the stages is kept.
  std::string detect;                      // "none", "vocabulary", "evidence".
  std::vector<std::string> missing;
  std::vector<std::string> not_missing;
  std::vector<std::string> dedupe_columns;  // Those that are compared; empty: all.
  std::string match;                        // "exact", "normalised", "fuzzy".
  std::string survivor;                     // "first", "most_complete", "newest:COL".
  bool merge = false;                       // Whether survivors take over cells.
  double match_threshold = 0;     // How likely fuzzy matches are; 0: the server's default.
  std::string duplicates;         // "remove", "keep".
  std::vector<std::string> gate;  // Conditions, for example "score>=90".
  int64_t noop_ms = 0;            // How long a stage noop takes.
  FileFormTexts form;             // What is not to be found out about the files.
};

// What a job and a batch are created with alike.
struct CreationOptions {
  std::string request_id;  // Empty: chosen at random.
  std::string display_name;
  std::string queue;
  int priority = 0;
  int attempts_max = 0;  // 0: the server's default.
  std::map<std::string, std::string> labels;
};

// `dqctl clean`: upload, run, watch, fetch.
struct CleanCommand {
  std::string file;
  ChainOptions chain;
  std::string output;  // Empty: FILE's stem + ".cleaned" + its extension.
  std::string report;  // Empty: not written. The same for the others.
  std::string changes;
  std::string clusters;
  std::string rejects;
  std::string profile;
  std::string intermediate;  // What it holds is asked for in the chain too.
  bool local = false;
  bool detach = false;
  OutputFormat format = OutputFormat::kTable;
};

// `dqctl job submit`: create a job over a file that is there already, or that is uploaded first.
struct JobSubmitCommand {
  std::string input;      // A path, an id or a resource name; empty for a pure noop chain.
  std::string from_file;  // Lines of JSON, a job each, "-" for stdin; the rest says nothing then.
  ChainOptions chain;
  std::string job_id;
  CreationOptions creation;  // With from_file request_id is what request ids begin with.
  absl::Duration timeout = absl::ZeroDuration();              // Longest attempt; 0: no limit.
  absl::Duration no_progress_timeout = absl::ZeroDuration();  // 0: no limit.
  std::optional<absl::Time> not_before;
  std::optional<absl::Time> start_deadline;
  std::vector<std::string> depends_on;  // Ids or resource names.
  std::string concurrency_key;
  int concurrency_limit = 0;
  OutputFormat format = OutputFormat::kTable;
};

struct JobGetCommand {
  std::string name;
  OutputFormat format = OutputFormat::kTable;
};

struct JobListCommand {
  std::string filter;
  int limit = 50;
  OutputFormat format = OutputFormat::kTable;
};

// `dqctl job watch` (with a bar) and `dqctl job wait` (silent, with a time limit).
struct JobFollowCommand {
  std::string name;
  bool show_progress = true;
  absl::Duration timeout = absl::InfiniteDuration();
  OutputFormat format = OutputFormat::kTable;
};

// `dqctl job cancel`, `pause`, `resume` and `retry`.
struct JobActionCommand {
  enum class Kind { kCancel, kPause, kResume, kRetry, kRetryFromStart };
  Kind kind = Kind::kCancel;
  std::string name;
  std::string reason;
  OutputFormat format = OutputFormat::kTable;
};

// `dqctl batch submit`: a job for each of many files, or many over one.
struct BatchSubmitCommand {
  std::vector<std::string> files;  // Paths, ids or resource names.
  std::string folder;              // Or the files in it whose names fit `glob`.
  std::string server_folder;       // Or those in this directory of the scheduler's storage.
  std::string glob = "*";
  bool recursive = false;      // Of server_folder.
  int generate = 0;            // Or so many operations, over one file or none; 0: no.
  std::string operation_name;  // Of these.
  ChainOptions chain;
  std::string batch_id;
  CreationOptions creation;
  bool sequential = false;
  int max_parallel = 0;  // 0: no limit.
  bool stop_on_error = false;
  OutputFormat format = OutputFormat::kTable;
};

struct BatchGetCommand {
  std::string name;
  OutputFormat format = OutputFormat::kTable;
};

struct BatchListCommand {
  int limit = 50;
  OutputFormat format = OutputFormat::kTable;
};

struct BatchWatchCommand {
  std::string name;
  absl::Duration timeout = absl::InfiniteDuration();
  OutputFormat format = OutputFormat::kTable;
};

// `dqctl batch cancel`, `pause`, `resume` and `retry`.
struct BatchActionCommand {
  enum class Kind { kCancel, kPause, kResume, kRetry };
  Kind kind = Kind::kCancel;
  std::string name;
  std::string reason;
  std::string etag;  // Empty: whatever it is.
  OutputFormat format = OutputFormat::kTable;
};

// `dqctl batch results`: fetches the cleaned files.
struct BatchResultsCommand {
  std::string name;
  std::string output_dir = ".";
};

// `dqctl job delete`, `batch delete`, `file delete`.
struct DeleteCommand {
  enum class Kind { kJob, kBatch, kFile };
  Kind kind = Kind::kJob;
  std::vector<std::string> names;
  std::string reason;
  bool with_input = false;  // Of jobs: the uploads that nothing else needs, too.
  OutputFormat format = OutputFormat::kTable;
};

// When a schedule runs; empty: the server's default, or as it is.
struct ScheduleTimes {
  std::string cron;
  std::string time_zone;
  std::string overlap;                             // "skip", "queue", "cancel".
  absl::Duration catch_up = absl::ZeroDuration();  // 0: not given.
};

// `dqctl schedule create`: a job again and again, or a batch of several files.
struct ScheduleCreateCommand {
  std::vector<std::string> files;  // Paths, ids or resource names.
  ScheduleTimes times;
  bool paused = false;
  ChainOptions chain;
  std::string schedule_id;
  CreationOptions creation;
  bool sequential = false;  // Of several files, as the two below.
  int max_parallel = 0;
  bool stop_on_error = false;
  OutputFormat format = OutputFormat::kTable;
};

struct ScheduleGetCommand {
  std::string name;
  OutputFormat format = OutputFormat::kTable;
};

struct ScheduleListCommand {
  int limit = 50;
  OutputFormat format = OutputFormat::kTable;
};

struct ScheduleUpdateCommand {
  std::string name;
  ScheduleTimes times;
  OutputFormat format = OutputFormat::kTable;
};

// `dqctl schedule pause`, `resume`, `trigger` and `delete`.
struct ScheduleActionCommand {
  enum class Kind { kPause, kResume, kTrigger, kDelete };
  Kind kind = Kind::kPause;
  std::string name;
  OutputFormat format = OutputFormat::kTable;
};

struct JobEventsCommand {
  std::string name;
  OutputFormat format = OutputFormat::kTable;
};

// `dqctl report show`: of a job, or of a report's JSON file.
struct ReportShowCommand {
  std::string name;
  std::string html;  // Where the page goes; empty: none.
  OutputFormat format = OutputFormat::kTable;
};

struct ReportFindingsCommand {
  std::string name;
  int limit = 50;
  OutputFormat format = OutputFormat::kTable;
};

struct ReportClustersCommand {
  std::string name;
  int limit = 50;
  OutputFormat format = OutputFormat::kTable;
};

struct ReportChangesCommand {
  std::string name;
  std::string column;  // Empty: of all.
  int limit = 50;
  OutputFormat format = OutputFormat::kTable;
};

struct ReportColumnsCommand {
  std::string name;
  int limit = 50;
  OutputFormat format = OutputFormat::kTable;
};

struct FileUploadCommand {
  std::string path;
  std::string file_id;
  OutputFormat format = OutputFormat::kTable;
};

struct FileRegisterCommand {
  std::string uri;
  std::string file_id;
  OutputFormat format = OutputFormat::kTable;
};

struct FileListCommand {
  int limit = 50;
  OutputFormat format = OutputFormat::kTable;
};

struct FileGetCommand {
  std::string name;
  OutputFormat format = OutputFormat::kTable;
};

struct FileDownloadCommand {
  std::string name;
  std::string output;  // Empty: the file's own name, in the working directory. "-": stdout.
};

struct ReferenceAddCommand {
  std::string file;  // A path, an id or a resource name.
  std::string reference_id;
  std::vector<std::string> key;
  std::string stage;  // Empty: "complete".
  bool activate = false;
  bool skip_validation = false;
  bool no_wait = false;
  OutputFormat format = OutputFormat::kTable;
};

// `dqctl ref update`: a new version.
struct ReferenceUpdateCommand {
  std::string name;
  std::string file;              // Empty: that of the newest version.
  std::vector<std::string> key;  // Empty: those of the newest version.
  bool skip_validation = false;
  bool no_wait = false;
  OutputFormat format = OutputFormat::kTable;
};

struct ReferenceGetCommand {
  std::string name;
  OutputFormat format = OutputFormat::kTable;
};

// `dqctl ref activate` and `deactivate`.
struct ReferenceActivateCommand {
  std::string name;
  bool active = true;
  OutputFormat format = OutputFormat::kTable;
};

struct ReferenceDeleteCommand {
  std::string name;
};

struct ReferenceListCommand {
  int limit = 50;
  OutputFormat format = OutputFormat::kTable;
};

struct WorkerListCommand {
  OutputFormat format = OutputFormat::kTable;
};

// `dqctl worker drain` and `undrain`.
struct WorkerDrainCommand {
  enum class Kind { kDrain, kUndrain };
  Kind kind = Kind::kDrain;
  std::string name;
  std::string reason;
  OutputFormat format = OutputFormat::kTable;
};

struct QueueListCommand {
  OutputFormat format = OutputFormat::kTable;
};

struct QueueSetCommand {
  std::string name;
  int running_max = 0;  // 0: no limit, as below.
  int live_max = 0;
  OutputFormat format = OutputFormat::kTable;
};

struct ProjectListCommand {
  OutputFormat format = OutputFormat::kTable;
};

struct ProjectSetCommand {
  std::string name;
  int running_max = 0;
  int live_max = 0;
  int weight = 1;
  OutputFormat format = OutputFormat::kTable;
};

struct AdminStatsCommand {
  OutputFormat format = OutputFormat::kTable;
};

struct AdminConcurrencyCommand {
  std::string kind;  // "project", "queue", "key"; empty: all.
  int limit = 50;
  OutputFormat format = OutputFormat::kTable;
};

// Which stuck jobs are meant.
struct StuckOptions {
  bool all_projects = false;
  std::string diagnosis;                                  // Empty: any.
  absl::Duration no_progress_for = absl::ZeroDuration();  // 0: the server's default, as below.
  absl::Duration waiting_for = absl::ZeroDuration();
};

struct AdminStuckCommand {
  StuckOptions stuck;
  int limit = 50;
  OutputFormat format = OutputFormat::kTable;
};

// `dqctl admin recover`.
struct AdminRecoverCommand {
  std::string action;              // "release", "retry", "fail".
  std::vector<std::string> names;  // Empty: all that are stuck.
  StuckOptions stuck;
  std::string reason;
  bool force = false;
  OutputFormat format = OutputFormat::kTable;
};

// `dqctl admin bulk`.
struct AdminBulkCommand {
  std::string action;  // "cancel", "pause", "resume", "retry", "delete".
  std::string filter;
  std::string reason;
  int per_second_max = 0;  // 0: no limit.
  bool force = false;
  OutputFormat format = OutputFormat::kTable;
};

// `dqctl webhook create`.
struct WebhookCreateCommand {
  std::string url;
  std::vector<std::string> events;  // "job.completed", ...; empty: all.
  std::string webhook_id;
  std::string display_name;
  std::string secret_file;  // "-": stdin; empty: the server makes a secret.
  std::string request_id;   // Empty: chosen at random.
  OutputFormat format = OutputFormat::kTable;
};

struct WebhookListCommand {
  int limit = 50;
  OutputFormat format = OutputFormat::kTable;
};

// `dqctl webhook enable`, `delete` and `test`.
struct WebhookActionCommand {
  enum class Kind { kEnable, kDelete, kTest };
  Kind kind = Kind::kTest;
  std::string name;
  OutputFormat format = OutputFormat::kTable;
};

struct WebhookDeliveriesCommand {
  std::string name;
  int limit = 50;
  OutputFormat format = OutputFormat::kTable;
};

struct WebhookResendCommand {
  std::string name;
  std::string delivery;
  OutputFormat format = OutputFormat::kTable;
};

// `dqctl dev`: PostgreSQL, a scheduler and workers as children of this process.
struct DevCommand {
  std::string data_dir;
  int workers = 2;
  int slots = 2;
  std::string listen;      // "host:port"; port 0: a free one.
  std::string ready_file;  // Written once everything serves; empty: none.
};

struct DoctorCommand {
  OutputFormat format = OutputFormat::kTable;
};

struct VersionCommand {
  OutputFormat format = OutputFormat::kTable;
};

enum class Shell { kBash, kZsh, kFish };

struct CompletionCommand {
  Shell shell = Shell::kBash;
};

using Command = std::variant<
    CleanCommand, JobSubmitCommand, JobGetCommand, JobListCommand, JobFollowCommand,
    JobActionCommand, BatchSubmitCommand, BatchGetCommand, BatchListCommand, BatchWatchCommand,
    BatchActionCommand, QueueListCommand, QueueSetCommand, ProjectListCommand, ProjectSetCommand,
    JobEventsCommand, FileUploadCommand, FileListCommand, FileGetCommand, FileDownloadCommand,
    ReferenceAddCommand, BatchResultsCommand, ReferenceDeleteCommand, ReferenceActivateCommand,
    ReferenceGetCommand, ReferenceUpdateCommand, ReferenceListCommand, WorkerListCommand,
    WorkerDrainCommand, AdminStatsCommand, AdminConcurrencyCommand, AdminStuckCommand,
    AdminRecoverCommand, AdminBulkCommand, DeleteCommand, FileRegisterCommand, DevCommand,
    DoctorCommand, VersionCommand, ReportShowCommand, ReportFindingsCommand, ReportClustersCommand,
    ReportChangesCommand, ReportColumnsCommand, ScheduleCreateCommand, ScheduleGetCommand,
    ScheduleListCommand, ScheduleUpdateCommand, ScheduleActionCommand, CompletionCommand,
    WebhookCreateCommand, WebhookListCommand, WebhookActionCommand, WebhookDeliveriesCommand,
    WebhookResendCommand>;

}  // namespace dq::dqctl
