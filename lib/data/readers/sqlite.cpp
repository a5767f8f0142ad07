// sqlite: a table, or what a query gives, of an SQLite data base.
// SPDX-License-Identifier: Apache-2.0
#include <sqlite3.h>

#include <algorithm>
#include <charconv>
#include <functional>
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

// A data base, open for reading.
class Database {
 public:
  explicit Database(const std::filesystem::path& file) : file_(file) {
    // Nothing is written beside the file, so that it may lie where nothing can be. Where changes wait beside it that
    // are not in it yet, SQLite has to look at them.
    has_pending_ = std::ranges::any_of(std::initializer_list<const char*>{"-wal", "-journal"}, [&](auto ending) {
      std::error_code none;
      const auto bytes = std::filesystem::file_size(file.string() + ending, none);
      return !none && bytes > 0;
    });
    std::string uri = "file:";
    for (const char c : std::filesystem::absolute(file).string())
      uri += c == '?' ? "%3f" : c == '#' ? "%23" : c == '%' ? "%25" : std::string(1, c);
    sqlite3* opened = nullptr;
    const int code = ::sqlite3_open_v2((uri + (has_pending_ ? "?mode=ro" : "?mode=ro&immutable=1")).c_str(), &opened,
                                       SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, nullptr);
    database_.reset(opened);
    if (code != SQLITE_OK) fail(concat("SQLite cannot open it: ", ::sqlite3_errstr(code)));
  }

  [[noreturn]] void fail(std::string what, std::string help = {}, std::vector<std::string> notes = {}) const {
    throw Error(Exit::data, Problem{.where = {.file = file_.string()},
                                    .what = std::move(what),
                                    .notes = std::move(notes),
                                    .help = std::move(help)});
  }

  // The rows of a query as cells: NULL is an empty one, and so are all of a column that is not read.
  std::shared_ptr<const TableText> rows(const std::string& query,
                                        const std::function<bool(const std::string&)>& reads) const {
    const auto statement = prepared(query);
    std::vector<std::string> names;
    std::vector<bool> wanted;
    const int columns = ::sqlite3_column_count(statement.get());
    for (int c = 0; c < columns; ++c) {
      const std::string name = ::sqlite3_column_name(statement.get(), c);
      if (std::ranges::count(names, name) > 0)
        fail(concat("two columns are named '", name, "'"), "name them apart in 'query': SELECT a.id AS a_id, …");
      names.push_back(name);
      wanted.push_back(reads(name));
    }
    auto table = std::make_shared<HeldTable>(file_, names);
    Xxh64 hash;
    int step;
    while ((step = ::sqlite3_step(statement.get())) == SQLITE_ROW) {
      std::vector<std::string> row;
      for (int c = 0; c < columns; ++c) {
        const auto at = static_cast<size_t>(c);
        row.push_back(wanted[at] ? cell(statement.get(), c, names[at]) : "");
        hash.append(concat(row.back(), '\0'));
      }
      table->add(std::move(row), 0);
    }
    if (step != SQLITE_DONE)
      fail(concat("SQLite cannot read it: ", ::sqlite3_errmsg(database_.get())),
           has_pending_ ? pending_help : "get the file again");
    if (table->rows() == 0) fail(concat("'", shortened(query, 100), "' gives no rows"));
    table->set_xxh64(hash.value());
    return table;
  }

  std::vector<std::string> tables() const {
    std::vector<std::string> names;
    sqlite3_stmt* prepared = nullptr;
    const char* const query = "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') ORDER BY name";
    if (::sqlite3_prepare_v2(database_.get(), query, -1, &prepared, nullptr) != SQLITE_OK) return {};
    const std::unique_ptr<sqlite3_stmt, FinishStatement> statement(prepared);
    while (::sqlite3_step(prepared) == SQLITE_ROW)
      names.emplace_back(reinterpret_cast<const char*>(::sqlite3_column_text(prepared, 0)));
    return names;
  }

 private:
  static constexpr const char* pending_help =
      "let what writes to it end, or write its changes into it: sqlite3 FILE 'PRAGMA "
      "wal_checkpoint(TRUNCATE)'";

  std::unique_ptr<sqlite3_stmt, FinishStatement> prepared(const std::string& query) const {
    sqlite3_stmt* made = nullptr;
    const char* rest = nullptr;
    const int code = ::sqlite3_prepare_v2(database_.get(), query.c_str(), static_cast<int>(query.size()), &made, &rest);
    if (code == SQLITE_NOTADB)
      fail("expected a data base of SQLite, found another file", "name another file as 'path'");
    if (code != SQLITE_OK) {
      const std::string why = ::sqlite3_errmsg(database_.get());  // before it is asked for its tables
      const std::vector<std::string> names = tables();
      fail(concat("SQLite does not take '", shortened(query, 100), "': ", why), has_pending_ ? pending_help : "",
           {names.empty() ? "it has no tables" : "its tables: " + join(names)});
    }
    std::unique_ptr<sqlite3_stmt, FinishStatement> statement(made);
    if (!made || ::sqlite3_column_count(made) == 0 || ::sqlite3_stmt_readonly(made) == 0)
      fail(concat("expected a query that gives rows, got '", shortened(query, 100), "'"), "write 'query: SELECT …'");
    sqlite3_stmt* next = nullptr;  // of a comment there is none
    const int next_code = ::sqlite3_prepare_v2(database_.get(), rest, -1, &next, nullptr);
    const std::unique_ptr<sqlite3_stmt, FinishStatement> second(next);
    if (next || next_code != SQLITE_OK)
      fail(concat("expected one query, got '", shortened(trim(rest), 100), "' behind the first"),
           "join tables and conditions in one SELECT");
    return statement;
  }

  std::string cell(sqlite3_stmt* statement, int c, const std::string& name) const {
    switch (::sqlite3_column_type(statement, c)) {
      case SQLITE_NULL: return "";
      case SQLITE_BLOB:
        fail(concat("column '", name, "' holds bytes (a BLOB), which are no cell"), leave_out_help(name));
      case SQLITE_FLOAT: {  // which as text has 15 digits
        char text[64];
        return {text, std::to_chars(text, text + sizeof text, ::sqlite3_column_double(statement, c)).ptr};
      }
      default: break;
    }
    const auto* text = ::sqlite3_column_text(statement, c);
    const auto bytes = static_cast<size_t>(::sqlite3_column_bytes(statement, c));
    std::string cell(text ? reinterpret_cast<const char*>(text) : "", text ? bytes : 0);
    if (!valid_utf8(cell)) fail(concat("column '", name, "' holds bytes that are no text"), leave_out_help(name));
    return cell;
  }

  const std::filesystem::path file_;
  bool has_pending_ = false;
  std::unique_ptr<sqlite3, CloseDatabase> database_;
};

struct Sqlite final : TableReader {
  std::string from, query;
  void describe(Schema& s) override {
    s.summary("a table of an SQLite data base, or what a query gives");
    s.also_known_as({"sql", "database", "db"});
    s.details(
        "The file is read only, once. NULL is a missing cell. Columns of bytes are to be ignored. What becomes of "
        "columns is as of 'csv'. Without ORDER BY the rows come as SQLite has them.");
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
    const Database database(file);
    const auto read = [this](const std::string& column) { return reads(column); };
    if (!query.empty()) return database.rows(query, read);
    std::string quoted;
    for (const char c : from) quoted += c == '"' ? "\"\"" : std::string(1, c);
    return database.rows(concat("SELECT * FROM \"", quoted, "\""), read);
  }
};
DL_READER(Sqlite, "sqlite");

}  // namespace
}  // namespace dl
