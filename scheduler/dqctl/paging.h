// Reads a list of the API page by page. Header only, stateless.
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "common/base/status_macros.h"

namespace dq::dqctl {

inline constexpr int kPageSizeMax = 1000;

// Returns the first `limit` records: calls `fetch(request)` until the last page or the limit, and
// takes the records that `records_of(response)` returns from each.
template <typename Record, typename Request, typename Fetch, typename RecordsOf>
absl::StatusOr<std::vector<Record>> ListUpTo(int limit, Request request, const Fetch& fetch,
                                             const RecordsOf& records_of) {
  std::vector<Record> records;
  do {
    const int left = limit - static_cast<int>(records.size());
    request.set_page_size(std::min(left, kPageSizeMax));
    DQ_ASSIGN_OR_RETURN(const auto response, fetch(request));
    for (const Record& record : records_of(response)) {
      if (static_cast<int>(records.size()) < limit) records.push_back(record);
    }
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty() && static_cast<int>(records.size()) < limit);
  return records;
}

}  // namespace dq::dqctl
