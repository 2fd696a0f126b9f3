// Clusters resist chains: what joins must agree on the whole.
#include "worker/stages/dedupe/fuzzy/clustering.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

namespace dq {
namespace {

// Evidence by pair; pairs that are not named say -10.
class Evidence {
 public:
  Evidence& Say(RecordId a, RecordId b, float bits) {
    bits_[MakePair(a, b)] = bits;
    return *this;
  }
  std::vector<RecordId> Cluster(size_t records, const ClusterRules& rules = {}) const {
    std::vector<MatchedPair> matched;
    for (const auto& [pair, bits] : bits_) {
      if (bits > 0) matched.push_back({pair, bits});
    }
    return ClusterRecords(records, matched, rules, [this](RecordId a, RecordId b) {
      const auto found = bits_.find(MakePair(a, b));
      return found == bits_.end() ? -10.0 : double{found->second};
    });
  }

 private:
  std::map<PairKey, float> bits_;
};

TEST(ClusterRecords, AWeakLinkDoesNotChainTwoClusters) {
  Evidence evidence;
  evidence.Say(0, 1, 20).Say(2, 3, 20).Say(1, 2, 5);
  EXPECT_EQ(evidence.Cluster(4), (std::vector<RecordId>{0, 0, 2, 2}));
}

TEST(ClusterRecords, MembersThatAgreeOnTheWholeAreOneCluster) {
  Evidence evidence;
  evidence.Say(0, 1, 20).Say(2, 3, 20).Say(1, 2, 15).Say(0, 2, 12).Say(0, 3, -2).Say(1, 3, 3);
  EXPECT_EQ(evidence.Cluster(4), (std::vector<RecordId>{0, 0, 0, 0}));
}

TEST(ClusterRecords, OfTwoPartnersTheStrongerOneWinsWhenOnlyPairsMayBe) {
  Evidence evidence;
  evidence.Say(0, 2, 10).Say(1, 2, 12).Say(0, 3, 4);
  EXPECT_EQ(evidence.Cluster(4, {.joint_evidence_min = 0, .pairs_only = true}),
            (std::vector<RecordId>{0, 1, 1, 0}));
}

TEST(ClusterRecords, WithoutMatchesEveryRecordStandsAlone) {
  EXPECT_EQ(Evidence().Cluster(3), (std::vector<RecordId>{0, 1, 2}));
}

}  // namespace
}  // namespace dq
