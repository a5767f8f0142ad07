// What doctor and version say of the machine.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "lib/base/error.h"
#include "lib/data/image/image.h"
#include "lib/device/cpu/isa.h"
#include "tests/app/run_dlcli.h"

using namespace dl;
using namespace dl::testing;

TEST_CASE("doctor measures each instruction path and each memory, on one core and on all") {
  const auto result = nlohmann::json::parse(run_dlcli({"doctor", "--json"}).out);
  CHECK(result.at("peak_gflops").contains("portable"));
  CHECK(result.at("peak_gflops").contains(result.at("instructions").get<std::string>()));
  const std::string unit = result.at("bf16");
  CHECK((unit == "emulated" || result.at("peak_gflops").contains(unit)));
  for (const auto& peak : result.at("peak_gflops")) CHECK(peak.at("one") > 0);
  CHECK(result.at("images").get<std::vector<std::string>>() == image_decoders());
  CHECK(result.at("memory_levels").at("memory").at("all_gbps") > 0);
}

TEST_CASE("doctor tells which GPUs and libraries the device 'cuda' has, or why it has none") {
  const auto cuda = nlohmann::json::parse(run_dlcli({"doctor", "--json"}).out).at("cuda");
  CHECK(cuda.at("gpus").empty() == cuda.at("problem").is_string());
  CHECK(cuda.at("gpus").empty() == cuda.at("limits").is_null());
  for (const char* name : {"NVRTC", "cuBLASLt", "cuDNN", "NCCL"}) {
    const auto& library = cuda.at("libraries").at(name);
    CHECK((library.is_null() || std::filesystem::exists(library.at("path").get<std::string>())));
  }
}

TEST_CASE("doctor has a line for each unit that multiplies bf16, also where the processor lacks it") {
  const std::string out = run_dlcli({"doctor"}).out;
  for (Bf16Unit unit : {Bf16Unit::avx512_bf16, Bf16Unit::amx}) {
    const size_t line = out.find(concat("peak ", name_of(unit), " "));
    REQUIRE(line != std::string::npos);
    const bool missing = out.substr(line, out.find('\n', line) - line).ends_with("  not on this processor");
    CHECK(missing == !supported(unit));
  }
}

TEST_CASE("version names the instructions and the unit for bf16 that are used here") {
  const Isa isa = best_isa();
  CHECK(run_dlcli({"version"})
            .out.ends_with(concat(", ", name_of(isa), ", products of bf16: ", name_of(best_bf16_unit(isa)), "\n")));
  const auto json = nlohmann::json::parse(run_dlcli({"version", "--json"}).out);
  CHECK(json.at("instructions") == name_of(isa));
  CHECK(json.at("bf16") == name_of(best_bf16_unit(isa)));
}
