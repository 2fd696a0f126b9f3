// Clears away what an earlier run of a command left where this one writes nothing: it would be
// taken for this run's. Stateless and thread-safe.
#pragma once

#include <string>

namespace dq {

// Removes the file at `path` when it is a regular one, no link, whose bytes begin with `beginning`:
// that is how the command's own files are told from a person's. Anything else is left alone, and so
// is a file that cannot be read or removed.
void RemoveEarlierFile(const std::string& path, const std::string& beginning);

}  // namespace dq
