#include "worker/chain/form_settings.h"

#include <array>
#include <charconv>
#include <optional>

#include "common/base/error.h"
#include "common/base/status_macros.h"

namespace dq {
namespace {

constexpr int64_t kSkipLinesMax = 1'000'000;
constexpr std::array<std::pair<std::string_view, char>, 5> kNamedCharacters = {
    {{"tab", '\t'}, {"space", ' '}, {"comma", ','}, {"semicolon", ';'}, {"bar", '|'}}};

template <typename Enum>
using Names = std::vector<std::pair<std::string_view, Enum>>;

const Names<TextEncoding>& Encodings() {
  static const auto* const names =
      new Names<TextEncoding>{{"utf-8", TextEncoding::kUtf8},
                              {"utf-16le", TextEncoding::kUtf16Le},
                              {"utf-16be", TextEncoding::kUtf16Be},
                              {"latin-1", TextEncoding::kLatin1},
                              {"windows-1252", TextEncoding::kWindows1252}};
  return *names;
}
const Names<LineEnd>& LineEnds() {
  static const auto* const names =
      new Names<LineEnd>{{"lf", LineEnd::kLf}, {"crlf", LineEnd::kCrLf}, {"cr", LineEnd::kCr}};
  return *names;
}
const Names<bool>& YesOrNo() {
  static const auto* const names = new Names<bool>{{"yes", true}, {"no", false}};
  return *names;
}
const Names<FormulaGuard>& Guards() {
  static const auto* const names =
      new Names<FormulaGuard>{{"yes", FormulaGuard::kOn}, {"no", FormulaGuard::kOff}};
  return *names;
}
const Names<BadRowPolicy>& BadRowPolicies() {
  static const auto* const names = new Names<BadRowPolicy>{{"reject", BadRowPolicy::kReject},
                                                           {"fail", BadRowPolicy::kFail},
                                                           {"pad", BadRowPolicy::kPad}};
  return *names;
}
const Names<OutputFormat>& OutputFormats() {
  static const auto* const names = new Names<OutputFormat>{{"same", OutputFormat::kSame},
                                                           {"csv", OutputFormat::kCsv},
                                                           {"tsv", OutputFormat::kTsv},
                                                           {"jsonl", OutputFormat::kJsonLines}};
  return *names;
}
const Names<Compression>& Compressions() {
  static const auto* const names = new Names<Compression>{
      {"none", Compression::kNone}, {"gzip", Compression::kGzip}, {"zstd", Compression::kZstd}};
  return *names;
}

absl::Status BadForm(std::string_view name, std::string_view what) {
  return MakeError(absl::StatusCode::kInvalidArgument, "BAD_FIELD",
                   std::string(name) + " " + std::string(what),
                   {{"category", "configuration"}, {"field", std::string(name)}});
}

template <typename Enum, typename Target>
absl::Status Choose(std::string_view name, std::string_view text, const Names<Enum>& names,
                    Target& target) {
  std::string all;
  for (const auto& [known, value] : names) {
    if (text == known) {
      target = value;
      return absl::OkStatus();
    }
    all += (all.empty() ? "" : ", ") + std::string(known);
  }
  return BadForm(name, "takes one of " + all + ", not \"" + std::string(text) + "\"");
}

template <typename Enum>
std::string NameOf(const Names<Enum>& names, Enum value) {
  for (const auto& [name, known] : names) {
    if (known == value) return std::string(name);
  }
  return "";
}

absl::Status SetCharacter(std::string_view name, std::string_view text,
                          std::optional<char>& target) {
  for (const auto& [known, character] : kNamedCharacters) {
    if (text == known) text = std::string_view(&character, 1);
  }
  if (text == "\\t") text = "\t";
  if (text == "none" && name != "delimiter") {
    target = '\0';
    return absl::OkStatus();
  }
  const bool ascii = text.size() == 1 && static_cast<unsigned char>(text[0]) < 0x80;
  if (!ascii || std::string_view("\0\r\n", 3).find(text[0]) != std::string_view::npos) {
    return BadForm(name, "takes one ASCII character, not \"" + std::string(text) + "\"");
  }
  target = text[0];
  return absl::OkStatus();
}

absl::Status SetFormat(std::string_view text, InputChoice& input) {
  if (text == "auto") return absl::OkStatus();
  if (text == "tsv" && !input.dialect.delimiter.has_value()) input.dialect.delimiter = '\t';
  return Choose("format", text,
                Names<TableFormat>{{"csv", TableFormat::kDelimited},
                                   {"tsv", TableFormat::kDelimited},
                                   {"jsonl", TableFormat::kJsonLines}},
                input.format);
}

absl::Status SetSkipLines(std::string_view text, std::optional<int64_t>& target) {
  int64_t lines = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), lines);
  if (error != std::errc() || end != text.data() + text.size() || lines < 0 ||
      lines > kSkipLinesMax) {
    return BadForm("skip_lines", "takes a number from 0 to 1000000");
  }
  target = lines;
  return absl::OkStatus();
}

