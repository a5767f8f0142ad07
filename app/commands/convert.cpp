// dlcli convert: weights from one program's format to another's.
// SPDX-License-Identifier: Apache-2.0
#include "app/command.h"
#include "app/console/output.h"
#include "app/options.h"
#include "app/trained.h"
#include "app/training_state_of.h"
#include "lib/base/printable.h"
#include "lib/base/text.h"
#include "lib/interop/weights/chosen_weights.h"
#include "lib/interop/weights/weights_format.h"
#include "lib/interop/weights/weights_writer.h"

namespace dl {
namespace {

class Convert final : public Command {
 public:
  std::string summary() const override { return "weights from one program's format to another's, bit for bit"; }
  std::vector<std::string> other_names() const override { return {"export-weights", "save"}; }

  void declare(CLI::App& app) override {
    app.add_option(
           "FROM", from_,
           "a file of weights of any format that is read, or a folder with one; or a run, or a checkpoint's folder")
        ->required();
    app.add_option("TO", to_, concat("the file to write, its format by its ending: ", join(weights_endings())))
        ->required();
    app.add_option("--key", key_, "the dict in a checkpoint that is taken, instead of the usual one")
        ->check(any_text());
    app.add_flag("--all", all_,
                 "everything the file holds, an optimizer's state too; of a run, where its training stands, as .pt");
    app.add_option("--prefix", prefix_, "what is put before each name: 'net.' for the module that 'export' writes")
        ->check(any_text());
    app.add_option("--checkpoint", checkpoint_, "of a run: best, last or step-120; if left out, the last")
        ->type_name("WHICH");
    declare_runs(app, runs_);
    examples(app, {{"dlcli convert my last.ckpt", "the newest run's last checkpoint, for Lightning to go on from"},
                   {"dlcli convert my-3 my.pt --checkpoint best", "weights of a run, for PyTorch"},
                   {"dlcli convert resnet18.pth resnet18.safetensors", "of what PyTorch wrote"},
                   {"dlcli convert last.ckpt ema.npz --key state_dict_ema", "other weights in it"}});
  }

  Exit run() override {
    weights_writer_for(to_);  // before anything is read
    const std::optional<Checkpoint> checkpoint = named_checkpoint(from_, runs_, checkpoint_);
    const auto refuse = [](const char* option, std::string what, std::string help) {
      throw Error(Exit::usage, Problem{.path = option, .what = std::move(what), .help = std::move(help)});
    };
    if (all_ && key_) refuse("--key", "chooses a dict, and --all takes all of them", "keep one of them");
    if (!checkpoint && !checkpoint_.empty())
      refuse("--checkpoint", concat("is of a run, and '", from_, "' is a file of weights"), "leave it out");
    const WeightsTable table = read_weights_table(checkpoint ? checkpoint->weights() : std::filesystem::path(from_));
    const WeightsPlace place = all_ && !checkpoint ? WeightsPlace() : weights_place(table, key_);
    WeightsWriter::Tensors taken;
    double bytes = 0;
    const std::string prefix = place.key.empty() ? "" : place.key + ".";
    for (const auto& [name, tensor] : table.tensors()) {
      if (!name.starts_with(prefix)) continue;
      taken.push_back({prefix_ + name.substr(prefix.size()), tensor});
      bytes += static_cast<double>(tensor.byte_count());
    }
    if (taken.empty()) refuse_weights(from_, "", "holds no tensors");
    const std::optional<TrainingState> training = checkpoint ? where_it_stands(*checkpoint) : std::nullopt;
    write_weights_file(to_, taken, training ? &*training : nullptr);
    std::string said =
        concat(to_, ": ", count_of(static_cast<int64_t>(taken.size()), "tensor"), ", ", bytes_text(bytes), ", of ");
    said += checkpoint ? concat("step ", checkpoint->state.step) : table.format();
    if (training) said += concat(", and the state of ", training->optimizer);
    if (!place.key.empty()) said += concat(", its dict '", place.key, "'");
    if (!place.passed.empty()) said += concat("; others by --key: ", join(place.passed));
    print(printable(said) + "\n");
    for (const WeightsTable::Other& array : table.unread())
      if (array.name.starts_with(prefix)) warn(printable(concat("left out: '", array.name, "', ", array.value)));
    return Exit::done;
  }

 private:
  // Of a checkpoint, where the file to write is to hold it.
  std::optional<TrainingState> where_it_stands(const Checkpoint& checkpoint) const {
    const WeightsWriter& writer = weights_writer_for(to_);
    if (!writer.has_training()) {
      if (all_)
        throw Error(Exit::usage, Problem{.path = "--all",
                                         .what = concat("files of ", writer.name(), " hold no optimizer's state"),
                                         .help = "write a .pt or a .ckpt, or leave --all out"});
      return {};
    }
    if (!all_ && !writer.always_has_training()) return {};
    TrainingState training =
        training_state_of(*plan_from(checkpoint.resolved(), {}, SetsToRead::only("train")), checkpoint);
    training.put_before_names(prefix_);
    return training;
  }

  std::string from_, to_, prefix_, checkpoint_, runs_ = "runs";
  std::optional<std::string> key_;
  bool all_ = false;
};

DL_COMMAND(Convert, "convert");

}  // namespace
}  // namespace dl
