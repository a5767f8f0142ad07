// dlcli import: a network of another library's made a run of ours, which is used, exported and trained further.
// SPDX-License-Identifier: Apache-2.0
#include <filesystem>

#include "app/command.h"
#include "app/console/next_command.h"
#include "app/console/output.h"
#include "app/console/text.h"
#include "app/file_name.h"
#include "app/options.h"
#include "lib/base/printable.h"
#include "lib/base/text.h"
#include "lib/interop/family.h"
#include "lib/interop/keras/keras_model.h"
#include "lib/interop/onnx_layer/onnx_import.h"
#include "lib/interop/weights/weights_format.h"
#include "lib/train/inference/imported_run.h"

namespace dl {
namespace {

namespace fs = std::filesystem;

class Import final : public Command {
 public:
  std::string summary() const override { return "makes a run of a network that another library saved"; }
  std::vector<std::string> other_names() const override { return {"from_pretrained", "load", "pretrained"}; }

  void declare(CLI::App& app) override {
    app.add_option(
           "PATH", path_,
           "a .keras or .onnx file, or a folder with config.json and weights, as Hugging Face's save_pretrained "
           "writes it")
        ->required();
    app.add_option("--shape", shapes_,
                   "sizes that a file of ONNX or Keras leaves open, by the input's name and without the batch: "
                   "x=3x224x224")
        ->type_name("NAME=SIZES");
    app.add_option("--layout", layout_,
                   "how images lie in an ONNX file, where its sizes do not show it: channels_first or channels_last")
        ->type_name("ORDER");
    app.add_option("--output", output_, "of an ONNX file: the tensor that is the result; if left out, its first output")
        ->type_name("NAME");
    app.add_option("--name", name_, "the run's name; if left out, the file's or folder's")->type_name("NAME");
    declare_runs(app, runs_);
    examples(app, {{"dlcli import gpt2/", "makes the run gpt2-1"},
                   {"dlcli import model.keras", "makes the run model-1"},
                   {"dlcli import model.onnx --shape input=3x224x224", "of a file that leaves the images' sizes open"},
                   {"dlcli import model.onnx --layout channels_last", "of a file whose images are not as they look"},
                   {"dlcli generate gpt2-1 --prompt \"15496 11\"", "uses it: tokens are numbers"},
                   {"dlcli train runs/gpt2-1/config.yaml --set data.train.path=mine.npy",
                    "trains it further, on tokens of one's own"}});
  }

  Exit run() override {
    const bool is_onnx = fs::path(path_).extension() == ".onnx";
    if (!is_onnx && !shapes_.empty() && !keras::is_model(path_))
      throw Error(Exit::usage, Problem{.path = "--shape", .what = "only files of ONNX and Keras leave sizes open"});
    if (!is_onnx && !layout_.empty())
      throw Error(Exit::usage, Problem{.path = "--layout", .what = "only ONNX files do not say how their images lie"});
    if (!is_onnx && !output_.empty())
      throw Error(Exit::usage, Problem{.path = "--output", .what = "only of ONNX files is a tensor chosen"});
    if (!layout_.empty() && layout_ != "channels_first" && layout_ != "channels_last")
      throw Error(
          Exit::usage,
          Problem{.path = "--layout", .what = concat("expected channels_first or channels_last, got '", layout_, "'")});
    const FamilyNetwork network = read_network(is_onnx);
    // What an ONNX layer begins with is what its file holds.
    const std::optional<WeightsTable> table = is_onnx ? std::nullopt : std::optional(read_weights_table(path_));
    const std::string name = name_.empty() ? name_of_file(path_) : name_;
    Node config = network.config;
    config.set("name", Node::string(name));
    std::string head = concat("# ", network.architecture, " out of ", path_, "\n");
    for (const std::string& note : network.notes) head += concat("# ", printable(note), "\n");
    RunFolder folder = RunFolder::create(runs_, name, to_yaml(config), head + to_yaml(config));
    try {
      keep(network, table ? &*table : nullptr, folder, std::move(config), head);
    } catch (...) {
      folder.discard();
      throw;
    }
    return Exit::done;
  }

