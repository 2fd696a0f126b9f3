#include "tests/fuzz/fuzz_checks.h"

#include <cstdio>
#include <cstdlib>

#include "common/base/error.h"

namespace dq {

void Check(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

void CheckTyped(const absl::Status& status) {
  if (ReasonOf(status).empty() || !MetadataOf(status).contains("category")) {
    std::fprintf(stderr, "%s\n", status.ToString().c_str());
  }
  Check(!ReasonOf(status).empty(), "an error has a reason");
  Check(MetadataOf(status).contains("category"), "an error has a category");
}

}  // namespace dq
