// dlcli predict: what a trained network says of images, of rows of a table or of a data set, as CSV or JSON lines.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <filesystem>
#include <limits>
#include <optional>

#include "app/activations.h"
#include "app/command.h"
#include "app/console/output.h"
#include "app/found_boxes.h"
#include "app/given_images.h"
#include "app/options.h"
#include "app/place.h"
#include "app/prediction_lines.h"
#include "app/prediction_table.h"
#include "app/sheet.h"
#include "app/trained.h"
#include "app/warnings.h"
#include "lib/base/file.h"
#include "lib/base/lower.h"
#include "lib/base/text.h"
#include "lib/data/array/npy.h"
#include "lib/data/skipping.h"
#include "lib/spec/yaml.h"
#include "lib/train/inference/evaluate.h"
#include "lib/train/plan/settled.h"

namespace dl {
namespace {

namespace fs = std::filesystem;

constexpr int64_t most_drawn_samples = 64, most_activated_samples = 8;  // where --first does not say

class Predict final : public Command {
 public:
  std::string summary() const override {
    return "what a trained network says of images, of rows of a table or of a data set";
  }
  std::vector<std::string> other_names() const override {
    return {"infer", "inference", "classify", "forward", "apply"};
  }

  void declare(CLI::App& app) override {
    app.add_option("RUN", what_, "a run, a checkpoint's folder, or a config: its newest run")->required();
    app.add_option("INPUT", inputs_, "image files, and folders of them; or a file of rows, as the training table's");
    app.add_option("--data", data_,
                   "train, val or test; a described data set: its test part; a description's file; or a reader's keys, "
                   "\"{format: image_folder, path: new}\"")
        ->type_name("DATA");
    app.add_option("--checkpoint", checkpoint_, "best, last, step-120 or a folder; if left out, the best there is")
        ->type_name("WHICH");
    app.add_option(
           "--format", format_,
           "csv; jsonl: one JSON object a line; npy: an array of f32 with all that is given; parquet: a table; if left "
           "out, by the ending of --output, else csv")
        ->type_name("FORMAT")
        ->check(one_of({"csv", "jsonl", "npy", "parquet"}));
    app.add_flag("--all", all_, "the probability of every class");
    app.add_option("--item", item_,
                   "what an item of the model gives, by its name; if left out, what the first loss reads")
        ->type_name("NAME");
    app.add_option("--first", first_, "so many samples alone")
        ->type_name("COUNT")
        ->check(whole_number(1, int64_t{1} << 40));
    app.add_option("--sheet", sheet_,
                   "of outputs that are images, or boxes on such: draw them, in the place of the lines")
        ->type_name("FILE.png")
        ->check(file_of(".png"));
    app.add_option("--activations", activations_,
                   "what every layer gives, and the inputs, by name, in the place of the lines: of the first 8 samples")
        ->type_name("FILE.npz");
    app.add_option("-o,--output", output_, "the file to write; if left out, standard output")->type_name("FILE");
    declare_runs(app, runs_);
    overrides_.declare_set(app);
    overrides_.declare_machine(app);
    examples(app,
             {{"dlcli predict quickstart shirt.png", "one image"},
              {"dlcli predict quickstart photos/ --format jsonl --all", "a folder, every class's probability"},
              {"dlcli predict adult people.csv -o incomes.csv", "rows of a table, numbered from 0"},
              {"dlcli predict quickstart --data test -o test.csv", "the test set, into a file"},
              {"dlcli predict quickstart --data test --format npy -o test.npy", "as an array of probabilities"},
              {"dlcli predict adult --data test --format parquet -o test.parquet", "for pandas and DuckDB"},
              {"dlcli predict quickstart --data test --activations mine.npz", "for 'dlcli compare', and to look at"},
              {"dlcli predict dcgan --data test --item generator --first 64 --sheet drawn.png",
               "images that a network drew"}});
  }

  Exit run() override {
    if (format_.empty()) format_ = format_of(output_);
    expect_options();
    const Trained trained = open_trained(what_, runs_, checkpoint_, overrides_.sets(), SetsToRead::only(data_), item_);
    const Plan& plan = *trained.plan;
    const Asked asked = open_asked(plan);
    const DatasetPointer& data = asked.data;
    tell(data->warnings());
    const PredictionLines::Options options{
        .csv = format_ == "csv",
        .all = all_,
        .targets = has_targets(plan, *data),
        .places = !data_.empty() && data->size() > 0 && !place_text(*data, 0).empty()};
    const PredictionLines lines(plan, options);
    UnreadableImages unreadable(asked.images);
    if (!sheet_.empty()) {
      predicts_boxes(plan) ? draw_boxes(*trained.inference, plan, data, unreadable)
                           : draw(*trained.inference, data, plan.prediction(), unreadable);
      unreadable.tell(std::min(first_ > 0 ? first_ : most_drawn_samples, data->size()));
    } else if (!activations_.empty()) {
      write_what_layers_give(*trained.inference, data, unreadable);
    } else if (format_ == "npy") {
      write_array(*trained.inference, data, plan.prediction(), unreadable);
      unreadable.tell(tried(*data));
    } else {
      write_lines(*trained.inference, plan, asked, lines, options, unreadable);
      for (const std::string& line : skipped(*data))
        warn("skipped, the image behind it was predicted instead: " + line);
      unreadable.tell(tried(*data));
    }
    return Exit::done;
  }

