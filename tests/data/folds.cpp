// Parts held out by class, by group and by time, folds, and samples drawn by their class.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cmath>
#include <map>
#include <numeric>
#include <set>

#include "lib/data/labelled.h"
#include "lib/data/loader.h"
#include "tests/data/sets_for_test.h"

using namespace dl;
using namespace dl::testing;

namespace {

// A table of so many rows: a number, a patient each of which has some rows, a day, and a class.
std::string patients(int rows) {
  std::string text = "value,patient,day,kind\n";
  for (int i = 0; i < rows; ++i)
    text += concat(i, ",p", i * 7 % 13 / 2, ",", 1000 - i * 3, ",", i % 4 == 0 ? "ill" : "well", "\n");
  return text;
}

// The same with to_predict to be predicted.
constexpr const char* to_predict =
    "train: {format: csv, path: patients.csv, target: {column: day, as: value}, normalize: none, columns: {patient: "
    "ignore, kind: ignore}}";

constexpr const char* table =
    "train: {format: csv, path: patients.csv, target: kind, normalize: none, columns: {patient: ignore, day: ignore}}";

std::vector<int> first_values(const DatasetPointer& data) {
  std::vector<int> all;
  for (int64_t i = 0; i < data->size(); ++i) all.push_back(static_cast<int>(floats(sample(*data, i)[0])[0]));
  return all;
}

struct Split {
  std::vector<int> train, validation;
};
Split parts_of(const Folder& folder, const std::string& more, const char* train = table) {
  const auto opened = open(concat("{", train, ", ", more, "}"), folder.path);
  CHECK(opened->problems == "");
  REQUIRE(opened->sets.validation);
  return {first_values(opened->sets.train), first_values(opened->sets.validation)};
}

int patient_of(int value) { return value * 7 % 13 / 2; }

}  // namespace

TEST_CASE("each sample is in one of the folds, which are of equal size") {
  const Folder folder;
  folder.write("patients.csv", patients(50));
  std::multiset<int> all;
  for (const std::string fold : {"1", "2", "3", "4"}) {
    const Split parts = parts_of(folder, "folds: 4, fold: " + fold);
    CHECK(std::abs(std::ssize(parts.validation) - 12.5) < 1);
    CHECK(parts.train.size() + parts.validation.size() == 50);
    for (const int value : parts.validation) CHECK(std::ranges::count(parts.train, value) == 0);
    all.insert(parts.validation.begin(), parts.validation.end());
    CHECK(parts_of(folder, "folds: {count: 4}, fold: " + fold).validation == parts.validation);
  }
  CHECK(std::set<int>(all.begin(), all.end()).size() == 50);
  CHECK(all.size() == 50);
}

TEST_CASE("stratified folds have as many of each class") {
  const Folder folder;
  folder.write("patients.csv", patients(50));  // 13 are ill
  for (const std::string fold : {"1", "2", "3", "4", "5"}) {
    const Split parts = parts_of(folder, "folds: {count: 5, stratified: true}, fold: " + fold);
    const auto ill = std::ranges::count_if(parts.validation, [](int value) { return value % 4 == 0; });
    CHECK(ill >= 2);
    CHECK(ill <= 3);
    CHECK(parts.validation.size() == 10);
  }
}

