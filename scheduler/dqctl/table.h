// A table of text in aligned columns, for people. Not thread-safe.
#pragma once

#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace dq::dqctl {

enum class Align { kLeft, kRight };

class Table {
 public:
  struct Column {
    std::string title;
    Align align = Align::kLeft;
  };

  explicit Table(std::vector<Column> columns);

  // Adds a row; cells beyond the columns are dropped, missing ones are empty. Control characters
  // become spaces, so that a value cannot break the table or steer the terminal.
  void AddRow(std::vector<std::string> cells);

  // Writes the titles (unless all are empty) and the rows, columns two spaces apart, nothing after
  // a row's last text. Widths count code points.
  void Print(std::ostream& out) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

// Returns how many code points valid UTF-8 text has.
size_t CodePoints(std::string_view text);

// Returns `number` with commas between the thousands: 1234567 → "1,234,567".
std::string WithThousands(int64_t number);

// Returns a size for people: 1536 → "1.5 KiB".
std::string HumanBytes(int64_t bytes);

}  // namespace dq::dqctl
