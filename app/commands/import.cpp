// dlcli import: a network of another library's made a run of ours, which is used, exported and trained further.
// SPDX-License-Identifier: Apache-2.0
#include <filesystem>

#include "app/command.h"
#include "app/console/output.h"
#include "app/console/text.h"
#include "app/file_name.h"
#include "app/options.h"
#include "lib/base/text.h"
#include "lib/interop/family.h"
#include "lib/interop/keras/keras_model.h"
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
    app.add_option("FOLDER", path_,
                   "a folder with config.json and weights, as Hugging Face's save_pretrained writes it")
        ->required();
    app.add_option("--name", name_, "the run's name; if left out, the file's or folder's")->type_name("NAME");
    declare_runs(app, runs_);
    examples(app, {{"dlcli import gpt2/", "makes the run gpt2-1"},
                   {"dlcli import model.keras", "makes the run model-1"},
                   {"dlcli generate gpt2-1 --prompt \"15496 11\"", "uses it: tokens are numbers"},
                   {"dlcli train runs/gpt2-1/config.yaml --set data.train.path=mine.npy",
                    "trains it further, on tokens of one's own"}});
  }

  Exit run() override {
    const FamilyNetwork network = keras::is_model(path_) ? keras::read_model(path_) : read_family_folder(path_);
    const WeightsTable table = read_weights_table(path_);
    const std::string name = name_.empty() ? name_of_file(path_) : name_;
    Node config = network.config;
    config.set("name", Node::string(name));
    const std::string head = concat("# ", network.architecture, " out of ", path_, "\n");
    RunFolder folder = RunFolder::create(runs_, name, to_yaml(config), head + to_yaml(config));
    try {
      keep(network, table, folder, std::move(config), head);
    } catch (...) {
      folder.discard();
      throw;
    }
    return Exit::done;
  }

 private:
  void keep(const FamilyNetwork& network, const WeightsTable& table, const RunFolder& folder, Node config,
            const std::string& head) const {
    const auto plan = plan_from(folder.paths().resolved(), {}, SetsToRead::none());
    folder.write_resolved(plan->resolved());
    FamilyWeights weights(network, table);
    const Checkpoint checkpoint =
        keep_imported(*plan, folder, [&](const Tensor& tensor) { return weights.values(tensor.path, tensor.shape); });
    // The config that is trained further begins with these weights.
    config.set("init_from", Node::string(fs::absolute(checkpoint.weights()).string()));
    write_file_atomic(folder.paths().config(), head + to_yaml(config));
    print(concat("imported ", network.architecture, ": ", count_of(std::ssize(plan->network->tensors()), "tensor"),
                 ", ", count(static_cast<double>(plan->network->parameter_count())), " parameters\n"));
    if (const auto left = weights.left(); !left.empty()) print(concat("left in the file: ", join(left), "\n"));
    print(concat("run folder: ", folder.paths().folder.string(), "\n"));
    print(concat("next: dlcli summary ", folder.paths().name(), "\n"));
  }

  std::string path_, name_, runs_ = "runs";
};

DL_COMMAND(Import, "import");

}  // namespace
}  // namespace dl
