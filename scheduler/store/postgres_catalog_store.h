// CatalogStore on PostgreSQL. Thread-safe.
#pragma once

#include "scheduler/core/catalog_store.h"
#include "scheduler/store/resource_pool.h"
#include "scheduler/store/session.h"

namespace dq {

class PostgresCatalogStore : public CatalogStore {
 public:
  // `cell` names the leadership row; `sessions` outlives the store.
  PostgresCatalogStore(std::string cell, ResourcePool<Session>& sessions)
      : cell_(std::move(cell)), sessions_(sessions) {}

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

 private:
  const std::string cell_;
  ResourcePool<Session>& sessions_;
};

}  // namespace dq
