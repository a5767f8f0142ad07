// Dates in tables: what is one, and what becomes of a column of them.
// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <numbers>

#include "lib/data/cell_date.h"
#include "tests/data/table_for_test.h"

using namespace dl;
using namespace dl::testing;

TEST_CASE("a date is read in its order, with the time and the offset behind it, as days since 1970") {
  struct Case {
    const char* text;
    DateOrder order;
    double days;
  };
  for (const auto& [text, order, days] : {Case{"1970-01-01", DateOrder::ymd, 0},
                                          {"1969-12-31", DateOrder::ymd, -1},
                                          {"2000-03-01", DateOrder::ymd, 11017},
                                          {"2000/3/1", DateOrder::ymd, 11017},
                                          {"2000.03.01", DateOrder::ymd, 11017},
                                          {"01.03.2000", DateOrder::dmy, 11017},
                                          {"1/3/2000", DateOrder::dmy, 11017},
                                          {"03/01/2000", DateOrder::mdy, 11017},
                                          {"3-1-2000", DateOrder::mdy, 11017},
                                          {"2000-03-01T12:00", DateOrder::ymd, 11017.5},
                                          {"2000-03-01 06:00:00", DateOrder::ymd, 11017.25},
                                          {"2000-03-01T12:00Z", DateOrder::ymd, 11017.5},
                                          {"2000-03-01T01:00:00+02:00", DateOrder::ymd, 11016 + 23.0 / 24},
                                          {"2000-02-29 23:00-02:00", DateOrder::ymd, 11017 + 1.0 / 24},
                                          {"2000-02-29T23:00:00.5-0230", DateOrder::ymd, 11017 + 1.5 / 24 + .5 / 86400},
                                          {"2000-03-01 12:00:00+02", DateOrder::ymd, 11017 + 10.0 / 24},
                                          {"3/1/2000 6:00", DateOrder::mdy, 11017.25},
                                          {"3/1/2000 6:00 PM", DateOrder::mdy, 11017.75},
                                          {"3/1/2000 12:30:00 AM", DateOrder::mdy, 11017 + .5 / 24},
                                          {"3/1/2000 12:00 pm", DateOrder::mdy, 11017.5},
                                          {"1970-01-01T00:00:43.2", DateOrder::ymd, 0.0005}}) {
    CAPTURE(text);
    const auto found = cell_days(text, order);
    REQUIRE(found);
    CHECK(*found == doctest::Approx(days).epsilon(1e-12));
  }
  for (const char* text : {"",
                           "2023-02-29",
                           "2024-13-01",
                           "2024-00-01",
                           "2024-01-00",
                           "24-01-01",
                           "2024-01",
                           "2024-01-01 ",
                           "2024-01/01",
                           "2024-001-1",
                           "20240101",
                           "2024-01-01T",
                           "2024-01-01T24:00",
                           "2024-01-01T12:60",
                           "2024-01-01T1:00",
                           "2024-01-01T12:00:61",
                           "2024-01-01T12:00:00.",
                           "2024-01-01T12:00+2:00",
                           "2024-01-01T12:00+2400",
                           "2024-01-01T12:00+24",
                           "2024-01-01 13:00 PM",
                           "2024-01-01 0:30 AM",
                           "2024-01-01 PM",
                           "2024-01-01 1:00PM",
                           "2024-01-01T12:00Z ",
                           "01.03.2000",
                           "x"}) {
    CAPTURE(text);
    CHECK(!cell_days(text, DateOrder::ymd));
  }
  CHECK(!cell_days("03.01.2000", DateOrder::mdy));  // dots have the day first
  CHECK(!cell_days("13/13/2000", DateOrder::dmy));
}

