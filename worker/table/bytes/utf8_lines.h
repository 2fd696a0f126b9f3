// Tells the lines of a text that are UTF-8 from those that are not: in a file of mixed encodings
// each line is of one of them. Not thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace dq {

// Lines that hold more than ASCII. A line feed or a carriage return ends a line.
class Utf8Lines {
 public:
  // Takes the next bytes of the text.
  void Add(std::string_view bytes);
  // Ends the text: a line without an end is one.
  void End();

  // Whole lines so far: all their bytes beyond ASCII are well-formed UTF-8, or some are not.
  int64_t well_formed() const { return well_formed_; }
  int64_t others() const { return others_; }
  // The place in the text of the first character beyond ASCII of the first well-formed line; -1:
  // there is none.
  int64_t first_place() const { return first_place_; }

 private:
  void AddPart(std::string_view part);
  void EndLine();

  int64_t well_formed_ = 0;
  int64_t others_ = 0;
  int64_t first_place_ = -1;
  // Of the line at hand:
  int64_t beyond_ascii_place_ = -1;
  bool broken_ = false;
  std::string begun_;  // A character whose end has not come yet.
  int64_t place_ = 0;  // Of the next byte in the text.
};

}  // namespace dq
