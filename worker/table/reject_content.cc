#include "worker/table/reject_content.h"

#include "worker/table/values/escape.h"

namespace dq {

std::string RejectContent(std::string_view row) {
  if (row.size() <= kRejectContentBytesMax) return EscapeUnprintable(row);
  size_t size = kRejectContentBytesMax;
  // Not in the middle of a character, should it be one.
  for (int i = 0; i < 3 && (row[size] & 0xC0) == 0x80; ++i) --size;
  return EscapeUnprintable(row.substr(0, size)) + " [cut, " + std::to_string(row.size()) +
         " bytes in all]";
}

}  // namespace dq
