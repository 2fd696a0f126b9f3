// The published rule of clusters, written down as simply as possible, against the real one on
// thousands of seeded tables of evidence.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>
#include <tuple>
#include <vector>

#include "worker/stages/dedupe/fuzzy/clustering.h"

namespace dq {
namespace {

using Evidence = std::vector<std::vector<double>>;

// Whole numbers and few of them, so that ties are common.
Evidence RandomEvidence(std::mt19937& random, size_t records) {
  Evidence evidence(records, std::vector<double>(records, 0));
  for (size_t a = 0; a < records; ++a) {
    for (size_t b = a + 1; b < records; ++b) {
      evidence[a][b] = evidence[b][a] = static_cast<double>(random() % 60) - 35;
    }
  }
  return evidence;
}

double MeanOf(const Evidence& evidence, const std::set<RecordId>& a, const std::set<RecordId>& b) {
  double sum = 0;
  for (const RecordId x : a) {
    for (const RecordId y : b) sum += std::clamp(evidence[x][y], -30.0, 30.0);
  }
  return sum / static_cast<double>(a.size() * b.size());
}

std::vector<RecordId> NaiveClusters(const Evidence& evidence, const ClusterRules& rules) {
  const auto records = static_cast<RecordId>(evidence.size());
  std::vector<std::set<RecordId>> cluster_of(records);
  std::vector<std::tuple<double, RecordId, RecordId>> strongest;
  for (RecordId a = 0; a < records; ++a) {
    cluster_of[a] = {a};
    for (RecordId b = a + 1; b < records; ++b) {
      if (evidence[a][b] > 0) strongest.push_back({-evidence[a][b], a, b});
    }
  }
  std::sort(strongest.begin(), strongest.end());
  for (const auto& [bits, a, b] : strongest) {
    const std::set<RecordId> left = cluster_of[a];
    const std::set<RecordId> right = cluster_of[b];
    if (left == right) continue;
    const bool lone = left.size() + right.size() == 2;
    if (!lone && (rules.pairs_only || MeanOf(evidence, left, right) < rules.joint_evidence_min)) {
      continue;
    }
    std::set<RecordId> both = left;
    both.insert(right.begin(), right.end());
    for (const RecordId record : both) cluster_of[record] = both;
  }
  std::vector<RecordId> leaders;
  for (const auto& cluster : cluster_of) leaders.push_back(*cluster.begin());
  return leaders;
}

TEST(ClusterRecords, AreThoseOfTheRuleAsPublished) {
  for (uint32_t seed = 0; seed < 5000; ++seed) {
    std::mt19937 random(seed);
    const size_t records = 2 + random() % 8;  // Up to 8 members speak for themselves.
    const Evidence evidence = RandomEvidence(random, records);
    const ClusterRules rules{.joint_evidence_min = static_cast<double>(random() % 12) - 4,
                             .pairs_only = random() % 4 == 0};
    std::vector<MatchedPair> matched;
    for (RecordId a = 0; a < records; ++a) {
      for (RecordId b = a + 1; b < records; ++b) {
        if (evidence[a][b] > 0)
          matched.push_back({MakePair(a, b), static_cast<float>(evidence[a][b])});
      }
    }
    std::shuffle(matched.begin(), matched.end(), random);
    EXPECT_EQ(ClusterRecords(records, matched, rules,
                             [&](RecordId a, RecordId b) { return evidence[a][b]; }),
              NaiveClusters(evidence, rules))
        << "seed " << seed;
  }
}

}  // namespace
}  // namespace dq
