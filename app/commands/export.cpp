// dlcli export: a trained network as a file or as code for other programs, with an input and what dlcli computes of it.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>

#include "app/command.h"
#include "app/console/output.h"
#include "app/console/text.h"
#include "app/export_sample.h"
#include "app/options.h"
#include "app/trained.h"
#include "app/training_state_of.h"
#include "lib/base/folder.h"
#include "lib/base/text.h"
#include "lib/interop/export_target.h"
#include "lib/spec/write.h"

namespace dl {
namespace {

class Export final : public Command {
 public:
  std::string summary() const override { return "a trained network for other programs: ONNX, or code and weights"; }
  std::vector<std::string> other_names() const override { return {"convert-to", "save-as", "to-onnx", "torchscript"}; }

  void declare(CLI::App& app) override {
    app.add_option("RUN", what_, "a run, a checkpoint's folder, or a config: its newest run")->required();
    std::vector<std::string> names;
    std::string help = "what to write:";
    for (const auto& [name, factory] : export_targets()) {
      names.emplace_back(name);
      help += concat(names.size() == 1 ? " " : "; ", name, ": ", factory()->summary());
    }
    app.add_option("--to", to_, help)->type_name("TARGET")->check(one_of(names))->required();
    app.add_option("-o,--output", output_, "a new folder for what is written; if left out, RUN-TARGET here")
        ->type_name("FOLDER");
    app.add_option("--checkpoint", checkpoint_, "best, last, step-120 or a folder; if left out, the best there is")
        ->type_name("WHICH");
    app.add_option("--item", item_,
                   "what an item of the model gives, by its name; if left out, what the first loss reads")
        ->type_name("NAME");
    app.add_flag("--untrained", untrained_, "of a config: with the weights that a training would begin with");
    app.add_option("--layout", layout_,
                   "images: nchw, their channels first, as other programs have them, or nhwc, last")
        ->type_name("LAYOUT")
        ->check(one_of({"nchw", "nhwc"}));
    app.add_flag("--plain", plain_, "code: all layers as operations, none as the target's own");
    declare_runs(app, runs_);
    overrides_.declare_set(app);
    examples(app, {{"dlcli export quickstart --to onnx", "model.onnx in the folder quickstart-1-onnx"},
                   {"dlcli export quickstart-2 --to onnx --layout nhwc -o for-the-phone", "channels last, elsewhere"},
                   {"dlcli export my.yaml --to onnx --untrained", "before anything is trained"}});
  }

  Exit run() override {
    const std::unique_ptr<ExportTarget> target = export_targets().at(to_)();
    if (!item_.empty() && target->training() == ExportTarget::Training::all)
      throw Error(Exit::usage, Problem{.path = "--item",
                                       .what = "an export to " + to_ + " is of what the run's loss reads",
                                       .help = "leave it out, or write '--to pytorch'"});
    const ExportOptions options{.channels_last = layout_ == "nhwc", .twins = !plain_};
    if (!layout_.empty() && target->channels_first(options) == options.channels_last)
      throw Error(Exit::usage, Problem{.path = "--layout " + layout_,
                                       .what = concat("an export to ", to_, " has the channels of images ",
                                                      options.channels_last ? "first" : "last"),
                                       .help = "leave it out"});
    const Trained trained = open(target->training());
    const Plan& plan = *trained.plan;
    for (const Network::Input& input : plan.network->inputs())
      if (input.name == "output")
        throw Error(Exit::usage,
                    Problem{.path = "data",
                            .what = "a field that the network is given is named 'output', as its result is "
                                    "where it is exported",
                            .help = "name the field otherwise, and where the model has it in 'from:'"});
    const std::optional<TrainingState> training = target->training() == ExportTarget::Training::none
                                                      ? std::nullopt
                                                      : where_it_stands(trained, target->training());
    const std::filesystem::path folder = new_folder(trained.name);
    const TrainedNetwork network{.network = *plan.network,
                                 .items = plan.items,
                                 .output = plan.objectives.predicted_output(),
                                 .source = source_of(trained),
                                 .config = plan.resolved_node(),
                                 .weights = [&](const Tensor& tensor) { return trained.inference->weights(tensor); },
                                 .learning_rates = learning_rates(plan),
                                 .training = training ? &*training : nullptr,
                                 .before = before(plan),
                                 .behind = behind(plan)};
    std::vector<WrittenTensor> tensors;
    try {
      tensors = target->write(network, options, folder);
    } catch (...) {
      std::error_code is_not_empty;
      std::filesystem::remove(folder, is_not_empty);
      throw;
    }
    write_sample(plan, *trained.inference, target->channels_first(options), folder / "expected.npz");
    print(text(tensors, folder));
    if (const auto before = transforms_before(network); !before.empty())
      print("its inputs are to be what these transforms make of samples: " + join(before, "; ") + "\n");
    for (const std::string& line : network.behind) print("of its output: " + line + "\n");
    if (const std::string left = target->left_out(network, options); !left.empty()) print(left + "\n");
    return Exit::done;
  }

