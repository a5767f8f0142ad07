// dlcli convert: weights from one program's format to another's.
// SPDX-License-Identifier: Apache-2.0
#include "app/command.h"
#include "app/console/output.h"
#include "app/options.h"
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
    app.add_option("FROM", from_, "a file of weights of any format that is read, or a folder with one")->required();
    app.add_option("TO", to_, concat("the file to write, its format by its ending: ", join(weights_endings())))
        ->required();
    app.add_option("--key", key_, "the dict in a checkpoint that is taken, instead of the usual one");
    app.add_flag("--all", all_, "everything the file holds, an optimizer's state too");
    examples(app, {{"dlcli convert runs/my-1/checkpoints/step-00000430/model.safetensors my.pt", "for PyTorch"},
                   {"dlcli convert resnet18.pth resnet18.safetensors", "of what PyTorch wrote"},
                   {"dlcli convert last.ckpt ema.npz --key state_dict_ema", "other weights in it"}});
  }

  Exit run() override {
    weights_writer_for(to_);  // before anything is read
    const WeightsTable table = read_weights_table(from_);
    const WeightsPlace place = all_ ? WeightsPlace() : weights_place(table, key_);
    WeightsWriter::Tensors taken;
    double bytes = 0;
    const std::string prefix = place.key.empty() ? "" : place.key + ".";
    for (const auto& [name, tensor] : table.tensors()) {
      if (!name.starts_with(prefix)) continue;
      taken.push_back({name.substr(prefix.size()), tensor});
      bytes += static_cast<double>(tensor.byte_count());
    }
    if (taken.empty()) refuse_weights(from_, "", "holds no tensors");
    write_weights_file(to_, taken);
    std::string said = concat(to_, ": ", count_of(static_cast<int64_t>(taken.size()), "tensor"), ", ",
                              bytes_text(bytes), ", of ", table.format());
    if (!place.key.empty()) said += concat(", its dict '", place.key, "'");
    if (!place.passed.empty()) said += concat("; others by --key: ", join(place.passed));
    print(printable(said) + "\n");
    return Exit::done;
  }

 private:
  std::string from_, to_;
  std::optional<std::string> key_;
  bool all_ = false;
};

DL_COMMAND(Convert, "convert");

}  // namespace
}  // namespace dl
