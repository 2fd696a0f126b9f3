// An in-memory database: every port of the scheduler to one, with the semantics of the port, plus
// faults on demand. The conformance suite runs against it and against PostgreSQL, so that what the
// engine's tests prove with it holds for the real one. Thread-safe.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/base/clock.h"
#include "common/base/mutex.h"
#include "scheduler/core/batch_store.h"
#include "scheduler/core/catalog_store.h"
#include "scheduler/core/deletion_store.h"
#include "scheduler/core/job_reader.h"
#include "scheduler/core/job_store.h"
#include "scheduler/core/operator_store.h"
#include "scheduler/core/schedule_store.h"
#include "scheduler/core/webhook_store.h"

namespace dq {

// What happens to a commit instead of success.
enum class CommitFault {
  kNotWritten,         // UNAVAILABLE, nothing was written.
  kWrittenButNotTold,  // UNAVAILABLE, yet everything was written.
  kFenced,             // ABORTED FENCED, nothing was written.
};

// Refused wherever it stands in a display name, an event's message, an error's metadata, a report
// or the stage of a checkpoint: as a real database refuses what breaks a check.
inline constexpr char kUnrecordable[] = "unrecordable";

class FakeStore : public JobStore,
                  public JobReader,
                  public CatalogStore,
                  public BatchStore,
                  public DeletionStore,
                  public OperatorStore,
                  public ScheduleStore,
                  public WebhookStore {
 public:
  // `clock` is the database's clock and outlives the store.
  explicit FakeStore(const Clock& clock) : clock_(clock) {}

  // Makes the next commits fail this way, one each, in order.
  void FailNextCommits(std::vector<CommitFault> faults) EXCLUDES(mutex_);
  // While unavailable every call is answered with UNAVAILABLE DATABASE_UNAVAILABLE.
  void SetAvailable(bool available) EXCLUDES(mutex_);
  // While held, Commit() blocks before it looks at the batch.
  void HoldCommits() EXCLUDES(mutex_);
  void ReleaseCommits() EXCLUDES(mutex_);

  // The recorded jobs by key, their events (also of deleted ones), and how many commits succeeded:
  // what checkers read.
  std::map<JobKey, JobRecord> Jobs() const EXCLUDES(mutex_);
  std::map<JobKey, std::vector<JobEventRecord>> Events() const EXCLUDES(mutex_);
  int64_t CommitCount() const EXCLUDES(mutex_);

  absl::StatusOr<Leadership> AcquireLeadership(const std::string& instance,
                                               const std::string& address,
                                               absl::Duration ttl) override;
  absl::Status RenewLeadership(int64_t epoch, absl::Duration ttl) override;
  absl::Status ReleaseLeadership(int64_t epoch) override;
  std::unique_ptr<ReleaseWatch> WatchReleases() override;
  absl::StatusOr<BatchResult> Commit(const WriteBatch& batch) override;
  absl::StatusOr<LiveJobs> LoadLiveJobs(JobKey after, int limit, LoadShare share) override;
  absl::StatusOr<std::vector<JobRecord>> LoadJobs(const std::vector<JobKey>& keys,
                                                  const std::vector<JobName>& names) override;
  absl::StatusOr<std::vector<GroupLimit>> LoadLimits() override;
  absl::StatusOr<std::vector<WorkerDrain>> LoadDrains() override;
  absl::StatusOr<std::vector<WebhookPlace>> LoadWebhooks() override;
  absl::StatusOr<std::map<JobState, int64_t>> LoadStateCounts() override;

  absl::StatusOr<JobRecord> GetJob(const JobName& name) override;
  absl::StatusOr<JobRecord> GetJobByRequest(const std::string& project,
                                            const std::string& request_id) override;
  absl::StatusOr<std::vector<JobRecord>> BatchGetJobs(const std::string& project,
                                                      const std::vector<std::string>& ids) override;
  absl::StatusOr<std::vector<JobRecord>> ListJobs(const std::string& project,
                                                  const std::vector<JobFilterTerm>& filter,
                                                  JobKey before, int limit) override;
  absl::StatusOr<std::vector<JobRecord>> FindCompleted(const std::string& project,
                                                       const std::string& file_id,
                                                       const std::string& sha256,
                                                       int limit) override;
  absl::StatusOr<std::vector<JobEventRecord>> ListJobEvents(const JobName& name, int64_t after,
                                                            int limit) override;
  absl::StatusOr<std::string> GetReportJson(const JobName& name) override;

  absl::StatusOr<Created<FileRecord>> CreateFile(const FileRecord& file) override;
  absl::StatusOr<FileRecord> GetFile(const std::string& project, const std::string& id) override;
  absl::StatusOr<std::vector<FileRecord>> ListFiles(const std::string& project,
                                                    const std::string& before_id,
                                                    int limit) override;
  absl::Status DeleteFile(const std::string& project, const std::string& id) override;
  absl::StatusOr<Created<ReferenceRecord>> CreateReference(
      const ReferenceRecord& reference) override;
  absl::StatusOr<ReferenceRecord> GetReference(const std::string& project,
                                               const std::string& id) override;
  absl::StatusOr<std::vector<ReferenceRecord>> ListReferences(const std::string& project,
                                                              const std::string& before_id,
                                                              int limit) override;
  absl::StatusOr<ReferenceRecord> GetActiveReference(const std::string& project,
                                                     const std::string& stage) override;
  absl::StatusOr<std::vector<ReferenceVersion>> ListReferenceVersions(const std::string& project,
                                                                      const std::string& id,
                                                                      int limit) override;
  absl::StatusOr<ReferenceVersion> GetReferenceVersion(const std::string& project,
                                                       const std::string& id,
                                                       int32_t version) override;
  absl::Status UpdateReference(const ReferenceRecord& changed,
                               const std::optional<ReferenceVersion>& added) override;
  absl::StatusOr<std::vector<ValidatingReference>> ListValidatingReferences(
      const ValidatingReference& after, int limit) override;
  absl::Status SettleReference(const ValidatingReference& settled) override;
  absl::Status DeleteReference(const std::string& project, const std::string& id) override;
  absl::Status SaveLimit(const GroupLimit& limit, int64_t epoch) override;

  absl::StatusOr<WorkerDrain> SaveDrain(const std::string& worker, const OperatorWord& word,
                                        int64_t epoch) override;
  absl::Status EndDrain(const std::string& worker, const OperatorWord& word,
                        int64_t epoch) override;
  absl::Status AddEvent(const OperatorAction& action, const OperatorWord& word) override;
  // What AddEvent() was called with.
  std::vector<OperatorAction> OperatorActions() const EXCLUDES(mutex_);
  // From now on AddEvent() fails.
  void RefuseEvents() EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    refuses_events_ = true;
  }

