// Stage `dedupe` when it must see all records before it decides: fuzzy matching, and survivors
// other than the first record of a cluster. Two passes: the first collects the records, the second
// drops those that do not stay. The rules are published in worker/README.md.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "worker/chain/stage.h"
#include "worker/stages/dedupe/fuzzy/fuzzy_matcher.h"
#include "worker/stages/dedupe/fuzzy/record_store.h"

namespace dq {

class ClusterStage final : public Stage {
 public:
  // What `context` points to outlives the stage.
  ClusterStage(DedupeOptions options, const StageContext& context)
      : options_(std::move(options)), context_(context) {}

  std::string_view name() const override { return "dedupe"; }
  bool learns() const override { return true; }
  // SCHEMA_INCOMPATIBLE for a column that is not there.
  absl::Status Begin(Pass pass, const std::vector<std::string>& columns) override;
  // OUT_OF_MEMORY when the records do not fit the limit.
  absl::Status Learn(const RowBatch& batch) override;
  absl::Status EndLearn() override;
  absl::Status Apply(RowBatch& batch) override;
  void Settle(const RowBatch& batch) override;
  absl::Status Finish(Report& report) override;

 private:
  std::vector<RecordId> FindEqualRecords() const;
  absl::Status WriteMember(RecordId record);

  DedupeOptions options_;
  StageContext context_;
  std::vector<std::string> columns_;
  std::optional<RecordStore> store_;
  std::vector<RecordId> equal_to_;
  std::unique_ptr<FuzzyMatcher> matcher_;
  FuzzyClusters clusters_;
  std::vector<uint32_t> sizes_;  // Of the cluster a record leads.
  RecordId next_ = 0;            // The record of the next row that is applied.
  int64_t exact_ = 0;
  int64_t normalised_ = 0;
  int64_t fuzzy_ = 0;
};

}  // namespace dq
