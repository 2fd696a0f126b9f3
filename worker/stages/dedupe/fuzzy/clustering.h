// Puts matching records together so that one weak link does not chain two entities: clusters grow
// by the strongest pairs first, and two clusters join only when their members agree with each other
// on the whole. Pure; deterministic.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "worker/stages/dedupe/fuzzy/blocking.h"

namespace dq {

// A candidate pair that is more likely a match than not.
struct MatchedPair {
  PairKey pair = 0;
  float evidence = 0;  // Bits, without the odds of a random pair.
};

struct ClusterRules {
  // Members of two clusters agree when their mean evidence is at least this.
  double joint_evidence_min = 0;
  // A cluster is one pair at most: two sources without duplicates of their own.
  bool pairs_only = false;
};

// The evidence of any two records.
using EvidenceOf = std::function<double(RecordId, RecordId)>;

// Told the share of the matched pairs that were looked at; false: the clusters are not wanted any
// more.
using ClusterProgress = std::function<bool(double share)>;

// Returns for each of `records` ids the smallest record of its cluster. `matched` in any order.
std::vector<RecordId> ClusterRecords(size_t records, std::vector<MatchedPair> matched,
                                     const ClusterRules& rules, const EvidenceOf& evidence_of,
                                     const ClusterProgress& go_on = {});

}  // namespace dq
