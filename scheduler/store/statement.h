// What the build embeds of sql/ and migrations/. Constants, thread-safe.
#pragma once

namespace dq::sql {

// One sql/verb_noun.sql; the name is also that of the prepared statement and seen in server logs.
struct Statement {
  const char* name;
  const char* text;
};

// One migrations/000N_name.sql.
struct Migration {
  int version;
  const char* name;
  const char* text;
};

}  // namespace dq::sql
