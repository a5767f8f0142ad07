// Random networks under random memory limits: the bits of a step without a limit, or the error that says what is
// needed. DLCLI_RANDOM_GRAPHS=600 sets how many networks are tried (30 without it), DLCLI_RANDOM_SEED where they begin.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cstring>

#include <cstdlib>

#include "lib/train/programs/memory_limit.h"
#include "tests/device/random_graph.h"
#include "tests/from_environment.h"
#include "tests/train/fixture.h"

namespace dl {
namespace {

using testing::Feed;
using testing::Numbers;

// The graph's variables and outputs after a step within a limit.
struct Stepped {
  Stepped(const Graph& graph, const Feed& feed, const std::string& device_name, Precision precision,
          std::optional<int64_t> limit)
      : device(make_device(device_name, {.threads = 2})), store(*device) {
    for (int i = 0; i < graph.size(); ++i)
      if (graph.node(i).op->name() == "variable")
        store.declare({graph.node(i).op->attributes(), graph.node(i).types[0]});
    LimitedProgram limited = fit_program(graph, store, {.precision = precision}, {.bytes = limit, .batch = 4});
    again = limited.memory.recomputation != Recomputation{};
    Program& program = *limited.program;
    std::vector<HostMemory> memory;
    for (const auto& [name, numbers] : feed) {
      if (store.has(name)) store.write(name, numbers.data(), static_cast<int64_t>(numbers.size()));
      if (!program.has_input(name)) continue;
      const Type& type = program.input_type(name);
      testing::write_numbers(memory.emplace_back(*device, type.bytes()).data(), type, numbers);
      program.feed(name, memory.back().as<std::byte>());
    }
    bytes = program.arena_bytes() + store.variable_bytes();
    store.spoil_arena(program.arena_bytes());
    program.run();
    results = testing::contents(store);
    for (const Graph::Named& o : graph.outputs())
      results["output " + o.name] = testing::output_numbers(program, o.name);
  }

  std::unique_ptr<Device> device;
  Store store;
  bool again = false;  // whether something is computed again
  int64_t bytes = 0;
  std::map<std::string, Numbers> results;
};

bool same_bits(const std::map<std::string, Numbers>& a, const std::map<std::string, Numbers>& b) {
  if (a.size() != b.size()) return false;
  for (const auto& [name, numbers] : a) {
    const auto other = b.find(name);
    if (other == b.end() || other->second.size() != numbers.size()) return false;
    if (std::memcmp(numbers.data(), other->second.data(), numbers.size() * sizeof(float)) != 0) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("random networks under random memory limits give what they give without, or say what is needed") {
  const int64_t count = testing::from_environment("DLCLI_RANDOM_GRAPHS", 30),
                first = testing::from_environment("DLCLI_RANDOM_SEED", 0);
  int64_t computed_again = 0, refused = 0;
  for (int64_t seed = first; seed < first + count; ++seed) {
    CAPTURE(seed);
    const testing::RandomGraph random(static_cast<uint64_t>(seed), 16);
    for (const std::string device : {"cpu", "reference"}) {
      CAPTURE(device);
      const Precision precision = device == "cpu" && seed % 2 == 1 ? Precision::bf16_mixed : Precision::f32;
      const Stepped plain(random.graph, random.feed, device, precision, {});
      for (uint64_t draw = 0; draw < (device == "cpu" ? 4 : 1); ++draw) {
        const int64_t variables = plain.store.variable_bytes();
        // Near what the plain step takes more often than far below.
        const double share = 1 - std::exp2(-8 * double{random_uniform(static_cast<uint64_t>(seed), 7, draw)});
        const int64_t limit = variables + static_cast<int64_t>(share * static_cast<double>(plain.bytes - variables));
        CAPTURE(limit);
        Exit exit = Exit::done;
        const std::string refusal = testing::error_text(
            [&] {
              const Stepped limited(random.graph, random.feed, device, precision, limit);
              CHECK(limited.bytes <= limit);
              CHECK(same_bits(limited.results, plain.results));
              computed_again += limited.again;
            },
            {}, &exit);
        if (refusal.empty()) continue;
        ++refused;
        CHECK(exit == Exit::usage);
        CHECK(refusal.starts_with("error: trainer.memory_limit: a batch of 4 needs at least "));
      }
    }
  }
  MESSAGE(count, " networks: ", computed_again, " limits kept by computing again, ", refused, " refused");
  CHECK(computed_again > 0);
  CHECK(refused > 0);
}

}  // namespace dl
