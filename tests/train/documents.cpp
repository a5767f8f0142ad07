// docs/file-formats.md and docs/exit-codes.md say all there is to say.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "lib/train/kept/train_state.h"
#include "tests/paths.h"
#include "tests/train/fixture.h"

using namespace dl;
using namespace dl::testing;

namespace {

std::string document(const char* name) {
  return text_of(std::filesystem::path(dl::testing::source_dir()) / "docs" / name);
}

}  // namespace

TEST_CASE("every key of state.json is described") {
  const std::string text = document("file-formats.md");
  const auto state = nlohmann::json::parse(write_state({}));
  for (const auto& [key, value] : state.items()) {
    CAPTURE(key);
    CHECK(text.find("`" + key + "`") != std::string::npos);
  }
}

TEST_CASE("every file of a run is described, and every record's keys") {
  const Workplace place;
  const auto plan = place.plan({"trainer.max_epochs=1"});
  RunFolder folder = place.new_run(*plan);
  Trainer(*plan, {.folder = &folder}).fit();
  const std::string text = document("file-formats.md");
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder.paths().folder)) {
    const std::string name = entry.path().filename();
    CAPTURE(name);
    CHECK(text.find(name.starts_with("step-") ? "step-" : name) != std::string::npos);
  }
  for (const std::string& line : lines_of(text_of(folder.paths().metrics_jsonl()))) {
    const auto record = nlohmann::json::parse(line);
    for (const auto& [key, value] : record.items()) {
      CAPTURE(key);
      CHECK(text.find("`" + key + "`") != std::string::npos);
    }
  }
}

TEST_CASE("every key of run.json is described") {
  const Workplace place;
  const auto plan = place.plan({"trainer.max_epochs=1"});
  RunFolder folder = place.new_run(*plan);
  Trainer(*plan, {.folder = &folder}).fit();
  const std::string text = document("file-formats.md");
  const auto record = nlohmann::json::parse(text_of(folder.paths().record()));
  for (const auto& [key, value] : record.items()) {
    CAPTURE(key);
    CHECK(text.find("`" + key + "`") != std::string::npos);
  }
}

TEST_CASE("every exit code is described") {
  const std::string text = document("exit-codes.md");
  for (const Exit exit : {Exit::done, Exit::failed, Exit::usage, Exit::data, Exit::io, Exit::diverged,
                          Exit::interrupted, Exit::time_limit, Exit::held}) {
    CAPTURE(static_cast<int>(exit));
    CHECK(text.find(concat("\n| ", static_cast<int>(exit), " |")) != std::string::npos);
  }
}
