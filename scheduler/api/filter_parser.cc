#include "scheduler/api/filter_parser.h"

#include <charconv>
#include <cmath>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "common/base/error.h"
#include "common/base/status_macros.h"
#include "scheduler/core/state_table.h"

namespace dq {
namespace {

using Field = JobFilterTerm::Field;
using Op = JobFilterTerm::Op;

constexpr std::string_view kLabelPrefix = "labels.";
constexpr std::string_view kWorkerPrefix = "workers/";
constexpr std::pair<std::string_view, Field> kFields[] = {
    {"state", Field::kState},
    {"queue", Field::kQueue},
    {"stage", Field::kStage},
    {"worker", Field::kWorker},
    {"created_by", Field::kCreatedBy},
    {"create_time", Field::kCreateTime},
    {"end_time", Field::kEndTime},
    {"quality_score", Field::kQualityScore},
    {"error_reason", Field::kErrorReason},
    {"batch", Field::kBatch},
    {"verdict", Field::kVerdict},
};
constexpr std::pair<std::string_view, Verdict> kVerdicts[] = {
    {"NOT_EVALUATED", Verdict::kNotEvaluated},
    {"PASSED", Verdict::kPassed},
    {"FAILED", Verdict::kFailed},
};
// Longer operators first, so that "<=" is not read as "<".
constexpr std::pair<std::string_view, Op> kOps[] = {
    {"!=", Op::kNotEqual}, {"<=", Op::kLessEqual}, {">=", Op::kGreaterEqual},
    {"=", Op::kEqual},     {"<", Op::kLess},       {">", Op::kGreater},
};

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n'; }

bool IsWordCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '.' || c == '-' || c == '/' || c == ':' || c == '+';
}

bool IsOrdered(Field field) {
  return field == Field::kCreateTime || field == Field::kEndTime || field == Field::kQualityScore;
}

// Reads a filter from left to right.
class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  absl::StatusOr<std::vector<JobFilterTerm>> Parse() {
    std::vector<JobFilterTerm> terms;
    SkipSpace();
    while (at_ < text_.size()) {
      if (terms.size() == kFilterTermsMax) return Error("a filter has at most 32 terms");
      if (!terms.empty()) DQ_RETURN_IF_ERROR(ReadAnd());
      DQ_ASSIGN_OR_RETURN(JobFilterTerm term, ReadTerm());
      terms.push_back(std::move(term));
      SkipSpace();
    }
    return terms;
  }

 private:
  absl::Status Error(const std::string& what) const { return ErrorAt(at_, what); }

  static absl::Status ErrorAt(size_t position, const std::string& what) {
    return MakeError(absl::StatusCode::kInvalidArgument, "FILTER_SYNTAX",
                     "filter, byte " + std::to_string(position) + ": " + what,
                     {{"field", "filter"}, {"position", std::to_string(position)}});
  }

  void SkipSpace() {
    while (at_ < text_.size() && IsSpace(text_[at_])) ++at_;
  }

  std::string ReadWord() {
    const size_t start = at_;
    while (at_ < text_.size() && IsWordCharacter(text_[at_])) ++at_;
    return std::string(text_.substr(start, at_ - start));
  }

  absl::Status ReadAnd() {
    const size_t start = at_;
    if (ReadWord() == "AND") {
      SkipSpace();
      return absl::OkStatus();
    }
    return ErrorAt(start, "AND is expected between two terms");
  }

  absl::StatusOr<JobFilterTerm> ReadTerm() {
    JobFilterTerm term;
    DQ_RETURN_IF_ERROR(ReadField(term));
    SkipSpace();
    DQ_RETURN_IF_ERROR(ReadOp(term));
    SkipSpace();
    const size_t start = at_;
    DQ_ASSIGN_OR_RETURN(std::string value, ReadValue());
    DQ_RETURN_IF_ERROR(SetValue(std::move(value), start, term));
    return term;
  }

