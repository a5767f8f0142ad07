// dlcli check under a memory limit, and --fit.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "tests/app/run_dlcli.h"

using namespace dl::testing;
using nlohmann::json;

namespace {

json checked(const Folder& folder, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"check", source_dir() + "/tests/app/tiny.yaml", "--json"});
  const Finished finished = run_dlcli(arguments, folder);
  REQUIRE_MESSAGE(finished.exit == 0, finished.err);
  return json::parse(finished.out);
}

json checked_at(const Folder& folder, int64_t batch) {
  return checked(folder, {"--set", "data.batch_size=" + std::to_string(batch)});
}

int64_t memory(const json& report) {
  return report.at("variable_bytes").get<int64_t>() + report.at("batch_bytes").get<int64_t>() +
         report.at("arena_bytes").get<int64_t>();
}

}  // namespace

TEST_CASE("--fit finds the largest batch that fits: one sample more does not") {
  const Folder folder;
  const int64_t limit = memory(checked_at(folder, 100));
  const json fit = checked(folder, {"--fit", "--set", "trainer.memory_limit=" + std::to_string(limit)});
  const int64_t batch = fit.at("batch_size");
  CHECK(batch >= 100);  // computing values again may make room for more
  CHECK(fit.at("limit_bytes") == limit);
  CHECK(fit.at("memory_bytes").get<int64_t>() <= limit);
  const Finished over = run_dlcli(
      {"check", source_dir() + "/tests/app/tiny.yaml", "--set", "data.batch_size=" + std::to_string(batch + 1), "--set",
       "trainer.memory_limit=" + std::to_string(limit)},
      folder);
  CHECK(over.exit == 2);
  CHECK(over.err.find("trainer.memory_limit: a batch of " + std::to_string(batch + 1) + " needs at least") !=
        std::string::npos);
}

TEST_CASE("--fit without a limit goes by the memory that is free") {
  const Folder folder;
  const json fit = checked(folder, {"--fit"});
  CHECK(fit.at("batch_size") == checked_at(folder, 1).at("samples").at("train"));  // a tiny set fits as a whole
  CHECK(fit.at("memory_bytes").get<int64_t>() < fit.at("limit_bytes").get<int64_t>());
}
