#include "worker/stages/complete/missing/disguise.h"

namespace dq {

std::string_view DisguiseKindName(DisguiseKind kind) {
  switch (kind) {
    case DisguiseKind::kWord:
      return "word";
    case DisguiseKind::kPhrase:
      return "phrase";
    case DisguiseKind::kSentinel:
      return "sentinel";
    case DisguiseKind::kOutOfDomain:
      return "out_of_domain";
    case DisguiseKind::kPlaceholder:
      return "placeholder";
  }
  return "";
}

}  // namespace dq
