// Carries out the commands of dqctl, one function each: prints results on the console's out,
// returns the exit code of a command that did what it should, or the error of one that could not.
// Each is called once per process, from its main thread.
#pragma once

#include "absl/status/statusor.h"
#include "scheduler/dqctl/command.h"
#include "scheduler/dqctl/exit_code.h"
#include "scheduler/dqctl/session.h"

namespace dq::dqctl {

// Runs whichever command it is, prints its error if there is one, and returns the exit code.
ExitCode RunCommand(const Command& command, Session& session);

absl::StatusOr<ExitCode> Run(const CleanCommand& command, Session& session);
absl::StatusOr<ExitCode> Run(const JobSubmitCommand& command, Session& session);
absl::StatusOr<ExitCode> Run(const JobGetCommand& command, Session& session);
absl::StatusOr<ExitCode> Run(const JobListCommand& command, Session& session);
absl::StatusOr<ExitCode> Run(const JobFollowCommand& command, Session& session);
absl::StatusOr<ExitCode> Run(const JobActionCommand& command, Session& session);
absl::StatusOr<ExitCode> Run(const JobEventsCommand& command, Session& session);
absl::StatusOr<ExitCode> Run(const BatchSubmitCommand& command, Session& session);
absl::StatusOr<ExitCode> Run(const BatchGetCommand& command, Session& session);
absl::StatusOr<ExitCode> Run(const BatchListCommand& command, Session& session);
absl::StatusOr<ExitCode> Run(const BatchWatchCommand& command, Session& session);
absl::StatusOr<ExitCode> Run(const BatchActionCommand& command, Session& session);
absl::StatusOr<ExitCode> Run(const ScheduleCreateCommand& command, Session& session);
absl::StatusOr<ExitCode> Run(const ScheduleGetCommand& command, Session& session);
absl::StatusOr<ExitCode> Run(const ScheduleListCommand& command, Session& session);
absl::StatusOr<ExitCode> Run(const ScheduleUpdateCommand& command, Session& session);
absl::StatusOr<ExitCode> Run(const ScheduleActionCommand& command, Session& session);
absl::StatusOr<ExitCode> Run(const BatchResultsCommand& command, Session& session);
absl::StatusOr<ExitCode> Run(const ReportShowCommand& command, Session& session);
absl::StatusOr<ExitCode> Run(const ReportFindingsCommand& command, Session& session);
absl::StatusOr<ExitCode> Run(const ReportClustersCommand& command, Session& session);
absl::StatusOr<ExitCode> Run(const ReportChangesCommand& command, Session& session);
absl::StatusOr<ExitCode> Run(const ReportColumnsCommand& command, Session& session);
absl::StatusOr<ExitCode> Run(const FileUploadCommand& command, Session& session);
absl::StatusOr<ExitCode> Run(const FileRegisterCommand& command, Session& session);
absl::StatusOr<ExitCode> Run(const DeleteCommand& command, Session& session);
absl::StatusOr<ExitCode> Run(const FileListCommand& command, Session& session);
absl::StatusOr<ExitCode> Run(const FileGetCommand& command, Session& session);
absl::StatusOr<ExitCode> Run(const FileDownloadCommand& command, Session& session);
absl::StatusOr<ExitCode> Run(const ReferenceAddCommand& command, Session& session);
absl::StatusOr<ExitCode> Run(const ReferenceUpdateCommand& command, Session& session);
absl::StatusOr<ExitCode> Run(const ReferenceGetCommand& command, Session& session);
absl::StatusOr<ExitCode> Run(const ReferenceActivateCommand& command, Session& session);
absl::StatusOr<ExitCode> Run(const ReferenceDeleteCommand& command, Session& session);
absl::StatusOr<ExitCode> Run(const ReferenceListCommand& command, Session& session);
absl::StatusOr<ExitCode> Run(const WorkerListCommand& command, Session& session);
absl::StatusOr<ExitCode> Run(const WorkerDrainCommand& command, Session& session);
absl::StatusOr<ExitCode> Run(const AdminStatsCommand& command, Session& session);
absl::StatusOr<ExitCode> Run(const AdminConcurrencyCommand& command, Session& session);
absl::StatusOr<ExitCode> Run(const AdminStuckCommand& command, Session& session);
absl::StatusOr<ExitCode> Run(const AdminRecoverCommand& command, Session& session);
absl::StatusOr<ExitCode> Run(const AdminBulkCommand& command, Session& session);
absl::StatusOr<ExitCode> Run(const QueueListCommand& command, Session& session);
absl::StatusOr<ExitCode> Run(const QueueSetCommand& command, Session& session);
absl::StatusOr<ExitCode> Run(const ProjectListCommand& command, Session& session);
absl::StatusOr<ExitCode> Run(const ProjectSetCommand& command, Session& session);
absl::StatusOr<ExitCode> Run(const WebhookCreateCommand& command, Session& session);
absl::StatusOr<ExitCode> Run(const WebhookListCommand& command, Session& session);
absl::StatusOr<ExitCode> Run(const WebhookActionCommand& command, Session& session);
absl::StatusOr<ExitCode> Run(const WebhookDeliveriesCommand& command, Session& session);
absl::StatusOr<ExitCode> Run(const WebhookResendCommand& command, Session& session);
absl::StatusOr<ExitCode> Run(const DevCommand& command, Session& session);
absl::StatusOr<ExitCode> Run(const DoctorCommand& command, Session& session);
absl::StatusOr<ExitCode> Run(const VersionCommand& command, Session& session);
absl::StatusOr<ExitCode> Run(const CompletionCommand& command, Session& session);

}  // namespace dq::dqctl
