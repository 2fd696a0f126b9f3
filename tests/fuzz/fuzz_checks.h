// What every fuzz target asks of the product: properties that abort the target when they do not
// hold. Stateless.
#pragma once

#include "absl/status/status.h"

namespace dq {

// Aborts, saying `what`, unless it holds.
void Check(bool holds, const char* what);
// An error has a reason and a category.
void CheckTyped(const absl::Status& status);

}  // namespace dq
