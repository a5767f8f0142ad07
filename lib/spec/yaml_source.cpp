// The text of a YAML file, before the parser.
// SPDX-License-Identifier: Apache-2.0
#include "lib/spec/yaml_source.h"

#include <algorithm>
#include <cstdio>

#include "lib/base/text.h"
#include "lib/spec/reference.h"

namespace dl {
namespace {

// What hides in ${…}; the n-th becomes character n + 1.
constexpr std::string_view hidden = "{}[],:#";

bool hides(char c) { return c > 0 && c <= static_cast<char>(hidden.size()); }

void hide_references(std::string& text) {
  size_t end = 0;
  for (size_t at = find_reference(text); at != std::string::npos; at = find_reference(text, end)) {
    end = text.find_first_of("}\n", at);
    if (end == std::string::npos) return;
    if (text[end] == '\n') continue;
    for (size_t i = at + 1; i <= end; ++i)
      if (const size_t n = hidden.find(text[i]); n != std::string_view::npos) text[i] = static_cast<char>(n + 1);
  }
}

}  // namespace

YamlSource::YamlSource(std::string_view text, std::string file) : file_(std::move(file)) {
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  text_ = text;
  starts_.push_back(0);
  for (size_t i = 0; i < text.size(); ++i)
    if (text[i] == '\n') starts_.push_back(i + 1);

  const auto refuse_at = [&](size_t offset, const std::string& what, const std::string& help) {
    const auto line = std::upper_bound(starts_.begin(), starts_.end(), offset) - starts_.begin() - 1;
    const int column = static_cast<int>(offset - starts_[static_cast<size_t>(line)]);
    throw Error(Exit::usage, {where(static_cast<int>(line), column), "", what, {}, help});
  };
  for (size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    const bool line_end = c == '\n' || (c == '\r' && i + 1 < text.size() && text[i + 1] == '\n');
    if ((c >= ' ' && c != 127) || c == '\t' || line_end) continue;
    char code[8];
    std::snprintf(code, sizeof code, "0x%02x", static_cast<unsigned>(c));
    refuse_at(i, std::string("a control character (") + code + ")", "remove it; a spec is UTF-8 text");
  }
  if (const size_t bad = invalid_utf8_at(text); bad != std::string_view::npos)
    refuse_at(bad, "bytes that are not UTF-8", "save the file as UTF-8");
  hide_references(text_);
}

std::string YamlSource::restored(std::string_view scalar) const {
  std::string out(scalar);
  for (size_t at = out.find("$\x01"); at != std::string::npos; at = out.find("$\x01", at + 2))
    for (size_t i = at + 1; i < out.size(); ++i) {
      const char c = out[i];
      if (hides(c)) out[i] = hidden[static_cast<size_t>(c - 1)];
      if (out[i] == '}') break;
    }
  return out;
}

Where YamlSource::where(int line, int column) const {
  const std::string_view text = this->line(line);
  const size_t bytes = std::min(static_cast<size_t>(std::max(column, 0)), text.size());
  if (line != cursor_.line || bytes < cursor_.bytes) cursor_ = {line, 0, 0};
  cursor_.characters += static_cast<int>(std::count_if(text.begin() + static_cast<std::ptrdiff_t>(cursor_.bytes),
                                                       text.begin() + static_cast<std::ptrdiff_t>(bytes),
                                                       [](char c) { return static_cast<unsigned char>(c) >> 6 != 2; }));
  cursor_.bytes = bytes;
  return {file_, line + 1, cursor_.characters + 1};
}

std::string_view YamlSource::line(int line) const {
  if (line < 0 || line >= lines()) return {};
  const auto i = static_cast<size_t>(line);
  const size_t start = starts_[i];
  size_t end = i + 1 < starts_.size() ? starts_[i + 1] - 1 : text_.size();
  if (end > start && text_[end - 1] == '\r') --end;
  return std::string_view(text_).substr(start, end - start);
}

bool YamlSource::quote_closed(int line, int column) const {
  if (line < 0 || line >= lines()) return true;
  size_t i = starts_[static_cast<size_t>(line)] + static_cast<size_t>(column);
  if (i >= text_.size()) return true;
  const char quote = text_[i];
  if (quote != '"' && quote != '\'') return true;
  for (++i; i < text_.size(); ++i) {
    if (quote == '"' && text_[i] == '\\') {
      ++i;
    } else if (text_[i] == quote) {
      const bool doubled = quote == '\'' && i + 1 < text_.size() && text_[i + 1] == quote;
      if (!doubled) return true;
      ++i;
    }
  }
  return false;
}

}  // namespace dl
