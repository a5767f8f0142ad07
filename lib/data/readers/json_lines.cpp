// json_lines: a table as a JSON object a line, https://jsonlines.org, plain or gzip.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "lib/base/error.h"
#include "lib/base/text.h"
#include "lib/data/file/byte_source.h"
#include "lib/data/table/table_reader.h"
#include "lib/data/text/text_encoding.h"

namespace dl {
namespace {

using JsonObject = nlohmann::ordered_json;

// Objects made rows: a member of a member is the column "a.b", one of a list "a.0".
class JsonRows {
 public:
  explicit JsonRows(const std::filesystem::path& file) : path_(file) {
    ByteSource source(file);
    std::string text;
    std::vector<char> block(1 << 20);
    while (const size_t got = source.read(block.data(), block.size())) text.append(block.data(), got);
    if (const size_t bad = not_text_at(text); bad != std::string::npos)
      throw Error(Exit::data, not_text(text, bad, path_));
    int line = 0;
    for (size_t at = 0; at < text.size();) {
      const size_t end = std::min(text.find('\n', at), text.size());
      add(std::string_view(text).substr(at, end - at), ++line);
      at = end + 1;
    }
    if (rows_.empty())
      throw Error(Exit::data,
                  Problem{.where = {.file = path_.string()}, .what = "expected an object a line, found none"});
    hash_ = source.xxh64();
  }

  std::shared_ptr<const TableText> table() {
    auto table = std::make_shared<HeldTable>(path_, names_);
    for (size_t i = 0; i < rows_.size(); ++i) {
      rows_[i].resize(names_.size());  // members that came later are missing
      table->add(std::move(rows_[i]), lines_[i]);
    }
    table->set_xxh64(hash_);
    return table;
  }

 private:
  [[noreturn]] void fail(int line, std::string what, std::string help = {}) const {
    throw Error(
        Exit::data,
        Problem{.where = {.file = path_.string(), .line = line}, .what = std::move(what), .help = std::move(help)});
  }

  static std::string help_for(std::string_view line) {
    const auto has = [&](std::string_view word) { return line.find(word) != std::string_view::npos; };
    if (line.starts_with('[')) return "write the list's objects one a line: jq -c '.[]' FILE";
    if (trim(line) == "{") return "write each object on one line: jq -c . FILE";
    if (has("}{") || has("} {")) return "write each object on a line of its own: jq -c . FILE";
    if (has(": NaN") || has(":NaN") || has("Infinity"))
      return "JSON has no NaN and no Infinity: write null, as pandas' to_json(orient='records', lines=True) does";
    return {};
  }

  void add(std::string_view text, int line) {
    if (text.find_first_not_of(" \t\r") == std::string_view::npos) return;
    JsonObject object;
    try {
      object = JsonObject::parse(text);
    } catch (const nlohmann::json::exception&) {
      fail(line, concat("expected a JSON object, found '", shortened(std::string(text), 60), "'"), help_for(text));
    }
    if (!object.is_object())
      fail(line, concat("expected a JSON object, found ", object.type_name()),
           object.is_array() ? "write the list's objects one a line: jq -c '.[]' FILE" : "");
    rows_.emplace_back(names_.size());
    lines_.push_back(line);
    put(object, "", line, 0);
  }

  void put(const JsonObject& value, const std::string& name, int line, int depth) {
    constexpr int deepest = 16;
    constexpr size_t most_columns = 100000;
    if (depth > deepest) fail(line, concat("'", name, "' lies deeper than ", deepest, " objects"));
    if (value.is_structured()) {
      size_t i = 0;
      for (const auto& [key, member] : value.items()) {
        const std::string part = value.is_array() ? std::to_string(i++) : key;
        put(member, name.empty() ? part : name + "." + part, line, depth + 1);
      }
      return;
    }
    const auto [column, is_new] = columns_.emplace(name, names_.size());
    if (is_new) {
      if (names_.size() == most_columns) fail(line, concat("expected at most ", most_columns, " columns"));
      names_.push_back(name);
      set_in_.push_back(0);
    }
    if (std::exchange(set_in_[column->second], line) == line)
      fail(line, concat("the column '", name, "' is there twice, as a member of that name and within another"),
           "rename one of them");
    auto& row = rows_.back();
    if (row.size() <= column->second) row.resize(column->second + 1);
    row[column->second] = value.is_null() ? "" : value.is_string() ? value.get<std::string>() : value.dump();
  }

  const std::filesystem::path path_;
  std::vector<std::string> names_;
  std::map<std::string, size_t> columns_;
  std::vector<int> set_in_;  // of each column the last line that has it
  std::vector<std::vector<std::string>> rows_;
  std::vector<int> lines_;
  uint64_t hash_ = 0;
};

struct JsonLines final : TableReader {
  void describe(Schema& s) override {
    s.summary("a table of JSON lines, plain or gzip: an object a row, its members the columns");
    s.also_known_as({"jsonl", "ndjson", "json"});
    s.details(
        "A member of an object in the object is the column 'a.b', one of a list 'a.0'; 'columns: {a: ignore}' is said "
        "of all of them. A member that is null or not there is a missing cell. What becomes of columns is as of "
        "'csv'.");
    s.required("path", path, "the file, or a pattern of several with the same columns: \"part-*.jsonl\"")
        .known_as({"file", "filename"});
    table.describe(s);
    s.example("{format: json_lines, path: houses.jsonl, target: price, columns: {id: ignore}}");
  }

 protected:
  std::shared_ptr<const TableText> rows_of(const std::filesystem::path& file) const override {
    return JsonRows(file).table();
  }
};
DL_READER(JsonLines, "json_lines");

}  // namespace
}  // namespace dl
