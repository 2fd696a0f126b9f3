// Early return on a failed absl::Status or StatusOr. Header only, stateless.
#pragma once

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#define DQ_CONCAT_INNER(a, b) a##b
#define DQ_CONCAT(a, b) DQ_CONCAT_INNER(a, b)

// Returns the status of `expr` from the enclosing function unless it is OK.
#define DQ_RETURN_IF_ERROR(expr)                                            \
  do {                                                                      \
    if (absl::Status dq_status = (expr); !dq_status.ok()) return dq_status; \
  } while (false)

// Assigns the value of the StatusOr `expr` to `lhs` (a declaration or an lvalue), or returns its
// status.
#define DQ_ASSIGN_OR_RETURN(lhs, expr) \
  DQ_ASSIGN_OR_RETURN_INNER(DQ_CONCAT(dq_statusor_, __LINE__), lhs, expr)
#define DQ_ASSIGN_OR_RETURN_INNER(var, lhs, expr) \
  auto var = (expr);                              \
  if (!var.ok()) return std::move(var).status();  \
  lhs = std::move(var).value()