  absl::StatusOr<JobDeletions> DeleteJobs(const std::vector<JobToDelete>& jobs,
                                          const DeletionOrder& order) override;
  absl::StatusOr<BatchDeletion> DeleteBatch(const std::string& project, const std::string& id,
                                            int64_t version, const DeletionOrder& order) override;
  absl::StatusOr<std::vector<StorageDebt>> LoadDebts(int64_t after, int limit) override;
  absl::StatusOr<std::vector<std::string>> ListFilesWithoutJob(const JobName& name) override;
  absl::Status PayDebt(int64_t key) override;
  absl::StatusOr<ExpiredJobs> ListExpiredJobs(absl::Duration retained, JobKey after,
                                              int limit) override;
  absl::StatusOr<ExpiredBatches> ListExpiredBatches(absl::Duration retained, BatchKey after,
                                                    int limit) override;
  absl::StatusOr<UnusedUploads> DeleteUnusedUploads(absl::Duration retained, int64_t after,
                                                    int limit) override;

  absl::StatusOr<Created<BatchRecord>> CreateBatch(
      const BatchRecord& batch, const std::vector<std::string>& requests) override;
  absl::StatusOr<BatchView> GetBatch(const std::string& project, const std::string& id) override;
  absl::StatusOr<BatchView> GetBatchByKey(BatchKey key) override;
  absl::StatusOr<BatchView> GetBatchByRequest(const std::string& project,
                                              const std::string& request_id) override;
  absl::StatusOr<std::vector<BatchView>> ListBatches(const std::string& project, BatchKey before,
                                                     int limit) override;
  absl::StatusOr<std::vector<BatchKey>> ListOpenBatches() override;
  absl::Status UpdateBatch(const BatchRecord& batch,
                           const std::vector<BatchOperation>& refused) override;
  absl::Status EndBatch(const BatchRecord& batch, BatchState state) override;
  absl::StatusOr<std::string> GetBatchSource(BatchKey key) override;
  absl::Status ExpandBatch(const BatchRecord& batch, const ExpansionPage& page) override;
  absl::StatusOr<std::vector<BatchOperation>> LoadOperations(BatchKey key, int32_t after,
                                                             int limit) override;
  absl::StatusOr<std::vector<BatchOperation>> ListRefusedOperations(BatchKey key,
                                                                    int limit) override;
  absl::StatusOr<std::vector<OperationJob>> ListOperationJobs(BatchKey key, int32_t after,
                                                              const std::vector<JobState>& states,
                                                              int limit) override;

