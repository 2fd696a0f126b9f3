// Fuzz targets of how delimited text is taken apart: detection and splitting.
#pragma once

#include <string_view>

namespace dq {

// Reads the bytes behind the first four, in the dialect that those say, as a naive reader would;
// every classifier of this processor finds the same structural bytes.
void ReadLikeNaive(std::string_view bytes);
// Finds the table in up to three pieces of a file, with what the first four bytes say by hand.
void FindTableInPieces(std::string_view bytes);

}  // namespace dq