TEST_CASE("the parts of a date are places on circles: in the year, the week from Monday on, and the day") {
  const double monday = *cell_days("2024-01-01", DateOrder::ymd);
  CHECK(part_of(monday, DatePart::days) == monday);
  for (const DatePart sine : {DatePart::year_sin, DatePart::week_sin, DatePart::day_sin})
    CHECK(part_of(monday, sine) == 0);
  for (const DatePart cosine : {DatePart::year_cos, DatePart::week_cos, DatePart::day_cos})
    CHECK(part_of(monday, cosine) == 1);
  const double middle = *cell_days("2024-07-02T00:00", DateOrder::ymd);  // 183 of 366 days
  CHECK(part_of(middle, DatePart::year_cos) == doctest::Approx(-1));
  CHECK(part_of(monday + 0.25, DatePart::day_sin) == doctest::Approx(1));
  CHECK(part_of(monday + 3.5, DatePart::week_cos) == doctest::Approx(-1));
  const double before = *cell_days("1969-12-31T18:00", DateOrder::ymd);  // a Wednesday
  CHECK(part_of(before, DatePart::day_cos) == doctest::Approx(0).epsilon(1e-9));
  CHECK(part_of(before, DatePart::day_sin) == doctest::Approx(-1));
  CHECK(part_of(before, DatePart::week_sin) == doctest::Approx(std::sin(2 * std::numbers::pi * 2.75 / 7)));
  CHECK(date_text(before) == "1969-12-31T18:00");
  CHECK(date_text(monday) == "2024-01-01");
}

TEST_CASE(
    "a column of dates is days and circles in 'x', the same in rows to predict; what is missing is the mean day") {
  const Table table("day,a,y\n2024-01-01,1,5\n?,2,6\n2024-01-03,3,7\n");
  const auto opened = table.open("target: y, columns: {day: date, a: {normalize: none}}");
  REQUIRE(opened->problems == "");
  const Rows rows = inputs(opened->sets.train);
  REQUIRE(rows[0].size() == 6);
  CHECK(rows[0][0] == -1);  // the deviation is a day
  CHECK(rows[1][0] == 0);
  CHECK(rows[2][0] == 1);
  CHECK(rows[0][1] == 0);
  CHECK(rows[0][2] == 1);
  CHECK(rows[1][3] == doctest::Approx(std::sin(2 * std::numbers::pi / 7)));  // of the mean, a Tuesday
  CHECK(rows[2][4] == doctest::Approx(std::cos(4 * std::numbers::pi / 7)));
  CHECK(rows[2][5] == 3);
  for (const char* more : {"a,day,y\n3,2024-01-03,0\n", "a,day\n3,2024-01-03\n", "2024-01-03,3,0\n", "2024-01-03,3\n"})
    CHECK(inputs(table.rows(*opened, more))[0] == rows[2]);
  CHECK(
      error_text([&] { table.rows(*opened, "day,a\n2024-01-32,3\n"); })
          .ends_with("expected a date, found '2024-01-32'\n"
                     "  help: write it as in training, such as 2024-02-29; or add it to 'missing' if it stands for no "
                     "value"));
  const auto timed = Table("t,y\n01.02.2024 06:00,5\n02.02.2024,6\n")
                         .open("target: y, columns: {t: {type: date, order: dmy, fill: 01.01.2024}}");
  CHECK(timed->problems == "");
  REQUIRE(inputs(timed->sets.train)[0].size() == 7);
  CHECK(inputs(timed->sets.train)[0][5] == doctest::Approx(1));
}

TEST_CASE("dates that may be read in two ways, and cells that are none, are refused") {
  CHECK(refusal("t,y\n01/02/2024,5\n03/04/2024,6\n", "target: y, columns: {t: date}") ==
        "error: DIR/run.yaml:1:9: data.train: column 't': '01/02/2024' and all others may have the day or the month "
        "first\n"
        "  help: write 'columns: {t: {type: date, order: dmy}}', or 'mdy'");
  CHECK(refusal("t,y\n01/02/2024,5\n13/04/2024,6\n", "target: y, columns: {t: date}") == "");
  CHECK(refusal("t,y\n01/01/2024,5\n02/02/2024,6\n", "target: y, columns: {t: date}") == "");  // the same in both
  CHECK(refusal("t,y\n2024-01-01,5\nsoon,6\n", "target: y, columns: {t: date}") ==
        "error: DIR/people.csv:3:1: data.train: column 't': expected a date, such as 2024-02-29 or 2024-02-29T13:05, "
        "found 'soon'\n"
        "  help: add it to 'missing' if it stands for no value, or declare the column 'ignore'");
  CHECK(refusal("t,y\n2024-01-01,5\n", "target: y, columns: {t: {type: date, fill: soon}}")
            .find("expected a date as 'fill'") != std::string::npos);
  CHECK(refusal("t,y\n2024-01-01,5\n", "target: y, columns: {t: {type: date, as: index}}")
            .find("a date is no category") != std::string::npos);
  CHECK(refusal("t,y\n2024-01-01,5\n", "target: y, columns: {t: {type: numeric, order: dmy}}")
            .find("only dates have an order") != std::string::npos);
}
