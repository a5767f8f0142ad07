// dlcli predict: what a trained network says of images, of rows of a table or of a data set, as CSV or JSON lines.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <optional>

#include "app/command.h"
#include "app/console/json.h"
#include "app/console/output.h"
#include "app/options.h"
#include "app/trained.h"
#include "app/warnings.h"
#include "lib/base/file.h"
#include "lib/train/evaluate.h"

namespace dl {
namespace {

namespace fs = std::filesystem;

bool is_image(const fs::path& path) {
  std::string end = path.extension().string();
  std::transform(end.begin(), end.end(), end.begin(), [](unsigned char c) { return std::tolower(c); });
  for (const char* known : {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".pgm", ".ppm", ".tga"})
    if (end == known) return true;
  return false;
}

// Files as they are given; of folders the images in them and below, by name.
std::vector<fs::path> image_files(const std::vector<std::string>& inputs) {
  std::vector<fs::path> files;
  for (const std::string& input : inputs) {
    if (!fs::exists(input)) throw Error(Exit::usage, Problem{.path = input, .what = "there is no such file or folder"});
    if (!fs::is_directory(input)) {
      files.emplace_back(input);
      continue;
    }
    const size_t before = files.size();
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(input))
      if (entry.is_regular_file() && is_image(entry.path())) files.push_back(entry.path());
    if (files.size() == before)
      throw Error(Exit::usage, Problem{.path = input, .what = "there is no image in this folder"});
    std::sort(files.begin() + static_cast<std::ptrdiff_t>(before), files.end());
  }
  return files;
}

// The shortest decimal that is this float.
std::string float_text(float value) {
  char text[32];
  return {text, std::to_chars(text, text + sizeof text, value).ptr};
}
Node float_node(float value) { return std::isfinite(value) ? Node::scalar(float_text(value)) : Node::number(value); }

std::string csv_cell(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

// One line a prediction; without class names the outputs are numbered, a single one is 'prediction'.
class Lines {
 public:
  Lines(bool csv, bool all, std::vector<std::string> classes, int64_t outputs)
      : csv_(csv), all_(all), single_(outputs == 1), classes_(std::move(classes)) {}

  std::string header(size_t outputs) const {
    if (!csv_) return {};
    std::string line = classes_.empty() ? "input" : "input,class,probability";
    for (size_t i = 0; shows_all() && i < outputs; ++i) line += "," + csv_cell(name(i));
    return line + "\n";
  }

  std::string line(const std::string& input, const Prediction& p) const {
    const auto best = static_cast<size_t>(p.best);
    if (csv_) {
      std::string line = csv_cell(input);
      if (!classes_.empty()) line += "," + csv_cell(name(best)) + "," + float_text(p.output[best]);
      for (size_t i = 0; shows_all() && i < p.output.size(); ++i) line += "," + float_text(p.output[i]);
      return line + "\n";
    }
    Node node = json_object({{"input", Node::string(input)}});
    if (!classes_.empty()) {
      node.set("class", Node::string(name(best)));
      node.set("probability", float_node(p.output[best]));
    }
    if (classes_.empty() && single_) {
      node.set(name(0), float_node(p.output[0]));
    } else if (shows_all()) {
      Node& outputs = node.set(classes_.empty() ? "outputs" : "probabilities", Node::map());
      for (size_t i = 0; i < p.output.size(); ++i) outputs.set(name(i), float_node(p.output[i]));
    }
    return json_line(node);
  }

 private:
  bool shows_all() const { return all_ || classes_.empty(); }
  std::string name(size_t i) const {
    return i < classes_.size() ? classes_[i] : single_ ? "prediction" : concat("output_", i);
  }

  bool csv_, all_, single_;
  std::vector<std::string> classes_;
};

class Predict final : public Command {
 public:
  std::string summary() const override {
    return "what a trained network says of images, of rows of a table or of a data set";
  }

  void declare(CLI::App& app) override {
    app.add_option("RUN", what_, "a run, a checkpoint's folder, or a config: its newest run")->required();
    app.add_option("INPUT", inputs_, "image files, and folders of them; or a file of rows, as the training table's");
    app.add_option("--data", data_, "train, val or test; a described data set: its test part; or a description's file")
        ->type_name("DATA");
    app.add_option("--checkpoint", checkpoint_, "best, last, step-120 or a folder; if left out, the best there is")
        ->type_name("WHICH");
    app.add_option("--format", format_, "csv or jsonl: one JSON object a line")
        ->type_name("FORMAT")
        ->check(one_of({"csv", "jsonl"}));
    app.add_flag("--all", all_, "the probability of every class");
    app.add_option("-o,--output", output_, "the file to write; if left out, standard output")->type_name("FILE");
    overrides_.declare_set(app);
    overrides_.declare_machine(app);
    examples(app, {{"dlcli predict quickstart shirt.png", "one image"},
                   {"dlcli predict quickstart photos/ --format jsonl --all", "a folder, every class's probability"},
                   {"dlcli predict adult people.csv -o incomes.csv", "rows of a table, numbered from 0"},
                   {"dlcli predict quickstart --data test -o test.csv", "the test set, into a file"}});
  }

  Exit run() override {
    if (inputs_.empty() == data_.empty())
      throw Error(Exit::usage,
                  Problem{.path = "dlcli predict",
                          .what = data_.empty() ? "there is nothing to predict" : "INPUT and --data are both given",
                          .help = data_.empty() ? "name image files, a folder or a file of rows, or write '--data test'"
                                                : "keep one of them"});
    const Trained trained = open_trained(what_, checkpoint_, overrides_.sets(), SetsToRead::only(data_));
    const Plan& plan = *trained.plan;
    const DatasetPointer rows = inputs_.empty() ? nullptr : open_rows_of(plan);
    const std::vector<fs::path> files = rows ? std::vector<fs::path>() : image_files(inputs_);
    const bool is_part = data_ == "train" || data_ == "val" || data_ == "test";
    const DatasetPointer data = rows             ? rows
                                : !files.empty() ? open_images(plan.run.data, files, plan.data.raw_input)
                                : is_part        ? plan.data.part(data_)
                                                 : open_described(plan.run.data, data_, plan.folder());
    tell(data->warnings());
    const int64_t outputs = plan.network->output().shape.elements();
    const bool has_classes = plan.run.loss->takes_classes();
    const Lines lines(format_ == "csv", all_, has_classes ? plan.data.classes : std::vector<std::string>(), outputs);
    std::optional<AtomicFile> file;
    if (!output_.empty()) file.emplace(output_);
    const auto write = [&](const std::string& text) { file ? file->append(text) : print(text); };
    Inference inference(plan, trained.checkpoint);
    std::string text = lines.header(static_cast<size_t>(outputs));
    inference.predict(data, [&](const Prediction& p) {
      text += lines.line(files.empty() ? std::to_string(p.index) : files[static_cast<size_t>(p.index)].string(), p);
      if (text.size() < (1 << 16)) return;
      write(text);
      text.clear();
    });
    write(text);
    if (file) file->commit();
    return Exit::done;
  }

 private:
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

  std::string what_, data_, checkpoint_, format_ = "csv", output_;
  std::vector<std::string> inputs_;
  bool all_ = false;
  Overrides overrides_;
};

DL_COMMAND(Predict, "predict");

}  // namespace
}  // namespace dl
