// Opens a file as a table: finds its form and puts the reader for it together. Stateless.
#pragma once

#include <cstddef>
#include <memory>

#include "absl/status/statusor.h"
#include "worker/table/input_choice.h"
#include "worker/table/read_options.h"
#include "worker/table/row_reader.h"

namespace dq {

// Finds out what `choice` leaves open; the first pass can begin. A packed file is read once for its
// encoding where its beginning is ASCII, until there is more than that. `fd` must outlive the
// reader. UNSUPPORTED_FORMAT: no regular file, or no format that is read here; CANCELLED; else
// errors of the readers.
absl::StatusOr<std::unique_ptr<RowReader>> OpenTable(int fd, const InputChoice& choice,
                                                     const ReadOptions& read = {});

}  // namespace dq
