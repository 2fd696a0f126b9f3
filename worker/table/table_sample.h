// Looks at pieces of a file to find out how its table is written and where it begins. Stateless.
#pragma once

#include <cstddef>

#include "absl/status/statusor.h"
#include "worker/table/bytes/byte_source.h"
#include "worker/table/delimited/dialect_choice.h"
#include "worker/table/table_layout.h"

namespace dq {

// The beginning of a file is looked at by the first, doubled until it is enough, up to the last;
// of the middle and the end of a long file so much.
inline constexpr size_t kSampleBytes = size_t{64} << 10;
inline constexpr size_t kSampleBytesMax = size_t{64} << 20;
inline constexpr size_t kGlanceBytes = size_t{32} << 10;

// Finds the layout of the table in `source`, which is left at any position: rewind it. Errors are
// those of FindTable and of the source.
absl::StatusOr<TableLayout> SampleTable(ByteSource& source, const DialectChoice& choice);

}  // namespace dq
