// The words of a folded text, one after the other: what lies between blanks. Sits under everything
// in fuzzy matching that looks at words. A view; thread-safe.
#pragma once

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <string_view>

namespace dq {

class TextWords {
 public:
  class Iterator {
   public:
    explicit Iterator(std::string_view text) : rest_(text) { FindWord(); }
    std::string_view operator*() const { return rest_.substr(0, size_); }
    Iterator& operator++() {
      rest_.remove_prefix(size_);
      FindWord();
      return *this;
    }
    bool operator==(std::default_sentinel_t) const { return size_ == 0; }

   private:
    void FindWord() {
      rest_.remove_prefix(std::min(rest_.find_first_not_of(' '), rest_.size()));
      size_ = std::min(rest_.find(' '), rest_.size());
    }

    std::string_view rest_;  // From the word on.
    size_t size_ = 0;        // Of the word; 0: there is none left.
  };

  // `text` outlives the words.
  explicit TextWords(std::string_view text) : text_(text) {}
  Iterator begin() const { return Iterator(text_); }
  std::default_sentinel_t end() const { return {}; }

 private:
  std::string_view text_;
};

}  // namespace dq
