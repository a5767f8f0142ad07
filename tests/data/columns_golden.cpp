// What is done to a table's columns beside scikit-learn's values.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/table/column_curve.h"

#include "tests/data/sets_for_test.h"
#include "tests/golden/golden.h"

using namespace dl;
using namespace dl::testing;

namespace {

template <class T>
T number_at(const std::string& bytes, size_t at) {
  T number;
  std::memcpy(&number, bytes.data() + at, sizeof number);
  return number;
}

}  // namespace

TEST_CASE("columns become scikit-learn's numbers") {
  golden::for_each_case("columns", [](const golden::Json& recorded) {
    const Folder folder;
    std::string text = "c,y\n";
    for (const golden::Json& cell : recorded["cells"])
      text += (cell.is_null() ? "" : cell.is_string() ? cell.get<std::string>() : cell.dump()) + ",0.5\n";
    folder.write("table.csv", text);
    const auto opened =
        open(concat("{train: {format: csv, path: table.csv, target: {column: y, as: value}, columns: {c: {",
                    recorded["yaml"].get<std::string>(), "}}}}"),
             folder.path);
    REQUIRE(opened->problems == "");
    const Dataset& data = *opened->sets.train;
    const bool is_index = data.fields()[0].type.dtype == DType::i32;
    testing::Numbers ours, theirs;
    for (const golden::Json& row : recorded["rows"])
      for (const golden::Json& value : row) theirs.push_back(value);
    for (int64_t i = 0; i < data.size(); ++i) {
      const std::string bytes = sample(data, i)[0];
      for (size_t at = 0; at < bytes.size(); at += 4)
        ours.push_back(is_index ? static_cast<float>(number_at<int32_t>(bytes, at)) : number_at<float>(bytes, at));
    }
    golden::check_near("c", ours, golden::Json(theirs), recorded["tolerance"]);
  });
}

TEST_CASE("a column for box_cox has numbers above 0, and one of equal numbers stays") {
  const Folder folder;
  folder.write("table.csv", "x,z,y\n1,3,0\n0,3,1\n2,3,0\n");
  const auto said = [&](const std::string& how) {
    return open("{train: {format: csv, path: table.csv, target: y, normalize: " + how + "}}", folder.path)->problems;
  };
  CHECK(said("box_cox") ==
        "error: DIR/table.csv:3:1: data.train: column 'x': expected a number above 0 for 'box_cox', found '0'\n"
        "  help: write 'yeo_johnson'");
  CHECK(said("yeo_johnson") == "");
  const auto opened = open("{train: {format: csv, path: table.csv, target: y, normalize: yeo_johnson}}", folder.path);
  for (int64_t i = 0; i < 3; ++i) CHECK(floats(sample(*opened->sets.train, i)[0])[1] == 0);
}

TEST_CASE("equal numbers have the share in their middle, and what training has not is cut off or between") {
  const ColumnCurve curve = fit_curve("quantile", {1, 2, 2, 2, 5});
  CHECK(curve(2) == doctest::Approx(0.5));
  CHECK(curve(3.5) == doctest::Approx(0.875));
  CHECK(curve(-9) == 0);
  CHECK(curve(9) == 1);
}

TEST_CASE("normal quantiles are those of the normal distribution") {
  CHECK(normal_quantile(0.5) == doctest::Approx(0));
  CHECK(normal_quantile(0.975) == doctest::Approx(1.959963984540054));
  CHECK(normal_quantile(1e-7) == doctest::Approx(-5.199337582192817));
}