 private:
  // With the training set where the target asks for it. One that can do without has none where that is not there.
  Trained open(ExportTarget::Training training) const {
    const auto trained_with = [&](const SetsToRead& read) {
      return open_trained(what_, runs_, checkpoint_, overrides_.sets(), read, item_);
    };
    if (untrained_) return untrained();
    if (training == ExportTarget::Training::none) return trained_with(SetsToRead::none());
    try {
      return trained_with(SetsToRead::only("train"));
    } catch (const Error& e) {
      if (training == ExportTarget::Training::all) throw;
      Trained trained = trained_with(SetsToRead::none());  // fails too where it is not the data
      warn(concat("the optimizer's state is left, as the training set was not to be opened: ", e.problems()[0].what));
      return trained;
    }
  }

  Trained untrained() const {
    if (!checkpoint_.empty())
      throw Error(Exit::usage, Problem{.path = "--checkpoint",
                                       .what = "is of a run, and --untrained takes the weights before any",
                                       .help = "keep one of them"});
    if (!is_config(what_))
      throw Error(Exit::usage, Problem{.path = "--untrained",
                                       .what = "expected a config, got '" + what_ + "'",
                                       .help = "give the config's file, or leave --untrained out"});
    Trained trained;
    trained.plan = plan_run(what_, overrides_.sets());
    if (!item_.empty()) trained.plan->predict(item_);
    trained.name = trained.plan->name;
    trained.inference = std::make_unique<Inference>(*trained.plan);
    return trained;
  }

  std::optional<TrainingState> where_it_stands(const Trained& trained, ExportTarget::Training wanted) const {
    if (untrained_ || trained.plan->batches_per_epoch() == 0) return {};
    if (wanted == ExportTarget::Training::moment && trained.plan->averages_weights()) {
      warn(
          "the optimizer's state is left: what is exported is an average of the weights that are trained; 'dlcli "
          "convert RUN all.pt --all' has both");
      return {};
    }
    if (const std::string why = why_not_in_torch(trained.plan->updates()); !why.empty()) {
      warn("the optimizer's state is left: " + why);
      return {};
    }
    return training_state_of(*trained.plan, trained.checkpoint);
  }

  // What the data's reader and the end of the transforms do, which no key of the config says.
  static std::vector<std::string> before(const Plan& plan) {
    constexpr size_t most_names = 20;
    std::vector<std::string> lines;
    if (plan.data.raw_input.dtype == DType::u8) lines.push_back("bytes, 0 to 255, are divided by 255");
    if (plan.data.raw_pixels) lines.push_back("values of 16 bits, 0 to 65535, are divided by 65535");
    const Node* columns = plan.data.fitted.is_map() ? plan.data.fitted.find("columns") : nullptr;
    if (!columns || !columns->is_list() || columns->items.empty()) return lines;
    std::vector<std::string> names;
    for (const Node& column : columns->items)
      if (const Node* name = column.is_map() ? column.find("name") : nullptr) names.push_back(name->text);
    lines.push_back(concat(names.size() <= most_names ? "columns " + join(names) : concat(names.size(), " columns"),
                           " become numbers as data.fitted in the run's resolved.yaml says"));
    return lines;
  }

