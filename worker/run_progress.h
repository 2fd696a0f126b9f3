// Shows the progress of `dq-worker run` on standard error. Not thread-safe.
//
// --progress json writes one JSON object a line, at most about ten a second and one at the end:
//   {"percent":42.5,"stage":"complete","stage_index":1,"stage_count":2,"rows_done":1000,
//    "bytes_done":65536,"bytes_total":131072,"current_step":"Learning what the columns hold"}
// The fields are those of dq.v1.Progress; the last line of a success has percent 100.
#pragma once

#include <memory>

#include "worker/chain/progress.h"
#include "worker/run_options.h"

namespace dq {

// Makes the sink of a style. Text is one line that is rewritten on a terminal, and nothing
// elsewhere.
std::unique_ptr<ProgressSink> MakeProgressSink(ProgressStyle style);

}  // namespace dq
