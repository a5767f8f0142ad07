// dlcli eval: loss and metrics of a trained network on a split, and which classes it takes for which.
// SPDX-License-Identifier: Apache-2.0
#include <optional>

#include "app/command.h"
#include "app/confusion.h"
#include "app/console/json.h"
#include "app/console/output.h"
#include "app/console/text.h"
#include "app/options.h"
#include "app/place.h"
#include "app/sheet.h"
#include "app/trained.h"
#include "app/warnings.h"
#include "lib/base/text.h"
#include "lib/data/skipping.h"
#include "lib/train/inference/evaluate.h"
#include "lib/train/plan/settled.h"

namespace dl {
namespace {

class Eval final : public Command {
 public:
  std::string summary() const override { return "loss and metrics of a trained network, and what it takes for what"; }
  std::vector<std::string> other_names() const override {
    return {"evaluate", "test", "score", "evaluation", "accuracy"};
  }

  void declare(CLI::App& app) override {
    app.add_option("RUN", what_, "a run, a checkpoint's folder, or a config: its newest run")->required();
    app.add_option("--split", split_, "train, val or test")->type_name("SPLIT")->take_last();
    app.add_option("--checkpoint", checkpoint_, "best, last, step-120 or a folder; if left out, the best there is")
        ->type_name("WHICH");
    declare_runs(app, runs_);
    app.add_option("--mistakes", mistakes_, "of classes: so many of the samples it is most surely wrong about")
        ->type_name("N")
        ->check(whole_number(1, 10'000));
    app.add_option("--sheet", sheet_, "of images: the mistakes as a picture; without --mistakes, 40 of them")
        ->type_name("FILE.png")
        ->check(file_of(".png"));
    overrides_.declare_set(app);
    overrides_.declare_machine(app);
    declare_json(app, json_);
    examples(app, {{"dlcli eval quickstart", "the best checkpoint of the newest run, on the test set"},
                   {"dlcli eval quickstart-2 --split val --checkpoint last", "another split and checkpoint"},
                   {"dlcli eval quickstart --mistakes 10", "the samples it is most surely wrong about"},
                   {"dlcli eval quickstart --sheet mistakes.png", "pictures of them"},
                   {"dlcli eval runs/quickstart-2/checkpoints/step-00000423", "a certain checkpoint"},
                   {"dlcli eval quickstart --json", "for scripts"}});
  }

  Exit run() override {
    const Trained trained = open_trained(what_, runs_, checkpoint_, overrides_.sets(), SetsToRead::only(split_));
    Inference& inference = *trained.inference;
    const Plan& plan = *trained.plan;
    refuse_another_part(plan, overrides_.sets(), split_);
    const Dataset& data = *plan.data.part(split_);
    tell(data.warnings());
    std::optional<Confusion> confusion;
    if (const Verdicts verdicts(plan); verdicts.one_a_sample()) confusion.emplace(verdicts, wanted_mistakes());
    if (!confusion && wanted_mistakes() > 0)
      throw Error(Exit::usage, Problem{.path = mistakes_ > 0 ? "--mistakes" : "--sheet",
                                       .what = "expected a network that tells each sample's class, this one does not",
                                       .help = "leave it out; 'dlcli predict' shows targets beside predictions"});
    std::optional<SampleImages> images;
    if (!sheet_.empty()) images.emplace(data);
    Inference::Each each;
    if (confusion) each = [&](const Prediction& p) { confusion->add(p); };
    const Evaluation e = inference.evaluate(split_, each);
    for (const std::string& line : skipped(data)) warn("skipped, the image behind it was taken instead: " + line);
    if (!sheet_.empty() && confusion->wrong() > 0) draw(*images, *confusion);
    print(json_ ? json(trained, e, confusion, data) : text(trained, e, confusion, data));
    return Exit::done;
  }

 private:
  int64_t wanted_mistakes() const { return mistakes_ > 0 ? mistakes_ : sheet_.empty() ? 0 : 40; }

  static std::string json(const Trained& trained, const Evaluation& e, const std::optional<Confusion>& confusion,
                          const Dataset& data) {
    Node node = json_object({{"run", Node::string(trained.name)},
                             {"checkpoint", Node::string(trained.checkpoint.folder.string())},
                             {"step", Node::integer(trained.checkpoint.state.step)},
                             {"split", Node::string(e.split)},
                             {"samples", Node::integer(e.samples)},
                             {"values", json_object(e.values)},
                             {"time_s", Node::number(e.seconds)}});
    for (const MetricTable& table : e.tables) node.set(table.name, json_table(table));
    if (!confusion) return json_line(node);
    for (const Node::Entry& entry : confusion->json().entries) node.set(entry.key, entry.value);
    Node mistakes = Node::list();
    for (const Confusion::Mistake& m : confusion->mistakes())
      mistakes.items.push_back(json_object({{"input", Node::integer(m.sample)},
                                            {"place", Node::string(place_text(data, m.sample))},
                                            {"target", Node::string(confusion->verdicts().name(m.truth))},
                                            {"class", Node::string(confusion->verdicts().name(m.predicted))},
                                            {"probability", Node::number(m.probability)}}));
    if (!mistakes.items.empty()) node.set("mistakes", std::move(mistakes));
    return json_line(node);
  }

  // Row by row as it is, or told where it is too wide for the eye.
  static std::string grid(const MetricTable& metric, size_t columns) {
    constexpr size_t most_columns = 13;
    if (metric.columns.size() > most_columns)
      return wrapped(concat(metric.columns.size(), " columns: 'dlcli eval --json' has them"), columns, "  ", "  ") +
             "\n";
    std::vector<std::vector<std::string>> rows{metric.columns};
    const size_t width = metric.columns.size() - (metric.rows.empty() ? 0 : 1);
    for (size_t row = 0; row * width < metric.values.size(); ++row) {
      rows.emplace_back();
      if (!metric.rows.empty()) rows.back().push_back(shortened(metric.rows[row], 24));
      for (size_t i = 0; i < width; ++i) rows.back().push_back(short_figure(metric.values[row * width + i]));
    }
    return table(std::move(rows), columns);
  }
  static Node json_table(const MetricTable& table) {
    const auto strings = [](const std::vector<std::string>& texts) {
      Node list = Node::list();
      for (const std::string& text : texts) list.items.push_back(Node::string(text));
      return list;
    };
    Node values = Node::list();
    for (const double value : table.values) values.items.push_back(json_number(value));
    return json_object(
        {{"columns", strings(table.columns)}, {"rows", strings(table.rows)}, {"values", std::move(values)}});
  }

  std::string text(const Trained& trained, const Evaluation& e, const std::optional<Confusion>& confusion,
                   const Dataset& data) const {
    const size_t columns = standard_output().columns();
    std::string out = wrapped(concat(trained.name, ", step ", trained.checkpoint.state.step, ", ",
                                     count(static_cast<double>(e.samples)), " samples in ", seconds_text(e.seconds)),
                              columns, "  ", "") +
                      figures(e.values, columns, "  ");
    for (const MetricTable& table : e.tables)
      if (!confusion || table.name != "confusion_matrix")  // which it shows below
        out += "\n" + table.name + "\n" + grid(table, columns);
    if (!confusion) return out;
    out += "\n" + confusion->text();
    if (wanted_mistakes() == 0) return out;
    out += concat("\n", count(static_cast<double>(confusion->wrong())), " of ", count(static_cast<double>(e.samples)),
                  " samples are taken for another class");
    if (confusion->wrong() == 0) return out + "\n";
    if (!sheet_.empty()) out += "; pictures: " + sheet_;
    if (mistakes_ == 0) return out + "\n";
    const bool places = !place_text(data, 0).empty();
    std::vector<std::vector<std::string>> rows{{"sample", "class", "taken for", "probability"}};
    if (places) rows[0].push_back("place");
    for (const Confusion::Mistake& m : confusion->mistakes()) {
      rows.push_back({std::to_string(m.sample), shortened(confusion->verdicts().name(m.truth), 24),
                      shortened(confusion->verdicts().name(m.predicted), 24), figure(m.probability)});
      if (places) rows.back().push_back(place_text(data, m.sample));
    }
    return out + "; it is surest of these\n" + table(rows, columns);
  }

  void draw(SampleImages& images, const Confusion& confusion) const {
    std::vector<SheetEntry> entries;
    for (const Confusion::Mistake& m : confusion.mistakes())
      entries.push_back({images.dots(m.sample),
                         {{confusion.verdicts().name(m.truth), Picture::green},
                          {confusion.verdicts().name(m.predicted), Picture::red},
                          {concat(m.sample, " ", percent(m.probability)), Picture::grey}}});
    write_sheet(sheet_, images.shape(), entries);
  }

  std::string what_, split_ = "test", checkpoint_, sheet_;
  int64_t mistakes_ = 0;
  bool json_ = false;
  std::string runs_ = "runs";
  Overrides overrides_;
};

DL_COMMAND(Eval, "eval");

}  // namespace
}  // namespace dl
