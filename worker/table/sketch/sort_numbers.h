// Sorts numbers by their bits, some times faster than by comparing them. Stateless.
#pragma once

#include <vector>

namespace dq {

// Sorts into ascending order; -0 comes before 0. There may be no NaN. Needs as much memory again.
void SortNumbers(std::vector<double>& numbers);

}  // namespace dq