 private:
  // What is to be predicted.
  struct Asked {
    DatasetPointer data;
    ImageFiles images;  // of INPUT; without data where it is none
  };

  void expect_options() const {
    if (inputs_.empty() == data_.empty())
      throw Error(Exit::usage,
                  Problem{.path = "dlcli predict",
                          .what = data_.empty() ? "there is nothing to predict" : "INPUT and --data are both given",
                          .help = data_.empty() ? "name image files, a folder or a file of rows, or write '--data test'"
                                                : "keep one of them"});
    if (!sheet_.empty() && !activations_.empty())
      throw Error(Exit::usage, Problem{.path = "dlcli predict",
                                       .what = "--sheet and --activations are both given",
                                       .help = "call it once for each"});
    for (const auto& [option, file] : {std::pair("--sheet draws", sheet_), {"--activations writes", activations_}})
      if (!file.empty() && !output_.empty())
        throw Error(Exit::usage, Problem{.path = "dlcli predict",
                                         .what = concat(option, " in the place of the lines that --output is for"),
                                         .help = "call it once for each"});
    if ((format_ == "npy" || format_ == "parquet") && output_.empty())
      throw Error(Exit::usage, Problem{.path = "--format " + format_,
                                       .what = concat(format_ == "npy" ? "an array" : "a table",
                                                      " is not written to standard output"),
                                       .help = "name the file: -o predictions." + format_});
  }

  Asked open_asked(const Plan& plan) const {
    if (!inputs_.empty()) {
      if (const DatasetPointer rows = open_rows_of(plan)) return {.data = rows};
      const ImageFiles images =
          open_images(plan.run.data, image_files(inputs_), plan.data.raw_input, plan.data.raw_pixels);
      return {.data = images.data, .images = images};
    }
    const std::vector<std::string> names = names_of_target(*plan.data.train);
    if (data_ != "train" && data_ != "val" && data_ != "test")
      return {.data = open_other(plan.run.data, other_set(), plan.folder(), names)};
    refuse_another_part(plan, overrides_.sets(), data_);
    return {.data = plan.data.part(data_)};
  }

  // Whether samples have a target that means what the network's does.
  bool has_targets(const Plan& plan, const Dataset& data) const {
    // Numbers that mean other classes than the network's are no targets of it.
    const bool are_known = same_classes(names_of_target(data), names_of_target(*plan.data.train));
    if (!are_known)
      warn(concat("the classes of '", data_, "' are others than the network's, so that its targets are left out: ",
                  shortened(join(names_of_target(data)), 200)));
    const Loss* loss = plan.objectives.predicted_by();
    return are_known && loss && loss->reads_field() &&
           std::ranges::count(data.fields(), loss->from.target, &SampleField::name) > 0;
  }

  int64_t tried(const Dataset& data) const { return first_ > 0 ? std::min(first_, data.size()) : data.size(); }

  void write_what_layers_give(Inference& inference, const DatasetPointer& data, UnreadableImages& unreadable) const {
    const int64_t wanted = first_ > 0 ? first_ : most_activated_samples;
    const auto given = inference.inputs_of(data, wanted);
    const int64_t looked_at = std::min(wanted, data->size());
    for (int64_t i = 0; i < looked_at; ++i) unreadable.has(i);
    unreadable.tell(looked_at);
    write_activations(activations_, given, inference.activations(given));
  }

  // Of each sample a line, or of each box on it; or a row of a table.
  void write_lines(Inference& inference, const Plan& plan, const Asked& asked, const PredictionLines& lines,
                   const PredictionLines::Options& options, UnreadableImages& unreadable) const {
    const Dataset& data = *asked.data;
    const bool of_images = asked.images.data != nullptr;
    std::optional<AtomicFile> file;
    if (!output_.empty()) file.emplace(output_);
    const auto write = [&](const std::string& text) { file ? file->append(text) : print(text); };
    std::optional<FoundBoxes> boxes;
    if (predicts_boxes(plan)) boxes.emplace(plan, data);
    if (boxes && format_ == "parquet")
      throw Error(Exit::usage, Problem{.path = "--format parquet",
                                       .what = "boxes, so many on each image, are no rows of a table with one a sample",
                                       .help = "write '--format csv' or '--format jsonl'"});
    std::optional<PredictionTable> table;
    if (format_ == "parquet")
      table.emplace(plan, options, !of_images, [&](std::string_view bytes) { file->append(bytes); });
    std::string text = table ? "" : !boxes ? lines.header() : format_ == "csv" ? FoundBoxes::csv_header() : "";
    inference.predict(
        asked.data,
        [&](const Prediction& p) {
          if (unreadable.has(p.index)) return;
          const std::string place = options.places || of_images ? place_text(data, p.index) : "";
          if (table) {
            table->add(place, place, p);
            return;
          }
          const std::string input = of_images || (boxes && options.places) ? place : std::to_string(p.index);
          text += !boxes             ? lines.lines(input, place, p)
                  : format_ == "csv" ? boxes->csv(input, p)
                                     : boxes->json(input, p);
          if (text.size() < (1 << 16)) return;
          write(text);
          text.clear();
        },
        first_);
    if (table)
      table->finish();
    else
      write(text);
    if (file) file->commit();
  }

