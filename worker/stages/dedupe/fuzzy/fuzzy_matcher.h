// Decides which records are the same though they differ: compares, learns a model without labels,
// clusters. The whole of fuzzy matching behind one call. Deterministic; one call at a time.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "worker/chain/report.h"
#include "worker/chain/stage.h"
#include "worker/chain/taken_bytes.h"
#include "worker/stages/dedupe/fuzzy/blocking.h"
#include "worker/stages/dedupe/fuzzy/clustering.h"
#include "worker/stages/dedupe/fuzzy/long_work.h"
#include "worker/stages/dedupe/fuzzy/pair_scorer.h"
#include "worker/stages/dedupe/fuzzy/record_groups.h"

namespace dq {

struct FuzzyClusters {
  std::vector<RecordId> leader_of;  // For every record the first record of its cluster.
  int64_t pairs_compared = 0;
};

class FuzzyMatcher {
 public:
  // `store`, `equal_to` and what `context` points to outlive the matcher. `equal_to[r]` is the
  // first record that equals r after folding, r itself when there is none before. Records match
  // that are at least as likely the same as `threshold` says, above 0 and below 1.
  FuzzyMatcher(RecordStore& store, const std::vector<RecordId>& equal_to, double threshold,
               const StageContext& context);

  // CANCELLED when `stop` says so; OUT_OF_MEMORY.
  absl::StatusOr<FuzzyClusters> Run();

  // After Run: how likely the records are the same, 0 to 1.
  double Confidence(RecordId a, RecordId b) const;
  // After Run: the evidence by field, "name +12.1, city -3.0", in bits, strongest first.
  std::string Explain(RecordId a, RecordId b, const std::vector<std::string>& columns) const;
  // After Run: what was compared and learned; nothing when there was nothing to compare.
  std::optional<ReportMatching> Describe(const std::vector<std::string>& columns) const;
  // After Run: what was not looked at, a sentence each; `columns` are the names of the file's.
  std::vector<std::string> Limits(const std::vector<std::string>& columns) const;

 private:
  // What one attempt gives.
  struct Attempt {
    std::vector<RecordId> leader_of;
    int64_t pairs_compared = 0;
    double pairs_possible = 0;
    size_t learned_step = 1;  // The model is learned from every so many-th pair.
    int64_t joined = 0;
  };

  absl::StatusOr<Attempt> Try(const PairScope& scope);
  absl::StatusOr<std::vector<MatchedPair>> Score(const std::vector<PairKey>& pairs,
                                                 double odds_min);
  std::vector<RecordId> Cluster(const std::vector<MatchedPair>& matched, const PairScope& scope,
                                double odds_min);
  static size_t LearnedStep(const Candidates& candidates);
  absl::Status Learn(const PairScope& scope, const Candidates& candidates);
  absl::Status LearnGroups(const PairScope& scope, ModelInput& input);
  absl::Status MeasureStanding(const std::vector<PairKey>& pairs);
  // Calls `work` for parts of so many pairs, on all threads.
  absl::Status InParts(size_t pairs,
                       const std::function<void(size_t part, size_t begin, size_t end)>& work);
  absl::StatusOr<std::vector<Pattern>> Compare(const std::vector<PairKey>& pairs, size_t step);
  std::vector<PairKey> RandomPairs(const PairScope& scope) const;
  bool SourcesRepeatThemselves(RecordId split) const;

  RecordStore& store_;
  const std::vector<RecordId>& equal_to_;
  double threshold_;
  double odds_min_;  // Above which records match, in bits.
  StageContext context_;
  LongWork work_;
  TakenBytes records_bytes_;
  std::vector<RecordId> records_;  // Those that equal none before.
  std::unique_ptr<RecordComparison> comparison_;
  std::vector<RecordGroups> groups_;  // Without patterns.
  MatchModel model_;
  std::unique_ptr<PairScorer> scorer_;
  Attempt attempt_;  // The one that counts; its clusters are given away.
};

}  // namespace dq
