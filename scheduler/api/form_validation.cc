#include "scheduler/api/form_validation.h"

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "scheduler/api/chain_defaults.h"

namespace dq {
namespace {

constexpr char kForm[] = "job.spec.form";
constexpr int kPartsMax = 16;
constexpr size_t kNameCharactersMax = 64;
constexpr size_t kSkipLinesDigitsMax = 7;
constexpr int kSkipLinesMax = 1'000'000;

// The parts that take one of some words.
const std::map<std::string_view, std::vector<std::string_view>>& Words() {
  static const auto* const words = new std::map<std::string_view, std::vector<std::string_view>>{
      {"format", {"auto", "csv", "tsv", "jsonl"}},
      {"encoding", {"auto", "utf-8", "utf-16le", "utf-16be", "latin-1", "windows-1252"}},
      {"header", {"yes", "no"}},
      {"skip_space", {"yes", "no"}},
      {"line_end", {"lf", "crlf", "cr"}},
      {"output_format", {"same", "csv", "tsv", "jsonl"}},
      {"output_compression", {"none", "gzip", "zstd"}},
      {"formula_guard", {"yes", "no"}},
      {"on_bad_row", {"reject", "fail", "pad"}}};
  return *words;
}

// The parts that take one character, in the order in which they are compared.
constexpr std::string_view kCharacterParts[] = {"delimiter", "quote", "escape", "comment"};

bool TakesCharacter(std::string_view name) {
  return std::find(std::begin(kCharacterParts), std::end(kCharacterParts), name) !=
         std::end(kCharacterParts);
}

// Returns the character that `text` stands for, "" for none or when it stands for no character.
std::string_view CharacterOf(std::string_view text) {
  if (text == "tab" || text == "\\t") return "\t";
  if (text == "space") return " ";
  if (text == "comma") return ",";
  if (text == "semicolon") return ";";
  if (text == "bar") return "|";
  const bool ascii = text.size() == 1 && static_cast<unsigned char>(text[0]) < 0x80;
  return ascii && text[0] != '\0' && text[0] != '\r' && text[0] != '\n' ? text : "";
}

void CheckCharacter(const std::string& name, const std::string& text, Violations& violations) {
  const bool may_be_none = name != "delimiter";
  violations.Require(!CharacterOf(text).empty() || (may_be_none && text == "none"),
                     std::string(kForm) + "." + name,
                     std::string("one ASCII character but a line end, or tab, space, comma, "
                                 "semicolon, bar") +
                         (may_be_none ? ", none" : ""));
}

void CheckSkipLines(const std::string& text, Violations& violations) {
  const bool is_number =
      !text.empty() && text.size() <= kSkipLinesDigitsMax &&
      std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  violations.Require(is_number && std::stoi(text) <= kSkipLinesMax,
                     std::string(kForm) + ".skip_lines", "a number from 0 to 1000000");
}

void CheckWord(const std::string& name, const std::string& text, Violations& violations) {
  const auto words = Words().find(name);
  const bool known = words != Words().end();
  const std::string field =
      IsPlainText(name, kNameCharactersMax) ? std::string(kForm) + "." + name : kForm;
  violations.Require(known, field, "no part of the form that this scheduler knows");
  if (!known) return;
  std::string all;
  for (const std::string_view word : words->second) {
    if (text == word) return;
    all += (all.empty() ? "one of " : ", ") + std::string(word);
  }
  violations.Require(false, field, all);
}

// One character cannot be two things.
void CheckCharactersDiffer(const std::map<std::string, std::string>& form, Violations& violations) {
  std::map<std::string_view, std::string_view> taken;
  const auto format = form.find("format");
  if (format != form.end() && format->second == "tsv" && !form.contains("delimiter")) {
    taken.emplace("\t", "delimiter");
  }
  for (const std::string_view name : kCharacterParts) {
    const auto part = form.find(std::string(name));
    if (part == form.end()) continue;
    const std::string_view character = CharacterOf(part->second);
    if (character.empty()) continue;
    const auto [first, is_new] = taken.emplace(character, name);
    violations.Require(is_new, std::string(kForm) + "." + std::string(name),
                       "the same character as the " + std::string(first->second));
  }
}

}  // namespace

void CheckFileForm(const v1::JobSpec& spec, Violations& violations) {
  if (spec.form().empty()) return;
  violations.Require(!IsNoopOnly(spec), kForm, "a pure noop chain reads no file");
  if (spec.form_size() > kPartsMax) {
    return violations.Require(false, kForm, "at most 16 parts");
  }
  const std::map<std::string, std::string> form(spec.form().begin(), spec.form().end());
  for (const auto& [name, text] : form) {
    if (TakesCharacter(name)) {
      CheckCharacter(name, text, violations);
    } else if (name == "skip_lines") {
      CheckSkipLines(text, violations);
    } else {
      CheckWord(name, text, violations);
    }
  }
  CheckCharactersDiffer(form, violations);
}

}  // namespace dq
