// Tables for tests: what their columns become, and what is said of them.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <doctest/doctest.h>

#include "tests/data/sets_for_test.h"

namespace dl::testing {

inline const std::string people =
    "age,town,income\n"
    "20,Oslo,low\n"
    "40,Bern,high\n"
    "?,Oslo,low\n"
    "60,?,high\n";

struct Table : Folder {
  explicit Table(const std::string& text = people) { write("people.csv", text); }
  // The section `data:` with these keys of the reader.
  std::unique_ptr<OpenedForTest> open(const std::string& keys = "target: income", const std::string& more = "") const {
    return dl::testing::open("{train: {format: csv, path: people.csv, " + keys + "}" + more + "}", path);
  }
  // Rows to predict, read with what was fitted.
  DatasetPointer rows(const OpenedForTest& opened, const std::string& text) const {
    return open_rows(opened.spec, write("new.csv", text), path, opened.sets.fitted);
  }
};

// What opening such a table reports.
inline std::string refusal(const std::string& text, const std::string& keys, const std::string& more = "") {
  return Table(text).open(keys, more)->problems;
}

inline std::string warned(const OpenedForTest& opened) {
  std::string text;
  for (const Problem& warning : opened.sets.warnings) text += problem_text(warning) + "\n";
  return replaced(text, {{opened.folder, "DIR"}});
}
inline std::string warnings_of(const std::string& text, const std::string& keys, const std::string& more = "") {
  return warned(*Table(text).open(keys, more));
}

using Rows = std::vector<std::vector<float>>;

inline Rows inputs(const DatasetPointer& data) {
  Rows rows;
  for (int64_t i = 0; data && i < data->size(); ++i) rows.push_back(floats(sample(*data, i)[0]));
  return rows;
}

}  // namespace dl::testing
