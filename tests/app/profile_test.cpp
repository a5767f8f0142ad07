// dlcli profile: its figures add up, its trace is one that viewers read, its picture is well-formed.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "lib/base/cpu.h"
#include "tests/app/run_dlcli.h"

using namespace dl::testing;
using nlohmann::json;

namespace {

const std::vector<std::string> profile_tiny{"profile", "tests/app/tiny.yaml", "--seconds", "0.05"};

Finished profile(const std::vector<std::string>& more) {
  std::vector<std::string> arguments = profile_tiny;
  arguments.insert(arguments.end(), more.begin(), more.end());
  return run_dlcli(arguments);
}

// The first element of an XML document that is not closed in order, or what is left over; empty where all is well.
std::string unbalanced(const std::string& xml) {
  std::vector<std::string> open;
  for (size_t at = 0; (at = xml.find('<', at)) != std::string::npos;) {
    const size_t end = xml.find('>', at);
    if (end == std::string::npos) return xml.substr(at);
    const std::string tag = xml.substr(at + 1, end - at - 1);
    at = end;
    if (tag.find('<') != std::string::npos) return tag;
    if (tag[0] == '?' || tag.back() == '/') continue;
    if (tag[0] != '/') {
      open.push_back(tag.substr(0, tag.find(' ')));
    } else {
      if (open.empty() || open.back() != tag.substr(1)) return tag;
      open.pop_back();
    }
  }
  return open.empty() ? "" : open.back();
}

}  // namespace

TEST_CASE("a profile's operations, layers and kernels have the same time, and it is the step's but for a little") {
  const json result = json::parse(profile({"--json"}).out);
  double kernels = 0, operations = 0, layers = 0;
  for (const json& k : result.at("kernels")) kernels += k.at("time_ms").get<double>();
  for (const json& o : result.at("operations")) operations += o.at("time_ms").get<double>();
  for (const json& l : result.at("layers")) layers += l.at("time_ms").get<double>();
  CHECK(kernels > 0);
  CHECK(operations == doctest::Approx(kernels));
  CHECK(layers == doctest::Approx(kernels));
  CHECK(result.at("accounted").get<double>() == doctest::Approx(kernels / result.at("step_ms").get<double>()));
}

TEST_CASE("a profile tells a layer's forward from its backward and counts the operations of each") {
  const json result = json::parse(profile({"--json"}).out);
  double forward = 0, backward = 0, update = 0;
  for (const json& k : result.at("kernels")) {
    if (k.at("layer") == "1" || k.at("layer") == "3") {
      if (k.at("phase") == "forward") forward += k.at("flops").get<double>();
      if (k.at("phase") == "backward") backward += k.at("flops").get<double>();
    }
    if (k.at("layer") == "(optimizer)") {
      CHECK(k.at("phase") == "update");
      update += k.at("flops").get<double>();
    }
  }
  // The products of tiny.yaml: 64 to 16 to 10 for a batch of 32; the first layer has no gradient of its input.
  const double first = 2.0 * 32 * 64 * 16, second = 2.0 * 32 * 16 * 10;
  CHECK(forward >= first + second);
  CHECK(forward < 1.2 * (first + second));
  CHECK(backward >= first + 2 * second);
  CHECK(backward < 1.2 * (first + 2 * second));
  CHECK(update > 0);
}

TEST_CASE("a profile of a prediction has forward kernels and no others") {
  const json result = json::parse(profile({"--predict", "--json"}).out);
  double flops = 0;
  for (const json& k : result.at("kernels")) {
    CHECK(k.at("phase") == "forward");
    flops += k.at("flops").get<double>();
  }
  const double products = 2.0 * 32 * (64 * 16 + 16 * 10);
  CHECK(flops >= products);
  CHECK(flops < 1.2 * products);
  CHECK(profile({"--predict"}).out.find(" a batch, median of ") != std::string::npos);
}

TEST_CASE("a profile compares with limits measured in the same run, and no share is left open") {
  const json result = json::parse(profile({"--json"}).out);
  CHECK(result.at("limits").at("f32_gflops") > 0);
  CHECK(result.at("limits").at("bf16_gflops") >= result.at("limits").at("f32_gflops"));
  CHECK(result.at("limits").at("gbps").at("memory") > 0);
  CHECK((result.at("limits").at("hand_over_ns") > 0) == (dl::usable_cores() > 1));
  for (const json& k : result.at("kernels")) {
    CHECK(k.at("of_limit") > 0);
    CHECK(!k.at("bound_by").get<std::string>().empty());
  }
}

TEST_CASE("the trace has the steps and, within each, its kernels") {
  Folder folder;
  const std::string file = folder / "trace.json";
  CHECK(profile({"--trace", file}).exit == 0);
  const json trace = json::parse(text_of(file));
  double begin = 0, end = 0;
  int steps = 0, kernels = 0;
  for (const json& e : trace.at("traceEvents")) {
    if (e.at("ph") != "X") continue;
    const double from = e.at("ts"), to = from + e.at("dur").get<double>();
    if (e.at("cat") == "step") {
      CHECK(e.at("name") == "step " + std::to_string(++steps));
      CHECK(from >= end);
      begin = from;
      end = to;
    } else {
      ++kernels;
      CHECK(from >= begin);
      CHECK(to <= end + 1e-3);
      CHECK(!e.at("args").at("layer").get<std::string>().empty());
    }
  }
  CHECK(steps >= 3);
  CHECK(kernels >= 5 * steps);
}

TEST_CASE("the roofline is a well-formed picture with a roof for each limit and the kernels listed") {
  Folder folder;
  const std::string file = folder / "roofline.svg";
  CHECK(profile({"--roofline", file}).exit == 0);
  const std::string svg = text_of(file);
  CHECK(svg.starts_with("<?xml"));
  CHECK(unbalanced(svg).empty());
  for (const char* part : {"f32 ", "memory ", "GB/s", "FLOP a byte read or written", "matmul", "<circle"})
    CHECK_MESSAGE(svg.find(part) != std::string::npos, part);
}

TEST_CASE("a profile says what share of the step it accounts for and shows operations and layers") {
  const std::string out = profile({}).out;
  for (const char* part : {" of it in kernels; at the limits they would take ", "\nlimits measured: ", "\noperation ",
                           "\nlayer ", "bound by", " forward ", " backward ", " update "})
    CHECK_MESSAGE(out.find(part) != std::string::npos, part);
  CHECK(profile({"--kernels"}).out.find("\nkernel ") != std::string::npos);
}

TEST_CASE("a trace that cannot be written is an error with its place") {
  const Finished finished = profile({"--trace", "/nowhere/trace.json"});
  CHECK(finished.exit == 4);
  CHECK(finished.err.starts_with("error: "));
  CHECK(finished.err.find("/nowhere") != std::string::npos);
}
