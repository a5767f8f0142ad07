// dlcli summary: the network as a table of layers.
// SPDX-License-Identifier: Apache-2.0
#include "app/command.h"
#include "app/console/json.h"
#include "app/console/network_table.h"
#include "app/console/output.h"
#include "app/console/text.h"
#include "app/options.h"
#include "app/trained.h"
#include "lib/base/text.h"

namespace dl {
namespace {

class Summary final : public Command {
 public:
  std::string summary() const override { return "the network as a table: shapes, parameters, FLOPs of each layer"; }
  std::vector<std::string> other_names() const override { return {"model", "show"}; }

  void declare(CLI::App& app) override {
    app.add_option("CONFIG", what_, "a config, or a run")->required();
    declare_runs(app, runs_);
    overrides_.declare_set(app);
    declare_json(app, json_);
    examples(app, {{"dlcli summary configs/resnet20.yaml", "a config's network"},
                   {"dlcli summary quickstart-1", "a run's"},
                   {"dlcli summary my.yaml --json", "for scripts"}});
  }

  Exit run() override {
    const std::unique_ptr<Plan> plan = is_config(what_) ? plan_run(what_, overrides_.sets())
                                                        : plan_from(named_run(what_, runs_, Newest::of_all).resolved(),
                                                                    overrides_.sets(), SetsToRead::none());
    print(json_ ? json_line(as_json(*plan->network)) : as_text(*plan->network, standard_output().columns()));
    return Exit::done;
  }

 private:
  static std::string as_text(const Network& network, size_t columns) {
    double flops = 0;
    for (const LayerSummary& layer : network.layers()) flops += layer.flops;
    return network_table(network, columns) + "\n" +
           wrapped(concat(count(static_cast<double>(network.parameter_count())), " parameters (",
                          bytes_text(static_cast<double>(network.parameter_count()) * 4), "), ", short_count(flops),
                          " FLOPs forward for a sample"),
                   columns, "  ", "");
  }

  static Node as_json(const Network& network) {
    Node layers = Node::list();
    double flops = 0;
    for (const LayerSummary& layer : network.layers()) {
      flops += layer.flops;
      layers.items.push_back(json_object({{"path", Node::string(layer.path)},
                                          {"type", Node::string(layer.type)},
                                          {"output", json_sizes(layer.output.sizes())},
                                          {"parameters", Node::integer(layer.parameters)},
                                          {"flops", Node::number(layer.flops)}}));
    }
    return json_object({{"inputs", json_inputs(network)},
                        {"output", json_sizes(network.output().shape.sizes())},
                        {"parameters", Node::integer(network.parameter_count())},
                        {"flops", Node::number(flops)},
                        {"layers", std::move(layers)}});
  }

  std::string what_, runs_ = "runs";
  bool json_ = false;
  Overrides overrides_;
};

DL_COMMAND(Summary, "summary");

}  // namespace
}  // namespace dl
