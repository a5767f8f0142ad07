// sqlite: a table, or what a query gives, of an SQLite data base.
// SPDX-License-Identifier: Apache-2.0
#include <sqlite3.h>

#include <algorithm>
#include <memory>

#include "lib/base/error.h"
#include "lib/base/hash.h"
#include "lib/base/text.h"
#include "lib/data/table/table_reader.h"

namespace dl {
namespace {

struct CloseDatabase {
  void operator()(sqlite3* database) const { ::sqlite3_close(database); }
};
struct FinishStatement {
  void operator()(sqlite3_stmt* statement) const { ::sqlite3_finalize(statement); }
};

// The rows of a query as cells: NULL is an empty one.
std::shared_ptr<const TableText> query_rows(const std::filesystem::path& file, const std::string& query) {
  const auto fail = [&](std::string what, std::string help = {}) {
    throw Error(Exit::data,
                Problem{.where = {.file = file.string()}, .what = std::move(what), .help = std::move(help)});
  };
  sqlite3* opened = nullptr;
  // Nothing is written beside the file, so that it may lie where nothing can be. Where changes wait beside it that are
  // not in it yet, SQLite has to look at them.
  const bool has_pending =
      std::ranges::any_of(std::initializer_list<const char*>{"-wal", "-journal"}, [&](auto ending) {
        std::error_code none;
        const auto bytes = std::filesystem::file_size(file.string() + ending, none);
        return !none && bytes > 0;
      });
  std::string uri = "file:";
  for (const char c : std::filesystem::absolute(file).string())
    uri += c == '?' ? "%3f" : c == '#' ? "%23" : c == '%' ? "%25" : std::string(1, c);
  const int code = ::sqlite3_open_v2((uri + (has_pending ? "?mode=ro" : "?mode=ro&immutable=1")).c_str(), &opened,
                                     SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, nullptr);
  const std::string pending_help =
      "let what writes to it end, or write its changes into it: sqlite3 FILE 'PRAGMA "
      "wal_checkpoint(TRUNCATE)'";
  const std::unique_ptr<sqlite3, CloseDatabase> database(opened);
  if (code != SQLITE_OK) fail(concat("SQLite cannot open it: ", ::sqlite3_errstr(code)));
  sqlite3_stmt* prepared = nullptr;
  if (::sqlite3_prepare_v2(opened, query.c_str(), static_cast<int>(query.size()), &prepared, nullptr) != SQLITE_OK)
    fail(concat("SQLite does not take '", shortened(query, 100), "': ", ::sqlite3_errmsg(opened)),
         has_pending ? pending_help : "name one of its tables: sqlite3 FILE .tables");
  const std::unique_ptr<sqlite3_stmt, FinishStatement> statement(prepared);
  if (!prepared || ::sqlite3_column_count(prepared) == 0 || ::sqlite3_stmt_readonly(prepared) == 0)
    fail(concat("expected a query that gives rows, got '", shortened(query, 100), "'"), "write 'query: SELECT …'");
  std::vector<std::string> names;
  const int columns = ::sqlite3_column_count(prepared);
  for (int c = 0; c < columns; ++c) {
    const std::string name = ::sqlite3_column_name(prepared, c);
    if (std::ranges::count(names, name) > 0)
      fail(concat("two columns are named '", name, "'"), "name them apart in 'query': SELECT a.id AS a_id, …");
    names.push_back(name);
  }
  auto table = std::make_shared<HeldTable>(file, names);
  Xxh64 hash;
  int step;
  while ((step = ::sqlite3_step(prepared)) == SQLITE_ROW) {
    std::vector<std::string> row;
    for (int c = 0; c < columns; ++c) {
      if (::sqlite3_column_type(prepared, c) == SQLITE_BLOB)
        fail(concat("column '", names[static_cast<size_t>(c)], "' holds bytes (a BLOB), which are no cell"),
             "name the other columns in 'query'");
      const auto* text = ::sqlite3_column_text(prepared, c);
      const auto bytes = static_cast<size_t>(::sqlite3_column_bytes(prepared, c));
      row.emplace_back(text ? reinterpret_cast<const char*>(text) : "", text ? bytes : 0);
      hash.append(concat(row.back(), '\0'));
    }
    table->add(std::move(row), 0);
  }
  if (step != SQLITE_DONE)
    fail(concat("SQLite cannot read it: ", ::sqlite3_errmsg(opened)),
         has_pending ? pending_help : "get the file again");
  if (table->rows() == 0) fail(concat("'", shortened(query, 100), "' gives no rows"));
  table->set_xxh64(hash.value());
  return table;
}

struct Sqlite final : TableReader {
  std::string from, query;
  void describe(Schema& s) override {
    s.summary("a table of an SQLite data base, or what a query gives");
    s.also_known_as({"sql", "database", "db"});
    s.details(
        "The file is read only, once. NULL is a missing cell. What becomes of columns is as of 'csv'. Without ORDER BY "
        "the "
        "rows come as SQLite has them.");
    s.required("path", path, "the file").known_as({"file", "filename", "database", "db"});
    s.optional("table", from, "the table");
    s.optional("query", query, "in its place: SELECT …").known_as({"sql", "select"});
    table.describe(s);
    s.example("{format: sqlite, path: shop.db, table: houses, target: price}");
    s.example("{format: sqlite, path: shop.db, query: 'SELECT rooms, price FROM houses WHERE sold', target: price}");
    s.check([this](const Report& report) {
      if (from.empty() == query.empty()) report("expected one of 'table' and 'query'", "write 'table: NAME'");
    });
  }

 protected:
  std::shared_ptr<const TableText> rows_of(const std::filesystem::path& file) const override {
    if (!query.empty()) return query_rows(file, query);
    std::string quoted;
    for (const char c : from) quoted += c == '"' ? "\"\"" : std::string(1, c);
    return query_rows(file, concat("SELECT * FROM \"", quoted, "\""));
  }
};
DL_READER(Sqlite, "sqlite");

}  // namespace
}  // namespace dl
