// dlcli eval: loss and metrics of a trained network on a split.
#include <algorithm>

#include "app/command.h"
#include "app/console/json.h"
#include "app/console/output.h"
#include "app/console/text.h"
#include "app/options.h"
#include "app/trained.h"
#include "app/warnings.h"
#include "lib/base/text.h"
#include "lib/train/evaluate.h"

namespace dl {
namespace {

class Eval final : public Command {
 public:
  std::string summary() const override { return "loss and metrics of a trained network"; }

  void declare(CLI::App& app) override {
    app.add_option("RUN", what_, "a run, a checkpoint's folder, or a config: its newest run")->required();
    app.add_option("--split", split_, "train, val or test")->type_name("SPLIT");
    app.add_option("--checkpoint", checkpoint_, "best, last, step-120 or a folder; if left out, the best there is")
        ->type_name("WHICH");
    overrides_.declare_set(app);
    overrides_.declare_machine(app);
    declare_json(app, json_);
    examples(app, {{"dlcli eval quickstart", "the best checkpoint of the newest run, on the test set"},
                   {"dlcli eval quickstart-2 --split val --checkpoint last", "another split and checkpoint"},
                   {"dlcli eval runs/quickstart-2/checkpoints/step-00000423", "a certain checkpoint"},
                   {"dlcli eval quickstart --json", "for scripts"}});
  }

  Exit run() override {
    const Trained trained = open_trained(what_, checkpoint_, overrides_.sets(), SetsToRead::only(split_));
    if (const auto& data = trained.plan->data; std::ranges::count(data.names, split_) > 0)
      tell(data.part(split_)->warnings());
    Inference inference(*trained.plan, trained.checkpoint);
    const Evaluation e = inference.evaluate(split_);
    if (json_) {
      print(json_line(json_object({{"run", Node::string(trained.name)},
                                   {"checkpoint", Node::string(trained.checkpoint.folder.string())},
                                   {"step", Node::integer(trained.checkpoint.state.step)},
                                   {"split", Node::string(e.split)},
                                   {"samples", Node::integer(e.samples)},
                                   {"values", json_object(e.values)},
                                   {"time_s", Node::number(e.seconds)}})));
    } else {
      print(concat(trained.name, ", step ", trained.checkpoint.state.step, ", ", count(static_cast<double>(e.samples)),
                   " samples in ", seconds_text(e.seconds), "\n  ", figures(e.values), "\n"));
    }
    return Exit::done;
  }

 private:
  std::string what_, split_ = "test", checkpoint_;
  bool json_ = false;
  Overrides overrides_;
};

DL_COMMAND(Eval, "eval");

}  // namespace
}  // namespace dl