TEST_CASE("groups are not cut, by folds nor by a fraction") {
  const Folder folder;
  folder.write("patients.csv", patients(65));
  std::multiset<int> all;
  const auto patients_of = [](const std::vector<int>& values) {
    std::set<int> found;
    for (const int value : values) found.insert(patient_of(value));
    return found;
  };
  const auto check_apart = [&](const Split& parts) {
    for (const int patient : patients_of(parts.validation)) CHECK(patients_of(parts.train).count(patient) == 0);
  };
  for (const std::string by : {"group: patient", "group: patient, stratified: true"})
    for (const std::string fold : {"1", "2", "3"}) {
      const Split parts = parts_of(folder, concat("folds: {count: 3, ", by, "}, fold: ", fold));
      check_apart(parts);
      CHECK(std::ssize(parts.validation) >= 15);
      CHECK(std::ssize(parts.validation) <= 30);
    }
  const Split parts = parts_of(folder, "validation: {fraction: 0.3, group: patient}");
  check_apart(parts);
  CHECK(std::abs(static_cast<double>(parts.validation.size()) / 65 - 0.3) < 0.1);
  const Split few = parts_of(folder, "validation: {fraction: 0.01, group: patient}");
  CHECK(patients_of(few.validation).size() == 1);
  const Split most = parts_of(folder, "validation: {fraction: 0.99, group: patient}");
  CHECK(patients_of(most.train).size() == 1);
}

TEST_CASE("by an order what comes last is held out, and folds go forward in it") {
  const Folder folder;
  folder.write("patients.csv", patients(12));  // the last day is that of the first row
  CHECK(parts_of(folder, "validation: {fraction: 0.25, order: day}", to_predict).validation ==
        std::vector<int>{0, 1, 2});
  const Split first = parts_of(folder, "folds: {count: 3, order: day}", to_predict),
              last = parts_of(folder, "folds: {count: 3, order: day}, fold: 3", to_predict);
  CHECK(first.train == std::vector<int>{9, 10, 11});
  CHECK(first.validation == std::vector<int>{6, 7, 8});
  CHECK(last.train == std::vector<int>{3, 4, 5, 6, 7, 8, 9, 10, 11});
  CHECK(last.validation == std::vector<int>{0, 1, 2});
}

TEST_CASE("an order that a column's text does not say is refused") {
  const Folder folder;
  const auto said = [&](const std::vector<std::string>& days) {
    std::string text = "x,day,y\n";
    for (size_t i = 0; i < days.size(); ++i) text += concat(i, ",", days[i], ",", i * i, "\n");
    folder.write("days.csv", text);
    return open(
               "{train: {format: csv, path: days.csv, target: y, columns: {day: ignore}}, validation: {fraction: 0.25, "
               "order: day}}",
               folder.path)
        ->problems;
  };
  CHECK(said({"3", "9", "10", "4"}) == "");
  CHECK(said({"2024-05-03", "2024-05-01T10:00:00.5", "2024-05-01T10:00:00.25", "2024-05-02"}) == "");
  CHECK(said({"week 09", "week 10", "week 11", "week 12"}) == "");
  CHECK(said({"30.04.2024", "01.05.2024", "02.05.2024", "03.05.2024"}) ==
        "error: DIR/run.yaml:1:87: data.validation: 'day' says no order: the year of '30.04.2024' is not first\n"
        "  help: write dates as 2024-05-01, or as numbers");
  CHECK(said({"2024-9-1", "2024-10-1", "2024-11-1", "2024-12-1"}) ==
        "error: DIR/run.yaml:1:87: data.validation: 'day' says no order: as text '2024-12-1' comes before '2024-9-1'\n"
        "  help: write numbers of as many digits, 09 and 10, or numbers alone");
  CHECK(said({"3", "9", "", "10"}) ==
        "error: DIR/run.yaml:1:87: data.validation: 'day' says no order: 1 of 4 cells has no value\n"
        "  help: take such rows out, or name another column");
}

