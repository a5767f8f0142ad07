// Syntax errors of YAML: the common ones recognised from the lines at the place.
// SPDX-License-Identifier: Apache-2.0
#include "lib/spec/yaml_syntax.h"

#include <yaml-cpp/exceptions.h>

#include <algorithm>

#include "lib/base/text.h"

namespace dl {
namespace {

namespace said = YAML::ErrorMsg;

bool word_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

size_t indentation(std::string_view line) { return std::min(line.find_first_not_of(' '), line.size()); }

bool blank_or_comment(std::string_view line) {
  line = trim(line);
  return line.empty() || line[0] == '#';
}

// Without indentation and dashes of list items.
std::string_view entry_of(std::string_view line) {
  line = trim(line);
  while (line.starts_with("- ")) line = trim(line.substr(2));
  return line;
}

int last_line_before(const YamlSource& source, int line) {
  do --line;
  while (line >= 0 && blank_or_comment(source.line(line)));
  return line;
}

// The column of a tab in the indentation, or npos.
size_t tab_in_indentation(std::string_view line) {
  const size_t first = line.find_first_not_of(" \t");
  return line.substr(0, std::min(first, line.size())).find('\t');
}

// "lr:0.1": the length of the key; 0 where the line is not so.
size_t key_without_space(std::string_view entry) {
  size_t end = 0;
  while (end < entry.size() && word_character(entry[end])) ++end;
  const bool colon = end > 0 && end + 1 < entry.size() && entry[end] == ':';
  return colon && entry[end + 1] != ' ' && entry[end + 1] != '/' ? end : 0;
}

// Something on this line or the one before it that explains an error at `line`; empty where nothing does.
std::optional<Problem> from_line(const YamlSource& source, int line) {
  const std::string_view text = source.line(line), entry = entry_of(text);
  if (const size_t tab = tab_in_indentation(text); tab != std::string_view::npos && !blank_or_comment(text))
    return Problem{source.where(line, static_cast<int>(tab)), "", "a tab in the indentation", {}, "indent with spaces"};
  if (const size_t end = key_without_space(entry); end > 0) {
    const std::string key(entry.substr(0, end)), value(entry.substr(end + 1));
    const auto column = static_cast<int>(entry.data() - text.data() + static_cast<std::ptrdiff_t>(end));
    return Problem{source.where(line, column),
                   "",
                   "a space is missing after ':'",
                   {},
                   "write '" + key + ": " + shortened(source.restored(value)) + "'"};
  }
  return {};
}

bool list_item(std::string_view line) {
  line = trim(line);
  return line.starts_with("- ") || line == "-";
}

// "-relu" among the items of a list, and "relu" without a dash: what the line should be.
std::optional<Problem> missing_dash(const YamlSource& source, int line) {
  const std::string_view text = source.line(line), entry = trim(text);
  const bool key = indentation(text) == 0 && entry.find(':') != std::string_view::npos;  // of the whole, more likely
  if (blank_or_comment(text) || list_item(text) || key) return {};
  const auto item_beside = [&](int other) {
    return other >= 0 && other < source.lines() && list_item(source.line(other)) &&
           indentation(source.line(other)) == indentation(text);
  };
  int after = line + 1;
  while (after < source.lines() && blank_or_comment(source.line(after))) ++after;
  if (!item_beside(last_line_before(source, line)) && !item_beside(after)) return {};
  const bool dash = entry.starts_with('-') && entry.size() > 1 && entry[1] != '-';
  return Problem{source.where(line, static_cast<int>(indentation(text))),
                 "",
                 dash ? "a space is missing after '-'" : "a '-' is missing: the lines beside it are items of a list",
                 {},
                 "write '- " + shortened(source.restored(dash ? entry.substr(1) : entry)) + "'"};
}

// A line among keys that is none: "batch_size 128".
std::optional<Problem> missing_colon(const YamlSource& source, int line) {
  const std::string_view text = source.line(line), entry = entry_of(text);
  if (blank_or_comment(text) || entry.find(':') != std::string_view::npos || text.find("- ") < indentation(text) + 1)
    return {};
  const size_t space = entry.find(' ');
  const std::string key(entry.substr(0, space));
  const std::string value(space == std::string_view::npos ? "…" : trim(entry.substr(space)));
  return Problem{source.where(line, static_cast<int>(entry.data() - text.data())),
                 "",
                 "expected 'key: value', got '" + shortened(source.restored(entry)) + "'",
                 {},
                 "write '" + key + ": " + shortened(source.restored(value)) + "'"};
}

// "- relu", and keys of it on the next line, or an item that is indented further.
std::optional<Problem> below_a_name(const YamlSource& source, int line, int before) {
  if (before < 0) return {};
  const std::string_view text = source.line(before), entry = entry_of(text);
  if (!list_item(text) || entry.empty() || !std::ranges::all_of(entry, word_character)) return {};
  if (const std::string_view item = source.line(line); list_item(item))
    return Problem{source.where(line, static_cast<int>(indentation(item))),
                   "",
                   "an item that is indented further than the one above it",
                   {},
                   "align its '-' with the one above"};
  return Problem{source.where(before, static_cast<int>(entry.data() - text.data())),
                 "",
                 concat("keys stand below '", entry, "', which has no ':' behind it"),
                 {},
                 concat("write '", entry, ":'")};
}

Problem unclosed(const YamlSource& source, int line, int column, const OpenBracket& open) {
  const char closing = open.bracket == '[' ? ']' : '}';
  const std::string_view rest =
      source.line(line).substr(std::min(source.line(line).size(), static_cast<size_t>(std::max(column, 0))));
  if (line + 1 == open.where.line && rest.find(closing) != std::string_view::npos)
    return {source.where(line, column),
            "",
            concat("expected ',' or '", closing, "' before this"),
            {},
            "write ',' between the values"};
  return {open.where,
          "",
          concat("'", open.bracket, "' is not closed"),
          {},
          concat("write '", closing, "' after the last value, and ',' between values")};
}

}  // namespace

Problem syntax_problem(const YamlSource& source, int line, int column, const std::string& message,
                       const std::optional<OpenBracket>& open) {
  const Where where = source.where(line, column);
  const auto problem = [&](std::string what, std::string help) {
    return Problem{where, "", std::move(what), {}, std::move(help)};
  };
  const std::string_view text = source.line(line);
  const char at = column >= 0 && static_cast<size_t>(column) < text.size() ? text[static_cast<size_t>(column)] : ' ';
  if (message == said::UNKNOWN_ANCHOR)
    return problem("an alias is not taken here", "write the value out, or refer to it as ${path.of.value}");
  if (message == said::FLOW_END) return problem(concat("'", at, "' closes nothing"), "remove it");
  if (message == said::UNKNOWN_TOKEN)
    return problem(concat("a value cannot begin with '", at, "'"), "put the value in quotes");
  if (message.starts_with(said::INVALID_ESCAPE)) {
    const std::string escape = message.substr(std::string_view(said::INVALID_ESCAPE).size());
    // Of a character outside ASCII yaml-cpp says the first byte only.
    return problem("unknown escape" + (valid_utf8(escape) ? " '\\" + escape + "'" : "") + " in double quotes",
                   "write '\\\\' for a backslash, or use single quotes");
  }
  if (message == said::BLOCK_ENTRY && tab_in_indentation(text) == std::string_view::npos)
    return problem("a list cannot begin on the line of its key", "put '- …' on the next line, or write [a, b]");
  const int before = last_line_before(source, line);
  if (message == said::TAB_IN_INDENTATION)
    if (const auto found = from_line(source, line)) return *found;
  if (open) return unclosed(source, line, column, *open);
  for (const int candidate : {line, before})
    if (const auto found = missing_dash(source, candidate)) return *found;
  for (const int candidate : {line, before})
    if (const auto found = from_line(source, candidate)) return *found;

  const bool first_on_line = indentation(text) >= static_cast<size_t>(std::max(column, 0));
  if (message == said::MAP_VALUE) {
    if (text.substr(0, static_cast<size_t>(std::max(column, 0))).find(": ") != std::string_view::npos)
      return problem("a second ':' on one line", "put the value in quotes");
    if (const auto found = missing_colon(source, before)) return *found;
    if (const auto found = below_a_name(source, line, before)) return *found;
    if (before >= 0 && indentation(text) > indentation(source.line(before)))
      return {source.where(line, static_cast<int>(indentation(text))),
              "",
              "indented further than the line above, which has a value already",
              {},
              "align it with the line above"};
  }
  if (message == said::END_OF_MAP || message == said::END_OF_SEQ) {
    if (!first_on_line) return problem("text after the end of a value", "put the whole value in one pair of quotes");
    if (const auto found = missing_colon(source, line); found && message == said::END_OF_MAP) return *found;
    return problem("the indentation fits no line above", "align it with the lines it belongs to");
  }
  return problem("cannot be read as YAML: " + message, "");
}

Problem second_document(const YamlSource& source, const Where& where) {
  if (const auto found = missing_dash(source, where.line - 1)) return *found;
  for (int line = where.line - 1; line >= 0; --line) {
    if (source.line(line).starts_with("---"))
      return {
          source.where(line, 0), "", "a second document begins here", {}, "write one document in a file: remove '---'"};
    if (line < where.line - 1 && !blank_or_comment(source.line(line))) break;
  }
  return {where,
          "",
          "this line belongs to nothing above it",
          {},
          "align it with the lines it belongs to; a list has only '- …', a map only 'key: …'"};
}

}  // namespace dl