  // The classes that the output is of; how numbers are brought into the data's units.
  static std::vector<std::string> behind(const Plan& plan) {
    constexpr size_t most_classes = 100;
    const Loss* loss = plan.objectives.predicted_by();
    if (!loss || !loss->reads_field()) return {};
    const std::vector<std::string>& classes = plan.data.classes;
    bool numbered = true;  // names that say nothing
    for (size_t i = 0; i < classes.size(); ++i) numbered &= classes[i] == std::to_string(i);
    if (numbered && (loss->takes_classes() || loss->reads() == Loss::Reads::logit)) return {};
    if (loss->from.target == "y" && loss->takes_classes() && classes.size() <= most_classes) {
      Node names = Node::list();
      for (const std::string& name : classes) names.items.push_back(Node::string(name));
      return {"its classes are " + to_yaml_line(names)};
    }
    if (loss->from.target == "y" && loss->reads() == Loss::Reads::logit && classes.size() == 2)
      return {concat("above 0 it is '", classes[1], "', below '", classes[0], "'")};
    const SampleField* field = plan.predicted_field();
    if (loss->reads() != Loss::Reads::numbers || !field || field->scaling.empty()) return {};
    std::vector<std::string> scales, shifts;
    for (const Scaling& each : field->scaling) {
      scales.push_back(number_text(each.scale));
      shifts.push_back(number_text(each.shift));
    }
    const auto all = [](const std::vector<std::string>& numbers) {
      return numbers.size() == 1 ? numbers[0] : "[" + join(numbers) + "]";
    };
    return {concat("times ", all(scales), ", plus ", all(shifts), " it is in the data's own units")};
  }

  // Of every step there will be, or of one where the run has no planned end and its learning rate stays.
  static std::vector<float> learning_rates(const Plan& plan) {
    constexpr int64_t most = 1'000'000;
    const int64_t steps = plan.run.schedule ? std::clamp<int64_t>(plan.total_steps(), 1, most) : 1;
    std::vector<float> factors;
    for (int64_t step = 0; step < steps; ++step)
      factors.push_back(plan.run.schedule ? static_cast<float>(plan.run.schedule->factor(plan.progress(step))) : 1.0f);
    return factors;
  }

  std::string source_of(const Trained& trained) const {
    return untrained_ ? trained.name + ", untrained" : concat(trained.name, ", step ", trained.checkpoint.state.step);
  }

  std::filesystem::path new_folder(const std::string& name) const {
    std::filesystem::path folder = output_;
    if (output_.empty()) folder = name_of_folder(name) + "-" + to_;
    make_folders(folder);
    const std::vector<std::string> there = names_in(folder);
    if (!there.empty())
      throw Error(Exit::usage, Problem{.path = folder.string(),
                                       .what = "expected a new or empty folder, it has " + there[0],
                                       .help = "remove it, or name another with --output"});
    return folder;
  }

  static std::string text(const std::vector<WrittenTensor>& tensors, const std::filesystem::path& folder) {
    std::vector<std::vector<std::string>> rows{{"here", "there", "shape there", "change"}};
    for (const WrittenTensor& tensor : tensors)
      rows.push_back({shortened(tensor.path), shortened(tensor.name), tensor.shape.text(), tensor.change});
    return table(rows, standard_output().columns()) + "\nin " + folder.string() + ": " + join(names_in(folder)) + "\n";
  }

  std::string what_, to_, output_, checkpoint_, item_, layout_, runs_ = "runs";
  bool untrained_ = false, plain_ = false;
  Overrides overrides_;
};

DL_COMMAND(Export, "export");

}  // namespace
}  // namespace dl
