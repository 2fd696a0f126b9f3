#include "worker/stages/dedupe/fuzzy/clustering.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace dq {
namespace {

// Of larger clusters some members, evenly spread, speak for all.
constexpr size_t kSpeakersMax = 8;
// One pair's evidence counts at most this much in a mean.
constexpr double kBitsMax = 30;
// Progress is told once for so many pairs.
constexpr size_t kToldPairs = 4096;

class Clusters {
 public:
  explicit Clusters(size_t records) : parent_(records), members_(records) {
    std::iota(parent_.begin(), parent_.end(), RecordId{0});
  }

  RecordId Find(RecordId record) {
    while (parent_[record] != record) {
      parent_[record] = parent_[parent_[record]];
      record = parent_[record];
    }
    return record;
  }
  bool HasMembers(RecordId leader) const { return !members_[leader].empty(); }
  // All members of the cluster led by `leader`, ascending.
  std::vector<RecordId> Members(RecordId leader) const {
    std::vector<RecordId> all = {leader};
    all.insert(all.end(), members_[leader].begin(), members_[leader].end());
    return all;
  }
  void Join(RecordId a, RecordId b) {
    if (b < a) std::swap(a, b);
    parent_[b] = a;
    std::vector<RecordId> all = Members(b);
    members_[a].insert(members_[a].end(), all.begin(), all.end());
    std::sort(members_[a].begin(), members_[a].end());
    std::vector<RecordId>().swap(members_[b]);
  }

 private:
  std::vector<RecordId> parent_;
  std::vector<std::vector<RecordId>> members_;  // Of a leader, without itself.
};

std::vector<RecordId> Speakers(const std::vector<RecordId>& members) {
  if (members.size() <= kSpeakersMax) return members;
  std::vector<RecordId> speakers;
  for (size_t i = 0; i < kSpeakersMax; ++i) {
    speakers.push_back(members[i * members.size() / kSpeakersMax]);
  }
  return speakers;
}

double JointEvidence(const std::vector<RecordId>& left, const std::vector<RecordId>& right,
                     const EvidenceOf& evidence_of) {
  double sum = 0;
  const std::vector<RecordId> a = Speakers(left);
  const std::vector<RecordId> b = Speakers(right);
  for (const RecordId x : a) {
    for (const RecordId y : b) sum += std::clamp(evidence_of(x, y), -kBitsMax, kBitsMax);
  }
  return sum / static_cast<double>(a.size() * b.size());
}

}  // namespace

std::vector<RecordId> ClusterRecords(size_t records, std::vector<MatchedPair> matched,
                                     const ClusterRules& rules, const EvidenceOf& evidence_of,
                                     const ClusterProgress& go_on) {
  std::sort(matched.begin(), matched.end(), [](const MatchedPair& a, const MatchedPair& b) {
    return a.evidence != b.evidence ? a.evidence > b.evidence : a.pair < b.pair;
  });
  Clusters clusters(records);
  for (size_t i = 0; i < matched.size(); ++i) {
    const MatchedPair& match = matched[i];
    if (go_on && i % kToldPairs == 0 &&
        !go_on(static_cast<double>(i) / static_cast<double>(matched.size()))) {
      break;
    }
    const RecordId a = clusters.Find(FirstOf(match.pair));
    const RecordId b = clusters.Find(SecondOf(match.pair));
    if (a == b) continue;
    if (rules.pairs_only && (clusters.HasMembers(a) || clusters.HasMembers(b))) continue;
    const std::vector<RecordId> left = clusters.Members(a);
    const std::vector<RecordId> right = clusters.Members(b);
    if (left.size() + right.size() > 2 &&
        JointEvidence(left, right, evidence_of) < rules.joint_evidence_min) {
      continue;
    }
    clusters.Join(a, b);
  }
  std::vector<RecordId> leaders(records);
  for (RecordId record = 0; record < records; ++record) leaders[record] = clusters.Find(record);
  return leaders;
}

}  // namespace dq