std::string CharacterText(char c) { return c == 0 ? "none" : std::string(1, c); }

}  // namespace

absl::Status SetForm(std::string_view name, std::string_view text, FormChoice& form) {
  DialectChoice& dialect = form.input.dialect;
  if (name == "format") return SetFormat(text, form.input);
  if (name == "encoding") {
    if (text == "auto") return absl::OkStatus();
    return Choose(name, text, Encodings(), form.input.encoding);
  }
  if (name == "delimiter") return SetCharacter(name, text, dialect.delimiter);
  if (name == "quote") return SetCharacter(name, text, dialect.quote);
  if (name == "escape") return SetCharacter(name, text, dialect.escape);
  if (name == "comment") return SetCharacter(name, text, dialect.comment);
  if (name == "skip_space") return Choose(name, text, YesOrNo(), dialect.skip_space);
  if (name == "header") return Choose(name, text, YesOrNo(), dialect.header);
  if (name == "line_end") return Choose(name, text, LineEnds(), dialect.line_end);
  if (name == "skip_lines") return SetSkipLines(text, dialect.skip_lines);
  if (name == "output_format") return Choose(name, text, OutputFormats(), form.output.format);
  if (name == "output_compression") {
    return Choose(name, text, Compressions(), form.output.compression);
  }
  if (name == "formula_guard") return Choose(name, text, Guards(), form.output.formula_guard);
  if (name == "on_bad_row") return Choose(name, text, BadRowPolicies(), form.on_bad_row);
  return BadForm(name, "is no part of the form of a file");
}

std::vector<std::pair<std::string, std::string>> FormSettings(const FormChoice& form) {
  std::vector<std::pair<std::string, std::string>> settings;
  const DialectChoice& dialect = form.input.dialect;
  const auto add = [&settings](const char* name, std::string text) {
    settings.emplace_back(name, std::move(text));
  };
  if (form.input.format.has_value()) {
    add("format", *form.input.format == TableFormat::kJsonLines ? "jsonl" : "csv");
  }
  if (form.input.encoding) add("encoding", NameOf(Encodings(), *form.input.encoding));
  if (dialect.delimiter) add("delimiter", CharacterText(*dialect.delimiter));
  if (dialect.quote) add("quote", CharacterText(*dialect.quote));
  if (dialect.escape) add("escape", CharacterText(*dialect.escape));
  if (dialect.comment) add("comment", CharacterText(*dialect.comment));
  if (dialect.skip_space) add("skip_space", NameOf(YesOrNo(), *dialect.skip_space));
  if (dialect.header) add("header", NameOf(YesOrNo(), *dialect.header));
  if (dialect.line_end) add("line_end", NameOf(LineEnds(), *dialect.line_end));
  if (dialect.skip_lines) add("skip_lines", std::to_string(*dialect.skip_lines));
  const OutputChoice plain;
  if (form.output.format != plain.format) {
    add("output_format", NameOf(OutputFormats(), form.output.format));
  }
  if (form.output.compression != plain.compression) {
    add("output_compression", NameOf(Compressions(), form.output.compression));
  }
  if (form.output.formula_guard != plain.formula_guard) {
    add("formula_guard", NameOf(Guards(), form.output.formula_guard));
  }
  if (form.on_bad_row != BadRowPolicy::kReject) {
    add("on_bad_row", NameOf(BadRowPolicies(), form.on_bad_row));
  }
  return settings;
}

absl::Status CheckForm(const FormChoice& form) {
  const DialectChoice& dialect = form.input.dialect;
  const std::pair<const char*, char> used[] = {{"delimiter", dialect.delimiter.value_or('\0')},
                                               {"quote", dialect.quote.value_or('\0')},
                                               {"escape", dialect.escape.value_or('\0')},
                                               {"comment", dialect.comment.value_or('\0')}};
  for (const auto& a : used) {
    for (const auto& b : used) {
      if (&a < &b && a.second != 0 && a.second == b.second) {
        return BadForm(b.first, "is the same character as the " + std::string(a.first));
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace dq
