// Running both sides, and telling where they part.
// SPDX-License-Identifier: Apache-2.0
#include "app/activation_comparison.h"

#include <algorithm>
#include <filesystem>
#include <optional>

#include "app/activations.h"
#include "app/console/json.h"
#include "app/console/output.h"
#include "app/console/text.h"
#include "app/options.h"
#include "app/trained.h"
#include "lib/base/text.h"
#include "lib/interop/weights/weights_format.h"

namespace dl {
namespace {

constexpr int64_t usual_samples = 8;

bool is_file(const std::string& name) {
  std::error_code none;
  return std::filesystem::is_regular_file(name, none) && !is_config(name);
}

// What the layers of one side give.
struct Side {
  std::string name;
  std::optional<WeightsTable> file;
  Activations layers;
};

struct Samples {
  std::string data;   // the split that they are of, where no file has them
  int64_t count = 0;  // 0: not said
};

// As many as a file without inputs is of.
int64_t samples_beside(const Samples& samples, const Side& other) {
  if (samples.count > 0) return samples.count;
  if (other.file)
    for (const WeightsTable::Entry& entry : other.file->tensors())
      if (entry.tensor.shape.rank() > 0) return entry.tensor.shape[0];
  return usual_samples;
}

// Runs the networks of the sides that are runs on the same samples: those that a file has, else those of the data. The
// names of their inputs.
std::vector<std::string> apply_runs(Side& a, Side& b, const std::string& runs, const Samples& samples) {
  std::optional<std::vector<Inference::Given>> given;
  for (Side* side : {&a, &b}) {
    if (side->file) continue;
    const Side& other = side == &a ? b : a;
    const Trained run = open_trained(side->name, runs, "", {}, SetsToRead::none());
    if (!given && other.file) given = inputs_in(*other.file, *run.plan->network);
    if (!given) {
      const Trained with_data = open_trained(side->name, runs, "", {}, SetsToRead::only(samples.data));
      const DatasetPointer data = with_data.plan->data.part(samples.data);
      given = with_data.inference->inputs_of(data, samples_beside(samples, other));
    }
    side->layers = run.inference->activations(*given);
  }
  std::vector<std::string> names;
  if (given)
    for (const Inference::Given& each : *given) names.push_back(each.name);
  return names;
}

std::vector<std::pair<std::string, std::string>> rules_of(const std::vector<std::string>& renamings) {
  std::vector<std::pair<std::string, std::string>> rules;
  for (const std::string& text : renamings) {
    const size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0)
      throw Error(Exit::usage, Problem{.path = "--rename",
                                       .what = "expected THEIRS=OURS, got '" + text + "'",
                                       .help = "write 'features.*=*'"});
    rules.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  return rules;
}

std::string some(const std::vector<std::string>& names) {
  constexpr size_t most = 5;
  std::vector<std::string> told;
  for (size_t i = 0; i < std::min(most, names.size()); ++i) told.push_back(shortened(names[i]));
  return join(told) + (names.size() > most ? concat(" and ", names.size() - most, " more") : "");
}

const ActivationDifference* first_parted(const ActivationDifferences& found, double tolerance) {
  const auto first = std::ranges::find_if(found.layers, [&](const auto& layer) { return layer.parts(tolerance); });
  return first == found.layers.end() ? nullptr : &*first;
}

std::string as_text(const ActivationDifferences& found, const Side& a, const Side& b, double tolerance,
                    size_t columns) {
  std::vector<std::vector<std::string>> rows{{"layer", "kind", "shape", "off by", "of its largest", ""}};
  for (const ActivationDifference& layer : found.layers)
    rows.push_back({shortened(layer.path), layer.type, layer.shape.text(),
                    layer.misfit.empty() ? figure(layer.largest) : layer.misfit,
                    layer.misfit.empty() ? figure(layer.relative) : "-", layer.parts(tolerance) ? "parts" : ""});
  std::string text = table(rows, columns) + "\n";
  for (const auto& [side, alone] : {std::pair(&a, &found.only_a), {&b, &found.only_b}})
    if (!alone->empty()) text += concat("in ", side->name, " alone: ", some(*alone), "\n");
  const ActivationDifference* first = first_parted(found, tolerance);
  if (!first) return text + concat("no layer is off by more than ", figure(tolerance), " of its largest value\n");
  const std::string kind = first->type.empty() ? "" : " (" + first->type + ")";
  return text + concat("they part at ", first->path, kind,
                       first->misfit.empty() ? concat(", off by ", figure(first->largest)) : ": " + first->misfit,
                       "\n");
}

Node as_json(const ActivationDifferences& found, double tolerance) {
  Node layers = Node::list(), alone = Node::list();
  for (const ActivationDifference& layer : found.layers) {
    const bool fits = layer.misfit.empty();
    layers.items.push_back(json_object({{"layer", Node::string(layer.path)},
                                        {"type", Node::string(layer.type)},
                                        {"shape", json_sizes(layer.shape.sizes())},
                                        {"off_by", fits ? json_number(layer.largest) : Node::null()},
                                        {"relative", fits ? json_number(layer.relative) : Node::null()},
                                        {"misfit", fits ? Node::null() : Node::string(layer.misfit)},
                                        {"parts", Node::boolean(layer.parts(tolerance))}}));
  }
  for (const auto* names : {&found.only_a, &found.only_b}) {
    Node list = Node::list();
    for (const std::string& name : *names) list.items.push_back(Node::string(name));
    alone.items.push_back(std::move(list));
  }
  const ActivationDifference* first = first_parted(found, tolerance);
  return json_object({{"parts_at", first ? Node::string(first->path) : Node::null()},
                      {"layers", std::move(layers)},
                      {"alone", std::move(alone)}});
}

}  // namespace

void ActivationComparison::declare(CLI::App& app) {
  options_.clear();
  app.add_flag("--activations", activations_,
               "what each layer gives for the same samples, and where the two part; meant where one is a file");
  options_.push_back(
      app.add_option("--data", data_,
                     "of activations: the samples: train, val or test; a file that has inputs says its own")
          ->type_name("DATA"));
  options_.push_back(
      app.add_option("--first", first_, "of activations: so many samples, of the first batch; if left out, 8")
          ->type_name("COUNT")
          ->check(whole_number(1, 1 << 20)));
  options_.push_back(app.add_option("--tolerance", tolerance_,
                                    "of activations: how far off is the same, as a share of a layer's largest")
                         ->type_name("SHARE")
                         ->check(number(0, 1)));
  options_.push_back(
      app.add_option("--rename", renamings_, "of activations: the first's names of the second's layers: 'features.*=*'")
          ->type_name("THEIRS=OURS"));
}

bool ActivationComparison::is_meant(const std::vector<std::string>& names) const {
  return activations_ || std::ranges::any_of(names, is_file);
}

std::string ActivationComparison::given() const {
  const auto first = std::ranges::find_if(options_, [](const CLI::Option* option) { return option->count() > 0; });
  return first == options_.end() ? "" : (*first)->get_name();
}

Exit ActivationComparison::run(const std::vector<std::string>& names, const std::string& runs, bool json) const {
  if (names.size() != 2)
    throw Error(Exit::usage, Problem{.path = "dlcli compare",
                                     .what = concat("expected two runs or files of activations, got ", names.size()),
                                     .help = "name two"});
  Side a{.name = names[0]}, b{.name = names[1]};
  for (Side* side : {&a, &b})
    if (is_file(side->name)) side->file = read_weights_table(side->name);
  const std::vector<std::string> inputs = apply_runs(a, b, runs, {data_, first_});
  for (Side* side : {&a, &b})
    if (side->file) side->layers = activations_of(*side->file, inputs);
  const ActivationDifferences found = activation_differences(a.layers, b.layers, rules_of(renamings_));
  if (found.layers.empty())
    throw Error(Exit::usage,
                Problem{.path = "dlcli compare",
                        .what = "no layer has the same name in both",
                        .notes = {concat(a.name, ": ", some(found.only_a)), concat(b.name, ": ", some(found.only_b))},
                        .help = "write --rename 'THEIRS=OURS', with '*' for what stays: 'features.*=*'"});
  print(json ? json_line(as_json(found, tolerance_)) : as_text(found, a, b, tolerance_, standard_output().columns()));
  return first_parted(found, tolerance_) ? Exit::failed : Exit::done;
}

}  // namespace dl
