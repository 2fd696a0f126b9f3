#include "worker/table/delimited/dialect_detector.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "worker/table/values/ascii.h"

namespace dq {
namespace {

constexpr size_t kDelimitersMax = 8;
constexpr size_t kFinalists = 3;
constexpr double kOneColumnConfidence = 0.5;
constexpr double kQuotedEnough = 0.1;
constexpr double kSpacedEnough = 0.95;
constexpr double kTie = 0.01;
constexpr std::string_view kUsualDelimiters = ",;\t|";

// How usual a delimiter is; unusual ones have to explain the file better.
double WeightOf(char delimiter) {
  if (kUsualDelimiters.find(delimiter) != std::string_view::npos) return 1;
  if (static_cast<unsigned char>(delimiter) < 0x20) return 1;
  switch (delimiter) {
    case ' ':
    case ':':
      return 0.6;
    case '-':
    case '/':
    case '_':
      return 0.3;
    case '^':
    case '~':
      return 0.9;
    default:
      return 0.6;
  }
}

bool CanDelimit(char c) {
  const bool letter = IsLetter(c) || IsDigit(c);
  const auto byte = static_cast<unsigned char>(c);
  return byte > 0 && byte < 0x7F && !letter &&
         std::string_view("\r\n\"'`\\.").find(c) == std::string_view::npos;
}

LineEnd FindLineEnd(const SamplePiece& piece) {
  std::string_view bytes = piece.bytes;
  // A line feed may follow the last byte.
  if (!piece.ends_file && bytes.ends_with('\r')) bytes.remove_suffix(1);
  size_t lf = 0;
  size_t crlf = 0;
  size_t cr = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (bytes[i] == '\n') {
      ++lf;
      crlf += i > 0 && bytes[i - 1] == '\r' ? 1 : 0;
    } else if (bytes[i] == '\r' && (i + 1 == bytes.size() || bytes[i + 1] != '\n')) {
      ++cr;
    }
  }
  if (cr > lf) return LineEnd::kCr;
  return crlf > 0 && crlf * 2 >= lf ? LineEnd::kCrLf : LineEnd::kLf;
}

std::vector<char> Delimiters(std::string_view text) {
  std::array<size_t, 128> counts{};
  size_t lines = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < counts.size()) ++counts[byte];
    if (i > 0 && (text[i] == '\n' || text[i] == '\r') && text[i - 1] != '\n' &&
        text[i - 1] != '\r') {
      ++lines;
    }
  }
  std::vector<char> found(kUsualDelimiters.begin(), kUsualDelimiters.end());
  // The first stays in any case: without it in the text, it stands for one column.
  std::erase_if(found, [&](char c) { return c != ',' && counts[static_cast<size_t>(c)] == 0; });
  std::vector<char> others;
  for (size_t byte = 1; byte < counts.size(); ++byte) {
    const char c = static_cast<char>(byte);
    if (!CanDelimit(c) || kUsualDelimiters.find(c) != std::string_view::npos) continue;
    if (counts[byte] > 0 && counts[byte] * 4 >= lines * 3) others.push_back(c);
  }
  const auto value = [&](char c) {
    return WeightOf(c) * static_cast<double>(counts[static_cast<size_t>(c)]);
  };
  std::stable_sort(others.begin(), others.end(),
                   [&](char a, char b) { return value(a) > value(b); });
  for (size_t i = 0; i < others.size() && found.size() < kDelimitersMax; ++i) {
    found.push_back(others[i]);
  }
  return found;
}