 private:
  FamilyNetwork read_network(bool is_onnx) const {
    if (is_onnx)
      return onnx::read_import(path_, given_sizes(),
                               layout_.empty() ? std::nullopt : std::optional(layout_ == "channels_first"), output_);
    if (keras::is_model(path_)) return keras::read_model(path_, given_sizes());
    if (keras::is_older_model(path_))
      throw Error(
          Exit::usage,
          Problem{.path = path_,
                  .what = "is a model in the older format of Keras, which is read as weights alone",
                  .help = concat("save it as .keras: keras.models.load_model(\"", path_, "\").save(\"model.keras\")")});
    std::error_code unreadable;
    if (fs::exists(fs::path(path_) / "saved_model.pb", unreadable))
      throw Error(Exit::usage, Problem{.path = path_,
                                       .what = "is a SavedModel of TensorFlow, a program that is not read",
                                       .help = concat("save the model as .keras; or make an ONNX file of it: python -m "
                                                      "tf2onnx.convert --saved-model ",
                                                      path_, " --output model.onnx")});
    if (fs::is_regular_file(path_, unreadable))
      throw Error(Exit::usage,
                  Problem{.path = path_,
                          .what = "is neither a .keras nor an .onnx file, which say what the network is",
                          .help = "of a file of weights alone write the network as YAML, and init_from: FILE"});
    if (!fs::exists(path_, unreadable))
      throw Error(Exit::usage, Problem{.path = path_, .what = "there is no such file or folder"});
    return read_family_folder(path_);
  }

  // "input=3x224x224"
  GivenSizes given_sizes() const {
    GivenSizes given;
    for (const std::string& text : shapes_) {
      const size_t equals = text.rfind('=');
      const auto sizes = sizes_in(equals == std::string::npos ? "" : text.substr(equals + 1), 'x');
      std::vector<int64_t>& all = given[text.substr(0, equals)];
      if (!sizes || (sizes->empty() && all.empty()))
        throw Error(Exit::usage, Problem{.path = "--shape",
                                         .what = concat("expected an input's name and sizes above 0, got '", text, "'"),
                                         .help = "write x=3x224x224"});
      all.insert(all.end(), sizes->begin(), sizes->end());
    }
    return given;
  }

  // `table`: none where the network's layers begin with their own.
  void keep(const FamilyNetwork& network, const WeightsTable* table, const RunFolder& folder, Node config,
            const std::string& head) const {
    const auto plan = plan_from(folder.paths().resolved(), {}, SetsToRead::none());
    folder.write_resolved(plan->resolved());
    std::optional<FamilyWeights> weights;
    ImportedValues values;
    if (table) {
      weights.emplace(network, *table);
      values = [&](const Tensor& tensor) { return weights->values(tensor.path, tensor.shape); };
    }
    const Checkpoint checkpoint = keep_imported(*plan, folder, values);
    // The config that is trained further begins with these weights.
    config.set("init_from", Node::string(fs::absolute(checkpoint.weights()).string()));
    write_file_atomic(folder.paths().config(), head + to_yaml(config));
    print(concat("imported ", network.architecture, ": ", count_of(std::ssize(plan->network->tensors()), "tensor"),
                 ", ", count(static_cast<double>(plan->network->parameter_count())), " parameters\n"));
    if (const auto left = weights ? weights->left() : std::vector<std::string>(); !left.empty())
      print(concat("left in the file: ", join(left), "\n"));
    for (const std::string& line : network.notes) print(printable(line) + "\n");
    for (const std::string& line : network.left_out) warn("left out: " + line);
    if (const Node* loss = config.find("loss"))
      print(concat("loss: ", loss->is_map() ? loss->entries.at(0).key : loss->text,
                   "; write another into its config.yaml if it was trained by one\n"));
    print(concat("run folder: ", folder.paths().folder.string(), "\n"));
    print(concat("next: ", command_of_run("summary", folder.paths().folder), "\n"));
  }

  std::string path_, name_, layout_, output_, runs_ = "runs";
  std::vector<std::string> shapes_;
};

DL_COMMAND(Import, "import");

}  // namespace
}  // namespace dl