TEST_CASE("parts that cannot be cut say why") {
  const Folder folder;
  folder.write("patients.csv", patients(8));
  const auto said = [&](const std::string& more) {
    return open(concat("{", table, ", ", more, "}"), folder.path)->problems;
  };
  CHECK(said("folds: 9") ==
        "error: DIR/run.yaml:1:123: data.folds: 8 samples cannot be cut into 9 folds\n"
        "  help: lower 'folds'");
  CHECK(said("folds: {count: 8, group: patient}") ==
        "error: DIR/run.yaml:1:123: data.folds: 5 groups cannot be cut into 8 folds\n  help: lower 'folds'");
  CHECK(said("folds: 3, fold: 4") == "error: DIR/run.yaml:1:132: data.fold: expected a fold from 1 to 3, got 4");
  CHECK(said("fold: 2") ==
        "error: DIR/run.yaml:1:122: data.fold: there are no folds\n  help: write 'folds: 5' beside it");
  CHECK(said("folds: 3, validation: {fraction: 0.1}") ==
        "error: DIR/run.yaml:1:123: data.folds: 'validation' says what is held out\n"
        "  help: keep one of them; 'validation: null' leaves out that of a config that is extended");
  CHECK(said("folds: {count: 3, group: doctor}").find("doctor") != std::string::npos);
  CHECK(said("folds: {count: 3, order: day, group: patient}").ends_with("help: keep one of them"));
  CHECK(said("validation: {last: 2, group: patient}") ==
        "error: DIR/run.yaml:1:145: data.validation.group: only a 'fraction' can be chosen by 'group'\n"
        "  help: write 'fraction: 0.1'");
  CHECK(open("{train: {format: random, shape: [3], classes: 2, samples: 30}, folds: {count: 3, group: patient}}",
             folder.path)
            ->problems ==
        "error: DIR/run.yaml:1:71: data.folds: the samples have no columns that 'group' could name\n"
        "  help: leave 'group' out, or name a validation set of its own");
  folder.write("few.csv", "x,who,y\n1,a,k\n2,,k\n3,,k\n4,b,k\n5,b,rare\n");
  const auto few = [&](const std::string& more) {
    return open("{train: {format: csv, path: few.csv, target: y, columns: {who: ignore}}, " + more + "}", folder.path)
        ->problems;
  };
  for (const std::string cut : {"folds: {count: 2, group: who}", "validation: {fraction: 0.4, group: who}"})
    CHECK(few(cut).find("'who' says no group: 2 of 5 cells have no value\n  help: take such rows out, or name another "
                        "column") != std::string::npos);
  for (const std::string cut : {"folds: {count: 2, stratified: true}", "validation: {fraction: 0.4, stratified: true}"})
    CHECK(few(cut).find("class 'rare' has one sample, which cannot be in both parts") != std::string::npos);
}

TEST_CASE("balanced data are drawn so that each class comes equally often, whatever the threads") {
  const Folder folder;
  folder.write("patients.csv", patients(40));  // 10 are ill
  const auto opened = open(concat("{", table, ", batch_size: 8, balanced: true}"), folder.path);
  CHECK(opened->problems == "");
  const DatasetPointer data = opened->sets.train;
  std::vector<std::vector<int64_t>> drawn;
  for (const int threads : {0, 3}) {
    LoaderOptions options = training_options(opened->spec, *data, 1);
    options.weights = sample_weights(opened->spec, *data);
    options.threads = threads;
    Loader loader(data, options);
    CHECK(loader.per_epoch() == 5);
    drawn.emplace_back();
    for (int epoch = 0; epoch < 3; ++epoch) {
      std::map<int64_t, int> times;
      int ill = 0;
      for (int i = 0; i < 5; ++i)
        for (const int64_t sample : loader.next().samples) {
          drawn.back().push_back(sample);
          ++times[sample];
          ill += sample % 4 == 0;
        }
      CHECK(std::abs(ill - 20) <= 1);
      for (const auto& [sample, count] : times) CHECK(count <= (sample % 4 == 0 ? 3 : 2));
    }
  }
  CHECK(drawn[0] == drawn[1]);
  CHECK(open("{train: {format: random, shape: [3], targets: 2, samples: 30}, balanced: true}", folder.path)->problems ==
        "error: DIR/run.yaml:1:1: data.balanced: the samples have no class each that could come equally often\n"
        "  help: leave 'balanced' out");
}
