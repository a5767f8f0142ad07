// Tables of SQLite.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#if __has_include(<sqlite3.h>)
#include <sqlite3.h>

#include "lib/data/table/table.h"
#include "lib/data/transform.h"
#include "tests/data/sets_for_test.h"

using namespace dl;
using namespace dl::testing;

namespace {

void write_database(const std::filesystem::path& file) {
  sqlite3* database = nullptr;
  REQUIRE(::sqlite3_open(file.c_str(), &database) == SQLITE_OK);
  REQUIRE(::sqlite3_exec(
              database,
              "CREATE TABLE \"my houses\" (rooms INTEGER, town TEXT, price REAL, photo BLOB);"
              "INSERT INTO \"my houses\" VALUES (3, 'Ulm', 1.5, NULL), (4, NULL, 2.5, NULL), (NULL, 'Bonn', 4, NULL);"
              "CREATE TABLE photos (photo BLOB); INSERT INTO photos VALUES (x'00FF');"
              "CREATE TABLE empty (a);"
              "CREATE TABLE marks (kind REAL, price REAL, picture BLOB);"
              "INSERT INTO marks VALUES (0.1, 1, x'00FF'), (0.30000000000000004, 2, x'01'), (0.3, 3, NULL), (2, 4, "
              "NULL);",
              nullptr, nullptr, nullptr) == SQLITE_OK);
  ::sqlite3_close(database);
}

}  // namespace

TEST_CASE("a table of an SQLite data base is read, or what a query gives") {
  const Folder folder;
  write_database(folder.path / "h.db");
  const auto table = open(
      "{train: {format: sqlite, path: h.db, table: my houses, target: {column: price, normalize: none}, normalize: "
      "none, "
      "columns: {photo: ignore}}}",
      folder.path);
  CHECK(table->problems == "");
  CHECK(table->sets.train->size() == 3);
  CHECK(floats(sample(*table->sets.train, 0)[0]) == std::vector<float>{3, 0, 1, 0});
  CHECK(floats(sample(*table->sets.train, 2)[0]) == std::vector<float>{3.5f, 1, 0, 0});
  CHECK(floats(sample(*table->sets.train, 2)[1]) == std::vector<float>{4});
  const auto query = open(
      "{train: {format: sqlite, path: h.db, query: 'SELECT rooms * 2 AS r, price FROM \"my houses\" WHERE town NOT "
      "NULL "
      "ORDER BY price DESC', target: {column: price, normalize: none}, normalize: none}}",
      folder.path);
  CHECK(query->problems == "");
  CHECK(query->sets.train->size() == 2);
  CHECK(floats(sample(*query->sets.train, 1)[0]) == std::vector<float>{6});
}

TEST_CASE("numbers of a data base keep all their digits, and columns of bytes may be left out") {
  const Folder folder;
  write_database(folder.path / "h.db");
  const auto table = open(
      "{train: {format: sqlite, path: h.db, query: 'SELECT * FROM marks; -- all', target: price, columns: {kind: "
      "categorical, "
      "picture: ignore}}}",
      folder.path);
  CHECK(table->problems == "");
  const auto columns = table_columns(untransformed(*table->sets.train));
  REQUIRE(columns.size() == 3);
  CHECK(columns[0].kinds ==
        std::vector<std::pair<std::string, int64_t>>{{"0.1", 1}, {"0.3", 1}, {"0.30000000000000004", 1}, {"2", 1}});
}

TEST_CASE("changes that wait beside a data base are read with it") {
  const Folder folder;
  sqlite3* writer = nullptr;
  REQUIRE(::sqlite3_open((folder.path / "w.db").c_str(), &writer) == SQLITE_OK);
  REQUIRE(
      ::sqlite3_exec(writer,
                     "PRAGMA journal_mode=WAL; CREATE TABLE t (a INTEGER, y REAL); INSERT INTO t VALUES (1, 2), (2, "
                     "3); PRAGMA wal_checkpoint(TRUNCATE); INSERT INTO t VALUES (3, 4), (4, 5), (5, 6);",
                     nullptr, nullptr, nullptr) == SQLITE_OK);
  CHECK(std::filesystem::file_size(folder.path / "w.db-wal") > 0);
  const auto table = open("{train: {format: sqlite, path: w.db, table: t, target: y}}", folder.path);
  CHECK(table->problems == "");
  CHECK(table->sets.train->size() == 5);
  ::sqlite3_close(writer);
}

TEST_CASE("a data base that cannot be read says why") {
  const Folder folder;
  write_database(folder.path / "h.db");
  folder.write("no.db", std::string(5000, 'x'));
  const auto said = [&](const std::string& keys) {
    return open("{train: {format: sqlite, " + keys + ", target: price}}", folder.path)->problems;
  };
  CHECK(said("path: h.db, table: homes") ==
        "error: DIR/h.db: data.train: SQLite does not take 'SELECT * FROM \"homes\"': no such table: homes\n"
        "  its tables: empty, marks, my houses, photos\n"
        "  named in DIR/run.yaml:1:9");
  CHECK(said("path: no.db, table: homes") ==
        "error: DIR/no.db: data.train: expected a data base of SQLite, found another file\n  named in "
        "DIR/run.yaml:1:9\n"
        "  help: name another file as 'path'");
  CHECK(said("path: h.db, query: 'SELECT * FROM marks; DROP TABLE marks'") ==
        "error: DIR/h.db: data.train: expected one query, got 'DROP TABLE marks' behind the first\n  named in "
        "DIR/run.yaml:1:9\n"
        "  help: join tables and conditions in one SELECT");
  CHECK(said("path: h.db, query: 'SELECT CAST(photo AS TEXT) AS t FROM photos'") ==
        "error: DIR/h.db: data.train: column 't' holds bytes that are no text\n  named in DIR/run.yaml:1:9\n"
        "  help: leave it out: 'columns: {\"t\": ignore}'");
  CHECK(said("path: h.db, query: DROP TABLE photos").find("expected a query that gives rows") != std::string::npos);
  CHECK(said("path: h.db, table: photos") ==
        "error: DIR/h.db: data.train: column 'photo' holds bytes (a BLOB), which are no cell\n  named in "
        "DIR/run.yaml:1:9\n"
        "  help: leave it out: 'columns: {\"photo\": ignore}'");
  CHECK(said("path: h.db, table: empty") ==
        "error: DIR/h.db: data.train: 'SELECT * FROM \"empty\"' gives no rows\n  named in DIR/run.yaml:1:9");
  CHECK(said("path: h.db").ends_with("help: write 'table: NAME'"));
}
#endif
