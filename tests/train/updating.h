// Updates of a network's parameters by given gradients.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <algorithm>
#include <string>
#include <vector>

#include "lib/nn/parameter_groups.h"
#include "lib/spec/blocks.h"
#include "lib/train/programs/programs.h"
#include "tests/golden/golden.h"

namespace dl::testing {

struct Updating {
  Updating(const std::string& model, const std::string& optimizer_yaml, Shape input, const std::string& device_name,
           Precision precision = Precision::f32)
      : chain(read(optimizer_yaml)),
        network(expand_model(parse_yaml(model, "model"), Node::map(), {"x"}, problems),
                {{"x", Type{DType::f32, input}}}, problems),
        groups(*chain, &network, chain.place_of_optimizer(Reading(problems, "optimizer"))),
        device(make_device(device_name, {.threads = 2})),
        store(*device),
        programs({.forward = {.network = &network}, .updates = {update()}, .precision = precision}, store) {
    for (const Problem& problem : problems) FAIL(render(problem));
    programs.initialize();
    programs.update();  // makes the gradients known
  }

  static UpdateChain read(const std::string& yaml) {
    std::vector<Problem> mistakes;
    UpdateChain made;
    Codec<UpdateChain>::read(parse_yaml(yaml, "optimizer"), made, {}, Reading(mistakes, "optimizer"));
    for (const Problem& problem : mistakes) FAIL(render(problem));
    return made;
  }

  Update update() const {
    Update made{.ranges = groups.ranges()};
    for (const auto& rule : chain.before) made.before.push_back(rule.get());
    for (const auto& rule : chain.after) made.after.push_back(rule.get());
    return made;
  }

  // Flat, from one tensor a path.
  golden::Numbers flat(const golden::Json& by_path) const {
    golden::Numbers all(static_cast<size_t>(network.arena_elements()), 0.0f);
    for (const Tensor& tensor : network.tensors()) {
      if (!tensor.trained) continue;
      const golden::Json& given = by_path[tensor.path];
      std::ranges::copy((given.is_array() ? given : given["values"]).get<golden::Numbers>(),
                        all.begin() + tensor.offset);
    }
    return all;
  }

  void step(const golden::Numbers& gradients) {
    programs.begin_update({.lr = chain->learning_rate(), .number = ++number});
    store.write("gradients", gradients.data(), static_cast<int64_t>(gradients.size()));
    programs.update().run();
  }

  std::vector<Problem> problems;
  UpdateChain chain;
  Network network;
  ParameterGroups groups;
  std::unique_ptr<Device> device;
  Store store;
  Programs programs;
  double number = 0;
};

// Each case of the folder, in which PyTorch took steps with given gradients: ours are the same.
inline void check_steps(const std::string& folder) {
  for (const std::string device : {"reference", "cpu"}) {
    CAPTURE(device);
    golden::for_each_case(folder, [&](const golden::Json& recorded) {
      // Of linear, or of conv2d [out, in, height, width]: an image as large as its kernel.
      const Shape weight = golden::shape_of(recorded["start"]["0.weight"]);
      const Shape input = weight.rank() == 4 ? Shape{weight[2], weight[3], weight[1]} : Shape{weight[1]};
      Updating our(recorded["model"], recorded["yaml"], input, device);
      const golden::Numbers start = our.flat(recorded["start"]);
      our.store.write("parameters", start.data(), static_cast<int64_t>(start.size()));
      our.programs.begin_average();
      for (const golden::Json& step : recorded["steps"]) {
        our.step(our.flat(step["gradients"]));
        golden::check_near("parameters", our.store.read("parameters"), our.flat(step["parameters"]));
        if (recorded.contains("average"))
          golden::check_near("average", our.store.read(recorded["average"]), our.flat(step["averages"]));
      }
    });
  }
}

}  // namespace dl::testing