  absl::StatusOr<Created<ScheduleRecord>> CreateSchedule(const ScheduleRecord& schedule) override;
  absl::StatusOr<ScheduleView> GetSchedule(const std::string& project,
                                           const std::string& id) override;
  absl::StatusOr<ScheduleView> GetScheduleByKey(ScheduleKey key) override;
  absl::StatusOr<ScheduleRecord> GetScheduleByRequest(const std::string& project,
                                                      const std::string& request_id) override;
  absl::StatusOr<std::vector<ScheduleRecord>> ListSchedules(const std::string& project,
                                                            ScheduleKey before, int limit) override;
  absl::Status DeleteSchedule(const std::string& project, const std::string& id) override;
  absl::Status UpdateSchedule(const ScheduleRecord& schedule,
                              const std::vector<ScheduleRun>& runs) override;
  absl::StatusOr<std::vector<ScheduleRun>> ListRuns(ScheduleKey key, int limit) override;
  absl::StatusOr<ScheduleRun> GetRunByRequest(ScheduleKey key,
                                              const std::string& request_id) override;
  absl::StatusOr<std::vector<DueSchedule>> ListDueSchedules(int limit) override;
  absl::StatusOr<RunEnds> ListRunEnds(int limit) override;
  absl::StatusOr<Created<WebhookRecord>> CreateWebhook(const WebhookRecord& webhook,
                                                       int64_t epoch) override;
  absl::StatusOr<WebhookRecord> GetWebhook(const std::string& project,
                                           const std::string& id) override;
  absl::StatusOr<std::vector<WebhookRecord>> ListWebhooks(const std::string& project) override;
  absl::StatusOr<WebhookRecord> EnableWebhook(const std::string& project,
                                              const std::string& id) override;
  absl::StatusOr<WebhookKey> DeleteWebhook(const std::string& project, const std::string& id,
                                           absl::Time now) override;
  absl::StatusOr<std::vector<WebhookDelivery>> ListDeliveries(WebhookKey webhook,
                                                              DeliveryKey before,
                                                              int limit) override;
  absl::StatusOr<WebhookDelivery> ResendDelivery(WebhookKey webhook, DeliveryKey delivery,
                                                 absl::Time now) override;
  absl::StatusOr<std::vector<DueDelivery>> LoadDueDeliveries(absl::Time now,
                                                             const std::vector<DeliveryKey>& except,
                                                             DueLimits limits) override;
  absl::StatusOr<absl::Time> NextDelivery(absl::Time now) override;
  absl::Status RecordAttempts(const std::vector<DeliveryAttempt>& attempts) override;
  absl::StatusOr<OutboxDepth> MeasureOutbox() override;
  absl::StatusOr<bool> PurgeDeliveries(absl::Time before, absl::Time now) override;

 private:
  class Watch;
  // (project, id) or (project, request id).
  using Name = std::pair<std::string, std::string>;
  struct Lead {
    int64_t epoch = 0;
    std::string instance;  // Empty: released.
    std::string address;
    absl::Time expiry = absl::InfinitePast();
  };
  // A recorded file or reference with its age: lists are newest first.
  template <typename Record>
  struct Row {
    Record record;
    int64_t age = 0;
  };
  template <typename Record>
  struct Table {
    std::map<Name, Row<Record>> rows;
    std::map<Name, std::string> id_of_request;
  };
  // A job or batch that was deleted.
  struct Deletion {
    int64_t key = 0;
    JobState state = JobState::kCompleted;
    OperatorWord word;
  };
  struct Debt {
    StorageDebt debt;  // Without kept_uris.
    std::vector<std::string> kept_ids;
  };
  struct BatchRow {
    BatchRecord record;
    std::vector<BatchOperation> operations;
    std::string source;
  };
  struct ScheduleRow {
    ScheduleRecord record;
    std::map<int64_t, ScheduleRun> runs;
  };