bool Occurs(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// Whether `quote` stands where quotes stand: behind a delimiter and before one, some white space
// allowed for.
bool MayQuote(std::string_view text, char quote, char delimiter) {
  bool opens = false;
  bool closes = false;
  for (size_t at = text.find(quote); at != std::string_view::npos; at = text.find(quote, at + 1)) {
    size_t before = at;
    while (before > 0 && text[before - 1] == ' ' && delimiter != ' ') --before;
    const char left = before == 0 ? '\n' : text[before - 1];
    const char right = at + 1 < text.size() ? text[at + 1] : '\n';
    const auto ends = [&](char c) { return c == delimiter || c == '\n' || c == '\r'; };
    opens |= ends(left);
    closes |= ends(right);
    if (opens && closes) return true;
  }
  return false;
}

struct Candidate {
  Dialect dialect;
  TrialResult result;
};

double ScoreOf(const Candidate& candidate, bool chosen) {
  const TrialResult& result = candidate.result;
  if (result.width < 2) return result.score;
  double weight = chosen ? 1 : WeightOf(candidate.dialect.delimiter);
  // What cuts values in pieces does not cut the header above them.
  if (weight < 1 && result.first_width != result.width) weight *= 0.8;
  return result.score * (result.quoted >= kQuotedEnough ? std::max(weight, 0.95) : weight);
}

// Whether something else than the delimiter was said by hand to be `c`.
bool IsTaken(const DialectChoice& choice, char c) {
  return c == choice.quote || c == choice.escape || c == choice.comment;
}

// Whether one character would have to be two things.
bool IsAmbiguous(const Dialect& dialect) {
  const char signs[] = {dialect.delimiter, dialect.quote, dialect.escape, dialect.comment};
  for (const char& a : signs) {
    for (const char& b : signs) {
      if (&a < &b && a != 0 && a == b) return true;
    }
  }
  return false;
}

// All that may be meant with one delimiter and one quote, the usual first.
void AddVariants(const Dialect& base, const DialectChoice& choice, std::string_view text,
                 std::vector<Candidate>& candidates) {
  const bool spaced = base.delimiter != ' ' && base.quote != 0 &&
                      Occurs(text, std::string{base.delimiter, ' ', base.quote});
  for (const bool skip : {false, true}) {
    for (const char escape : {'\0', '\\', '"'}) {
      Dialect dialect = base;
      dialect.escape = choice.escape.value_or(escape);
      dialect.skip_space = choice.skip_space.value_or(skip);
      // A quote that is its own escape is a doubled one.
      if (dialect.escape == dialect.quote) dialect.escape = 0;
      if (IsAmbiguous(dialect)) continue;
      const bool possible =
          escape != base.quote && base.quote != 0 && Occurs(text, std::string{escape, base.quote});
      if (escape != 0 && (choice.escape.has_value() || !possible)) continue;
      if (skip && (choice.skip_space.has_value() || !spaced)) continue;
      candidates.push_back({dialect, {}});
    }
  }
}

// A table of one column is read with a delimiter that is not in it, unless the header says that
// there should be more.
char FreeDelimiter(std::string_view text, const DialectChoice& choice) {
  const std::string_view first = text.substr(0, text.find_first_of("\r\n"));
  char free = '\x1F';
  for (const char c : {'\x1F', '|', '\t', ';', ','}) {
    if (IsTaken(choice, c)) continue;
    if (text.find(c) == std::string_view::npos || first.find(c) != std::string_view::npos) free = c;
  }
  return free;
}

std::vector<Candidate> Candidates(std::string_view text, const DialectChoice& choice,
                                  LineEnd line_end) {
  std::vector<Candidate> candidates;
  std::vector<char> delimiters = Delimiters(text);
  std::erase_if(delimiters, [&](char c) { return IsTaken(choice, c); });
  if (choice.delimiter.has_value()) delimiters = {*choice.delimiter};
  if (delimiters.empty()) delimiters = {FreeDelimiter(text, choice)};
  for (const char delimiter : delimiters) {
    for (const char quote : {'"', '\'', '`', '~'}) {
      Dialect base{.delimiter = delimiter,
                   .quote = choice.quote.value_or(quote),
                   .comment = choice.comment.value_or('\0'),
                   .line_end = line_end};
      const bool first = quote == '"';
      if (!first && (choice.quote.has_value() || !MayQuote(text, quote, delimiter))) continue;
      AddVariants(base, choice, text, candidates);
    }
  }
  // What was said by hand may take all quotes.
  if (candidates.empty()) {
    AddVariants({.delimiter = delimiters.front(),
                 .quote = '\0',
                 .comment = choice.comment.value_or('\0'),
                 .line_end = line_end},
                choice, text, candidates);
  }
  return candidates;
}

void Rank(std::vector<Candidate>& candidates, std::span<const SamplePiece> pieces, bool chosen) {
  for (Candidate& candidate : candidates) {
    candidate.result = TryDialect(candidate.dialect, pieces);
    candidate.result.score = ScoreOf(candidate, chosen);
  }
  // Candidates come in the order of what is usual, which decides between (nearly) equal ones.
  for (size_t i = 1; i < candidates.size(); ++i) {
    for (size_t j = i; j > 0 && candidates[j].result.score > candidates[j - 1].result.score + kTie;
         --j) {
      std::swap(candidates[j], candidates[j - 1]);
    }
  }
}

}  // namespace

DetectedDialect DetectDialect(std::span<const SamplePiece> pieces, const DialectChoice& choice) {
  const bool chosen = choice.delimiter.has_value();
  SamplePiece start = pieces.front();
  start.bytes.remove_prefix(std::min(start.bytes.find_first_not_of("\r\n"), start.bytes.size()));
  const LineEnd line_end = choice.line_end.value_or(FindLineEnd(start));
  std::vector<Candidate> candidates = Candidates(start.bytes, choice, line_end);
  Rank(candidates, {&start, 1}, chosen);
  if (pieces.size() > 1) {
    candidates.resize(std::min(candidates.size(), kFinalists));
    std::vector<SamplePiece> all(pieces.begin(), pieces.end());
    all.front() = start;
    Rank(candidates, all, chosen);
  }
  Candidate& best = candidates.front();
  if (best.result.width < 2 && !chosen) {
    best.dialect.delimiter = FreeDelimiter(start.bytes, choice);
    if (best.dialect.quote == best.dialect.delimiter) best.dialect.quote = 0;
  }
  if (!choice.skip_space.has_value() && best.dialect.delimiter != ' ' &&
      best.dialect.delimiter != '\t' && best.result.spaced >= kSpacedEnough) {
    best.dialect.skip_space = true;
  }
  DetectedDialect detected{.dialect = best.dialect, .width = best.result.width};
  detected.confidence = best.result.width < 2 ? kOneColumnConfidence : best.result.agree;
  if (candidates.size() > 1 && candidates[1].result.width > 1 && best.result.score > 0) {
    const double ratio = std::min(1.0, candidates[1].result.score / best.result.score);
    detected.runner_up = candidates[1].dialect;
    detected.runner_up_confidence = detected.confidence * ratio / 2;
    detected.confidence -= detected.confidence * ratio * ratio * ratio / 2;
  }
  if (chosen) detected.confidence = 1;
  return detected;
}

}  // namespace dq