  absl::Status ReadField(JobFilterTerm& term) {
    const size_t start = at_;
    const std::string name = ReadWord();
    if (name.size() > kLabelPrefix.size() &&
        name.compare(0, kLabelPrefix.size(), kLabelPrefix) == 0) {
      term.field = Field::kLabel;
      term.label = name.substr(kLabelPrefix.size());
      return absl::OkStatus();
    }
    for (const auto& [known, field] : kFields) {
      if (name != known) continue;
      term.field = field;
      return absl::OkStatus();
    }
    return ErrorAt(start,
                   "a field is expected: state, queue, stage, worker, created_by, labels.KEY, "
                   "create_time, end_time, quality_score, error_reason, batch or verdict");
  }

  absl::Status ReadOp(JobFilterTerm& term) {
    for (const auto& [symbol, op] : kOps) {
      if (text_.substr(at_, symbol.size()) != symbol) continue;
      if (op != Op::kEqual && op != Op::kNotEqual && !IsOrdered(term.field)) {
        return Error("this field takes only = and !=");
      }
      term.op = op;
      at_ += symbol.size();
      return absl::OkStatus();
    }
    return Error("an operator is expected: = != < <= > >=");
  }

  absl::StatusOr<std::string> ReadValue() {
    if (at_ < text_.size() && text_[at_] == '"') return ReadQuoted();
    std::string word = ReadWord();
    if (word.empty()) return Error("a value is expected: a word, a number or \"text\"");
    return word;
  }

  absl::StatusOr<std::string> ReadQuoted() {
    const size_t start = at_++;
    std::string value;
    for (; at_ < text_.size() && text_[at_] != '"'; ++at_) {
      if (text_[at_] == '\0') return Error("a value holds no NUL");
      if (text_[at_] == '\\' && ++at_ == text_.size()) break;
      value += text_[at_];
    }
    if (at_ >= text_.size()) return ErrorAt(start, "the quote is not closed");
    ++at_;
    return value;
  }

  static absl::Status SetValue(std::string value, size_t position, JobFilterTerm& term) {
    if (term.field == Field::kQualityScore) return SetNumber(value, position, term);
    if (IsOrdered(term.field)) return SetTime(value, position, term);
    if (term.field == Field::kVerdict) return SetVerdict(value, position, term);
    if (term.field == Field::kState && !StateFromName(value).has_value()) {
      return ErrorAt(position, "'" + value + "' is not a state; write for example \"QUEUED\"");
    }
    if (term.field == Field::kWorker &&
        value.compare(0, kWorkerPrefix.size(), kWorkerPrefix) == 0) {
      value.erase(0, kWorkerPrefix.size());
    }
    if (term.field == Field::kBatch) value.erase(0, value.rfind('/') + 1);  // A resource name.
    term.text = std::move(value);
    return absl::OkStatus();
  }

  static absl::Status SetVerdict(const std::string& value, size_t position, JobFilterTerm& term) {
    for (const auto& [name, verdict] : kVerdicts) {
      if (value != name) continue;
      term.number = static_cast<double>(verdict);
      return absl::OkStatus();
    }
    return ErrorAt(position, "'" + value + "' is not a verdict: NOT_EVALUATED, PASSED or FAILED");
  }

  static absl::Status SetNumber(const std::string& value, size_t position, JobFilterTerm& term) {
    const char* end = value.data() + value.size();
    const auto [stop, error] = std::from_chars(value.data(), end, term.number);
    const bool valid = error == std::errc() && stop == end && std::isfinite(term.number);
    return valid ? absl::OkStatus() : ErrorAt(position, "'" + value + "' is not a number");
  }

  static absl::Status SetTime(const std::string& value, size_t position, JobFilterTerm& term) {
    std::string why;
    if (absl::ParseTime(absl::RFC3339_full, value, &term.time, &why)) return absl::OkStatus();
    return ErrorAt(position,
                   "'" + value + "' is not a time; write for example \"2026-11-22T03:00:00Z\"");
  }

  const std::string_view text_;
  size_t at_ = 0;
};

}  // namespace

absl::StatusOr<std::vector<JobFilterTerm>> ParseFilter(std::string_view filter) {
  if (filter.size() > kFilterBytesMax) {
    return MakeError(absl::StatusCode::kInvalidArgument, "FILTER_SYNTAX",
                     "a filter has at most 4,096 bytes",
                     {{"field", "filter"}, {"position", std::to_string(kFilterBytesMax)}});
  }
  return Parser(filter).Parse();
}

}  // namespace dq
