#include "worker/table/json/json_object.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "simdjson.h"

namespace dq {
namespace {

namespace ondemand = simdjson::ondemand;

std::string_view TrimJson(std::string_view text) {
  const size_t last = text.find_last_not_of(" \t\r\n");
  return text.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

size_t SkipDigits(std::string_view text, size_t at) {
  while (at < text.size() && text[at] >= '0' && text[at] <= '9') ++at;
  return at;
}

}  // namespace

struct JsonObject::Parsers {
  ondemand::parser lines;
  ondemand::document document;
  simdjson::dom::parser nested;

  // The text of an object or a list, checked; nullopt when it is not well formed.
  std::optional<std::string_view> Nested(ondemand::value& value) {
    std::string_view text;
    ondemand::json_type type;
    if (value.type().get(type) != simdjson::SUCCESS) return std::nullopt;
    if (type == ondemand::json_type::object) {
      ondemand::object object;
      if (value.get_object().get(object) != simdjson::SUCCESS) return std::nullopt;
      if (object.raw_json().get(text) != simdjson::SUCCESS) return std::nullopt;
    } else {
      ondemand::array array;
      if (value.get_array().get(array) != simdjson::SUCCESS) return std::nullopt;
      if (array.raw_json().get(text) != simdjson::SUCCESS) return std::nullopt;
    }
    text = TrimJson(text);
    if (!IsWellFormed(text)) return std::nullopt;
    return text;
  }

  bool IsWellFormed(std::string_view text) {
    return nested.parse(text.data(), text.size(), true).error() == simdjson::SUCCESS;
  }
};

JsonObject::JsonObject() : parsers_(std::make_unique<Parsers>()) {}
JsonObject::~JsonObject() = default;

BadRow JsonObject::Parse(char* line, size_t size) {
  fields_.clear();
  const simdjson::padded_string_view padded(line, size, size + kJsonPaddingBytes);
  if (parsers_->lines.iterate(padded).get(parsers_->document) != simdjson::SUCCESS) {
    return BadRow::kInvalidJson;
  }
  return TakeFields();
}

bool JsonObject::IsNested(std::string_view text) {
  if (!text.starts_with('{') && !text.starts_with('[')) return false;
  if (text.find_first_of("\r\n") != std::string_view::npos) return false;
  return TrimJson(text).size() == text.size() && parsers_->IsWellFormed(text);
}

BadRow JsonObject::TakeFields() {
  ondemand::object object;
  if (parsers_->document.get_object().get(object) != simdjson::SUCCESS) {
    return BadRow::kInvalidJson;
  }
  // A view of what simdjson made of a text, put back where the text stands in the line.
  const auto in_place = [](const char* raw, std::string_view text) {
    if (std::memcmp(raw, text.data(), text.size()) != 0 || raw[text.size()] != '"') {
      std::memmove(const_cast<char*>(raw), text.data(), text.size());
    }
    return std::string_view(raw, text.size());
  };
  for (auto result : object) {
    ondemand::field field;
    if (std::move(result).get(field) != simdjson::SUCCESS) return BadRow::kInvalidJson;
    const char* const raw_key = field.key().raw();
    std::string_view key;
    if (field.unescaped_key().get(key) != simdjson::SUCCESS) return BadRow::kInvalidJson;
    if (key.find('\0') != std::string_view::npos) return BadRow::kNulByte;
    JsonField taken{.key = in_place(raw_key, key), .value = {}};
    ondemand::value value = field.value();
    ondemand::json_type type;
    if (value.type().get(type) != simdjson::SUCCESS) return BadRow::kInvalidJson;
    const std::string_view token = TrimJson(value.raw_json_token());
    taken.token = token;
    switch (type) {
      case ondemand::json_type::string: {
        std::string_view text;
        if (value.get_string().get(text) != simdjson::SUCCESS) return BadRow::kInvalidJson;
        if (text.find('\0') != std::string_view::npos) return BadRow::kNulByte;
        taken.value = in_place(token.data() + 1, text);
        taken.is_text = true;
        break;
      }
      case ondemand::json_type::null:
        if (token != "null") return BadRow::kInvalidJson;
        break;
      case ondemand::json_type::boolean:
        if (token != "true" && token != "false") return BadRow::kInvalidJson;
        taken.value = token;
        break;
      case ondemand::json_type::number:
        if (!IsJsonNumber(token)) return BadRow::kInvalidJson;
        taken.value = token;
        break;
      default: {
        const auto nested = parsers_->Nested(value);
        if (!nested.has_value()) return BadRow::kInvalidJson;
        taken.value = taken.token = *nested;
      }
    }
    fields_.push_back(taken);
  }
  const bool ended = parsers_->document.current_location().error() == simdjson::OUT_OF_BOUNDS;
  return ended ? BadRow::kNone : BadRow::kInvalidJson;
}

bool IsJsonNumber(std::string_view text) {
  size_t at = text.starts_with('-') ? 1 : 0;
  const size_t whole = at;
  at = SkipDigits(text, at);
  if (at == whole || (text[whole] == '0' && at > whole + 1)) return false;
  if (at < text.size() && text[at] == '.') {
    const size_t fraction = ++at;
    at = SkipDigits(text, at);
    if (at == fraction) return false;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    const size_t exponent = at;
    at = SkipDigits(text, at);
    if (at == exponent) return false;
  }
  return at == text.size();
}

void AppendJsonText(std::string& out, std::string_view text) {
  static constexpr char kDigits[] = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte >= 0x20) {
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == '\r') {
      out += "\\r";
    } else {
      out += "\\u00";
      out += kDigits[byte >> 4];
      out += kDigits[byte & 15];
    }
  }
  out += '"';
}

}  // namespace dq
