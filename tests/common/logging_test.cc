#include "common/base/logging.h"

#include <gtest/gtest.h>

namespace dq {
namespace {

TEST(JsonEscape, EscapesWhatJsonForbids) {
  EXPECT_EQ(JsonEscape("a\"b\\c\n\t\x01"), "a\\\"b\\\\c\\n\\t\\u0001");
}

TEST(JsonEscape, KeepsValidUtf8AndReplacesTheRest) {
  EXPECT_EQ(JsonEscape("\xC3\xA9"), "\xC3\xA9");
  EXPECT_EQ(JsonEscape("\xC3"), "\xEF\xBF\xBD");
  EXPECT_EQ(JsonEscape("\xC0\xAF"), "\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(JsonEscape("\xED\xA0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
}

}  // namespace
}  // namespace dq