  // A recorded webhook; a deleted one stays until its deliveries are gone.
  struct WebhookRow {
    WebhookRecord record;
    bool is_deleted = false;
  };
  // A recorded delivery and whose it is.
  struct DeliveryRow {
    WebhookKey webhook = 0;
    WebhookDelivery delivery;
  };

  absl::Status CheckAvailableLocked() const REQUIRES(mutex_);
  absl::Status CheckEpochLocked(int64_t epoch) const REQUIRES(mutex_);
  absl::Status CheckFencesLocked(const WriteBatch& batch) const REQUIRES(mutex_);
  absl::Status CheckHeardLocked(const WriteBatch& batch) const REQUIRES(mutex_);
  // The record with what has become of its dependencies.
  JobRecord WithDependenciesLocked(JobRecord job) const REQUIRES(mutex_);
  JobRecord AsLoadedLocked(JobRecord job) const REQUIRES(mutex_);
  bool RefusesLocked(const JobUpdate& update) const REQUIRES(mutex_);
  std::set<JobKey> RefusedLocked(const WriteBatch& batch) const REQUIRES(mutex_);
  BatchResult ApplyLocked(const WriteBatch& batch) REQUIRES(mutex_);
  bool LacksResultFileLocked(const JobRecord& record) const REQUIRES(mutex_);
  InsertResult InsertLocked(const JobInsert& insert) REQUIRES(mutex_);
  void UpdateLocked(const JobUpdate& update, const WriteBatch& batch) REQUIRES(mutex_);
  void EndRefusedLocked(const WriteBatch& batch, JobKey key) REQUIRES(mutex_);
  void PublishOutputsLocked(const JobUpdate& update, absl::Time now) REQUIRES(mutex_);
  absl::StatusOr<JobKey> FindLocked(const JobName& name) const REQUIRES(mutex_);
  // Returns the newest deletion of a name; null when there is none.
  static const Deletion* FindDeletion(const std::map<Name, std::vector<Deletion>>& of,
                                      const Name& name);
  static JobDeletion JudgeAbsent(const std::map<Name, std::vector<Deletion>>& of, const Name& name,
                                 const OperatorWord& word);
  DeletionOutcome JudgeLocked(const JobRecord& job, int64_t version, bool as_operation) const
      REQUIRES(mutex_);
  // Deletes everything of a job but its history; returns the ids of files of it that stay.
  std::vector<std::string> RemoveJobLocked(JobKey key, const OperatorWord& word) REQUIRES(mutex_);
  std::vector<std::string> FilesWithoutJobLocked(const JobName& name) const REQUIRES(mutex_);
  // Whether anything names an upload, or may when an operation becomes a job.
  bool IsNamedLocked(const FileRecord& upload) const REQUIRES(mutex_);
  void OweFileLocked(const std::string& project, const std::string& uri) REQUIRES(mutex_);
  void RemoveInputsLocked(const std::string& project, const std::vector<std::string>& ids)
      REQUIRES(mutex_);
  // Whether a job but this one has the file from the job that produced it.
  bool IsSharedLocked(const Name& file, JobKey but) const REQUIRES(mutex_);
  bool IsReferencedLocked(const std::string& project, const std::string& file_id) const
      REQUIRES(mutex_);
  void EraseFileLocked(const Name& name) REQUIRES(mutex_);
  WebhookRow* FindWebhookLocked(const std::string& project, const std::string& id) REQUIRES(mutex_);
  bool IsToldLocked(const WebhookRow& webhook) const REQUIRES(mutex_);
  // Records an end for every webhook of the project that wants to hear of it.
  void AbandonLocked(WebhookKey webhook) REQUIRES(mutex_);
  void AnnounceLocked(const std::string& project, const WebhookDelivery& end) REQUIRES(mutex_);
  void AnnounceEndsLocked(const WriteBatch& batch, const JobName& name, JobKey key,
                          const std::vector<JobEventRecord>& events) REQUIRES(mutex_);
  bool MayBeSentLocked(DeliveryKey key, const DeliveryRow& row, absl::Time now) const
      REQUIRES(mutex_);
  std::optional<DeliverySubject> SubjectLocked(const WebhookDelivery& delivery) const
      REQUIRES(mutex_);
  void RecordLocked(const DeliveryAttempt& attempt) REQUIRES(mutex_);
  BatchView ViewOfLocked(const BatchRecord& batch) const REQUIRES(mutex_);
  static ScheduleView ViewOf(const ScheduleRow& row);
  // Nothing while the run goes on.
  std::optional<RunEnd> EndOfLocked(const ScheduleRecord& schedule, const ScheduleRun& run) const
      REQUIRES(mutex_);
  bool LiveJobNeedsLocked(const std::string& project,
                          const std::vector<std::string> JobRecord::*ids,
                          const std::string& id) const REQUIRES(mutex_);
  void ActivateLocked(ReferenceRecord& record) REQUIRES(mutex_);
  template <typename Record, typename SameBody>
  absl::StatusOr<Created<Record>> CreateLocked(Table<Record>& table, const Record& record,
                                               SameBody same_body) REQUIRES(mutex_);
  template <typename Record>
  std::vector<Record> ListLocked(const Table<Record>& table, const std::string& project,
                                 const std::string& before_id, int limit) const REQUIRES(mutex_);

