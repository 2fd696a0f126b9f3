// The output files of one chain and their writers. Part of the chain runner. Not thread-safe.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/task_pool.h"
#include "worker/chain/chain_runner.h"
#include "worker/table/batch_writer.h"
#include "worker/table/bytes/output_file.h"
#include "worker/table/delimited/csv_writer.h"
#include "worker/table/output_choice.h"
#include "worker/table/table_layout.h"

namespace dq {

// A side output that takes rows in the last pass only: passes before it are rehearsals.
class LastPassSink final : public RowSink {
 public:
  // `file` may be empty: then rows are not kept. The header is written by Open.
  LastPassSink(std::unique_ptr<OutputFile> file, std::span<const std::string_view> header,
               FormulaGuard guard);

  // Starts the last pass.
  absl::Status Open();
  // Goes on behind the rows of an earlier run, whose header is there already.
  void GoOn(bool has_rows);
  // Cells that are missing at the end of a row are empty.
  absl::Status Add(std::span<const std::string_view> cells) override;
  OutputFile* file() { return file_.get(); }
  // Whether a row was added in the last pass.
  bool has_rows() const { return has_rows_; }

 private:
  std::unique_ptr<OutputFile> file_;
  std::vector<std::string> header_;
  FormulaGuard guard_;
  std::unique_ptr<CsvWriter> writer_;
  bool has_rows_ = false;
};

class ChainOutputs {
 public:
  // The form of the cleaned file is the spec's; the others are CSV. The clusters file explains its
  // rows when a stage matches fuzzily.
  ChainOutputs(const ChainFiles& files, const ChainSpec& spec, TaskPool& pool);

  LastPassSink* changes() { return changes_.file() == nullptr ? nullptr : &changes_; }
  LastPassSink* clusters() { return clusters_.file() == nullptr ? nullptr : &clusters_; }
  LastPassSink* rejects() { return rejects_.file() == nullptr ? nullptr : &rejects_; }

  // Starts the last pass: writes all headers; that of the cleaned file when the input has one.
  // `number_columns` is that of MakeFormatter.
  absl::Status Open(const TableLayout& layout, const std::vector<bool>& number_columns);
  absl::Status AddCleaned(const RowBatch& batch);
  // Adds the rows that are not dropped yet to the intermediate file; nothing where there is none.
  absl::Status AddIntermediate(const RowBatch& batch);

  // How far each file is when everything is written and on the disk; no size for one that is not
  // wanted. Between two batches.
  using Places = std::array<OutputPlace, 5>;
  absl::StatusOr<Places> Sync();
  // Starts in the middle of the last pass: the files are cut to these places, and the report and
  // the profile are emptied. Errors of OutputFile::Resume. Instead of Open.
  absl::Status Resume(const TableLayout& layout, const std::vector<bool>& number_columns,
                      const Places& places, bool has_rejects, const std::function<bool()>& stop);
  // To how many cells of the cleaned file a guard against formulas was given; how many an earlier
  // run had done where this one goes on, told after Resume.
  int64_t cells_guarded() const;
  void AddGuardedBefore(int64_t cells) { guarded_before_ = cells; }
  // Empties all files, whatever an earlier run has written.
  absl::Status Clear();
  // Whether a pass can stop in the middle: what is packed cannot be gone on with.
  bool can_resume() const;
  // Ends all files but the report and the profile.
  absl::Status Finish();
  // SHA-256 of the cleaned file; "" when there is none. After Finish.
  std::string CleanedSha256() const;
  absl::Status WriteReport(std::string_view json);
  absl::Status WriteProfile(std::string_view lines);
  // Whether anything went to the rejects: rows, or lines that are none.
  bool HasRejects() const { return rejects_.has_rows(); }
  // Every file that was written.
  std::vector<ChainOutput> Written();

 private:
  std::array<OutputFile*, 5> Files();
  absl::Status FinishWriters();
  absl::Status ClearReports();
  void MakeWriters(const TableLayout& layout, const std::vector<bool>& number_columns);

  OutputChoice choice_;
  TaskPool& pool_;
  std::unique_ptr<OutputFile> cleaned_;
  std::unique_ptr<BatchWriter> cleaned_writer_;
  int64_t guarded_before_ = 0;
  std::unique_ptr<OutputFile> intermediate_;
  std::unique_ptr<BatchWriter> intermediate_writer_;
  std::unique_ptr<OutputFile> report_;
  std::unique_ptr<OutputFile> profile_;
  LastPassSink changes_;
  LastPassSink clusters_;
  LastPassSink rejects_;
};

}  // namespace dq