  // What the file's name says.
  static std::string format_of(const std::string& file) {
    const std::string name = lower(file);
    for (const char* format : {"jsonl", "npy", "parquet"})
      if (name.ends_with(concat(".", format))) return format;
    return "csv";
  }

  // What --data names, which is no part of the run's own data.
  Source other_set() const {
    if (!data_.starts_with("{")) return {.name = data_};
    Source source;
    std::vector<Problem> problems;
    Codec<Source>::read(parse_yaml(data_, "--data"), source, {}, Reading(problems));
    if (!problems.empty()) throw Error(std::move(problems));
    return source;
  }

  // [samples, sizes of an output …], in the data's order; NaN of what could not be read.
  void write_array(Inference& inference, const DatasetPointer& data, const Type& output,
                   UnreadableImages& unreadable) const {
    std::vector<int64_t> sizes{tried(*data)};
    sizes.insert(sizes.end(), output.shape.sizes().begin(), output.shape.sizes().end());
    AtomicFile file(output_);
    file.append(npy_head("<f4", Shape(std::move(sizes))));
    inference.predict(
        data,
        [&](const Prediction& p) {
          const std::vector<float> none(unreadable.has(p.index) ? p.output.size() : 0,
                                        std::numeric_limits<float>::quiet_NaN());
          const auto* values = reinterpret_cast<const char*>(none.empty() ? p.output.data() : none.data());
          file.append({values, p.output.size_bytes()});
        },
        first_);
    file.commit();
  }

  void draw(Inference& inference, const DatasetPointer& data, const Type& output, UnreadableImages& unreadable) const {
    expect_images(output, "the outputs are");
    std::vector<SheetEntry> entries;
    inference.predict(
        data,
        [&](const Prediction& p) {
          if (!unreadable.has(p.index))
            entries.push_back({dots_of(p.output), {{std::to_string(p.index), Picture::grey}}});
        },
        first_ > 0 ? first_ : most_drawn_samples);
    if (!entries.empty()) write_sheet(sheet_, output.shape, entries);
  }

  // Those whose score is a half at least, on the samples before transforms.
  void draw_boxes(Inference& inference, const Plan& plan, const DatasetPointer& data,
                  UnreadableImages& unreadable) const {
    constexpr float least_score = 0.5f;
    SampleImages images(*data);
    const FoundBoxes found(plan, *data, Pair(images.shape()[0], images.shape()[1]));
    std::vector<SheetEntry> entries;
    inference.predict(
        data,
        [&](const Prediction& p) {
          if (unreadable.has(p.index)) return;
          SheetEntry entry{images.dots(p.index), {{std::to_string(p.index), Picture::grey}}};
          for (const BoxRow& row : found.of(p))
            if (row.more >= least_score) entry.boxes.push_back({row.box, found.class_name(row)});
          entries.push_back(std::move(entry));
        },
        first_ > 0 ? first_ : most_drawn_samples);
    if (!entries.empty()) write_sheet(sheet_, images.shape(), entries);
  }

  // The rows of INPUT, where the network was trained on rows; else null.
  DatasetPointer open_rows_of(const Plan& plan) const {
    if (!fs::exists(inputs_[0])) return nullptr;  // image_files says so
    const DatasetPointer rows = open_rows(plan.run.data, inputs_[0], plan.folder(), plan.data.fitted);
    if (rows && inputs_.size() > 1)
      throw Error(Exit::usage, Problem{.path = "dlcli predict",
                                       .what = concat("expected one file of rows, got ", inputs_.size()),
                                       .help = "call it once for each"});
    return rows;
  }

  std::string what_, data_, checkpoint_, format_, output_, item_, sheet_, activations_;
  int64_t first_ = 0;  // all
  std::vector<std::string> inputs_;
  bool all_ = false;
  std::string runs_ = "runs";
  Overrides overrides_;
};

DL_COMMAND(Predict, "predict");

}  // namespace
}  // namespace dl