  const Clock& clock_;
  mutable Mutex mutex_;
  CondVar released_;
  bool available_ GUARDED_BY(mutex_) = true;
  bool held_ GUARDED_BY(mutex_) = false;
  std::deque<CommitFault> faults_ GUARDED_BY(mutex_);
  Lead lead_ GUARDED_BY(mutex_);
  int64_t releases_ GUARDED_BY(mutex_) = 0;
  int64_t commits_ GUARDED_BY(mutex_) = 0;
  std::map<std::pair<GroupKind, std::string>, GroupLimit> limits_ GUARDED_BY(mutex_);
  std::map<std::string, WorkerDrain> drains_ GUARDED_BY(mutex_);
  std::vector<OperatorAction> actions_ GUARDED_BY(mutex_);
  bool refuses_events_ GUARDED_BY(mutex_) = false;
  // By epoch and sequence, of every batch that was written: to recognise a repetition.
  std::map<std::pair<int64_t, int64_t>, BatchResult> results_ GUARDED_BY(mutex_);
  std::map<JobKey, JobRecord> jobs_ GUARDED_BY(mutex_);
  std::map<JobKey, std::vector<JobEventRecord>> events_ GUARDED_BY(mutex_);
  std::map<JobName, JobKey> key_of_name_ GUARDED_BY(mutex_);
  std::map<Name, JobKey> key_of_request_ GUARDED_BY(mutex_);
  int64_t next_age_ GUARDED_BY(mutex_) = 1;
  Table<FileRecord> files_ GUARDED_BY(mutex_);
  std::map<Name, JobKey> producers_ GUARDED_BY(mutex_);  // Of produced files; 0: it is deleted.
  Table<ReferenceRecord> references_ GUARDED_BY(mutex_);
  std::map<Name, std::vector<ReferenceVersion>> reference_versions_ GUARDED_BY(mutex_);
  std::map<BatchKey, BatchRow> batches_ GUARDED_BY(mutex_);
  BatchKey next_batch_ GUARDED_BY(mutex_) = 1;
  std::map<Name, std::vector<Deletion>> deleted_jobs_ GUARDED_BY(mutex_);  // Oldest first.
  std::map<Name, std::vector<Deletion>> deleted_batches_ GUARDED_BY(mutex_);
  std::map<int64_t, Debt> debts_ GUARDED_BY(mutex_);
  int64_t next_debt_ GUARDED_BY(mutex_) = 1;
  std::map<ScheduleKey, ScheduleRow> schedules_ GUARDED_BY(mutex_);
  ScheduleKey last_schedule_ GUARDED_BY(mutex_) = 0;
  std::map<WebhookKey, WebhookRow> webhooks_ GUARDED_BY(mutex_);
  std::map<DeliveryKey, DeliveryRow> deliveries_ GUARDED_BY(mutex_);
  WebhookKey next_webhook_ GUARDED_BY(mutex_) = 1;
  DeliveryKey next_delivery_ GUARDED_BY(mutex_) = 1;
};

}  // namespace dq
