// dlcli data: what a config's data are like, before anything is trained on them.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <map>

#include "app/command.h"
#include "app/console/json.h"
#include "app/console/output.h"
#include "app/console/text.h"
#include "app/likeness.h"
#include "app/options.h"
#include "app/place.h"
#include "app/sheet.h"
#include "app/trained.h"
#include "lib/base/text.h"
#include "lib/data/labelled.h"
#include "lib/data/streamed.h"
#include "lib/data/succession.h"
#include "lib/data/table/table.h"
#include "lib/data/targeted.h"
#include "lib/data/text/tokenized.h"
#include "lib/train/plan/plan.h"

namespace dl {
namespace {

constexpr size_t most_classes = 20, most_columns = 60;
constexpr int64_t most_compared = 200'000, most_drawn = 48;

struct NamedPart {
  std::string name;
  DatasetPointer data;
  std::vector<int64_t> counts;  // of each class; empty where samples have no class each
};

std::string type_text(const Type& type) { return concat(name_of(type.dtype), " ", type.shape.text()); }

class Data final : public Command {
 public:
  std::string summary() const override {
    return "what a config's data are like: samples, classes, columns, what is alike";
  }

  std::vector<std::string> other_names() const override { return {"dataset", "stats", "explore"}; }

  void declare(CLI::App& app) override {
    app.add_option("CONFIG", config_, "the YAML file, or a run: the config it is trained by")->required();
    app.add_option("--sheet", sheet_, "of images: draw samples of each class as a picture")
        ->type_name("FILE.png")
        ->check(file_of(".png"));
    declare_runs(app, runs_);
    Overrides& overrides = overrides_;
    overrides.declare_set(app);
    declare_json(app, json_);
    examples(app, {{"dlcli data my.yaml", "its samples, classes and columns"},
                   {"dlcli data my.yaml --sheet samples.png", "a picture of some of its images"},
                   {"dlcli data my.yaml --json", "for scripts"}});
  }

  Exit run() override {
    const std::unique_ptr<Plan> plan = plan_run(config_file(config_, runs_), overrides_.sets());
    const DataSets& sets = plan->data;
    std::vector<NamedPart> parts;
    for (const auto& [name, data] : {std::pair("train", sets.train), {"val", sets.validation}, {"test", sets.test}})
      if (data) parts.push_back({name, data, counts_of(*data)});
    if (!sheet_.empty()) draw(parts[0]);
    Likeness alike;
    if (compares(parts))
      for (const NamedPart& part : parts) alike.add(part.name, untransformed(*part.data));
    print(json_ ? json_line(json(sets, parts, alike)) : text(sets, parts, alike));
    return Exit::done;
  }

 private:
  static bool has_classes(const Dataset& data) {
    const auto y = std::ranges::find(data.fields(), "y", &SampleField::name);
    return y != data.fields().end() && y->type == Type{DType::i32, {}} && !data.classes().empty();
  }

  static std::vector<int64_t> counts_of(const Dataset& data) {
    if (!has_classes(data)) return {};
    std::vector<int64_t> counts(data.classes().size());
    for (const int64_t label : labels(data))
      if (label >= 0 && label < std::ssize(counts)) ++counts[static_cast<size_t>(label)];
    return counts;
  }

  // Windows of texts are cut anywhere; very large sets would take long.
  static bool compares(const std::vector<NamedPart>& parts) {
    int64_t samples = 0;
    for (const NamedPart& part : parts) samples += part.data->size();
    const Dataset& train = *parts[0].data;
    return divisible(train) && !continues(train) && !vocabulary(train) && samples <= most_compared;
  }

  static std::string field_text(const SampleField& field) {
    return concat(field.name, " ", type_text(field.type),
                  field.values > 0 ? concat(", from 0 to ", field.values - 1) : "");
  }

  static std::string text(const DataSets& sets, const std::vector<NamedPart>& parts, const Likeness& alike) {
    std::vector<std::vector<std::string>> rows{{"part", "samples"}};
    for (const NamedPart& part : parts) rows.push_back({part.name, count(static_cast<double>(part.data->size()))});
    std::string out = table(rows, standard_output().columns()) + "\na sample\n";
    const std::vector<std::string> targets = target_names(*sets.train);
    for (const SampleField& field : untransformed(*sets.train).fields())
      out +=
          concat("  ", std::ranges::count(targets, field.name) > 0 ? "target" : "input", "  ", field_text(field), "\n");
    const auto raw = untransformed(*sets.train).fields();
    for (const SampleField& field : sets.inputs)
      if (field.name == "x" ? field.type != sets.raw_input
                            : std::ranges::count(raw, field.name, &SampleField::name) == 0)
        out += concat("  after transforms  ", field_text(field), "\n");
    if (const Vocabulary* words = vocabulary(*sets.train)) out += vocabulary_text(*words);
    if (!parts[0].counts.empty()) out += "\n" + classes_text(sets, parts);
    if (const auto columns = table_columns(untransformed(*sets.train)); !columns.empty())
      out += "\n" + columns_text(columns);
    return out + "\n" + alike_text(parts, alike);
  }

  static std::string columns_text(const std::vector<ColumnSummary>& columns) {
    std::vector<std::vector<std::string>> rows{{"column", "kind", "missing", "values"}};
    for (const ColumnSummary& column : columns) {
      if (rows.size() > most_columns) break;
      rows.push_back({shortened(column.name, 20), column.kind, count(static_cast<double>(column.missing))});
      const size_t used = 20 + 9 + 8 + 6;
      rows.back().push_back(shortened(values_text(column), 80 - used));
    }
    const size_t left = columns.size() + 1 - rows.size();
    return "columns of the training part\n" + table(rows, standard_output().columns()) +
           (left > 0 ? concat("and ", count_of(static_cast<int64_t>(left), "column"), " more; --json lists all\n")
                     : "");
  }

  static std::string values_text(const ColumnSummary& column) {
    if (column.kind == "ignored") return "";
    if (column.kind == "date") return concat("from ", date_text(column.least), " to ", date_text(column.most));
    if (column.kind == "numeric" || column.kind == "value")
      return concat("from ", short_number(column.least), " to ", short_number(column.most), ", mean ",
                    short_number(column.mean));
    std::vector<std::string> kinds;
    for (size_t i = 0; i < std::min<size_t>(column.kinds.size(), 3); ++i)
      kinds.push_back(concat(column.kinds[i].first, " ", column.kinds[i].second));
    return concat("of ", column.kinds.size(), ": ", join(kinds), column.kinds.size() > 3 ? ", …" : "");
  }
  static std::string short_number(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.4g", value);
    return text;
  }

  static std::string vocabulary_text(const Vocabulary& words) {
    std::vector<std::string> first;
    for (size_t i = 0; i < std::min<size_t>(words.tokens().size(), 12); ++i)
      first.push_back(yaml_word(words.tokens()[i]));
    return wrapped(
        concat("a vocabulary of ", count_of(words.size(), "token"), ": ", join(first), words.size() > 12 ? ", …" : ""),
        80, "    ", "  ");
  }
  static std::string yaml_word(const std::string& token) { return to_json(Node::string(token), 0); }

  static std::string classes_text(const DataSets& sets, const std::vector<NamedPart>& parts) {
    std::vector<size_t> order(sets.classes.size());
    for (size_t i = 0; i < order.size(); ++i) order[i] = i;
    const std::vector<int64_t>& train = parts[0].counts;
    std::string title;
    if (order.size() > most_classes) {
      std::ranges::stable_sort(order, {}, [&](size_t i) { return train[i]; });
      order.erase(order.begin() + most_classes / 2, order.end() - most_classes / 2);
      title = concat("the ", most_classes / 2, " smallest and the ", most_classes / 2, " largest of ",
                     sets.classes.size(), " classes\n");
    }
    std::vector<std::vector<std::string>> rows{{"class"}};
    for (const NamedPart& part : parts) rows[0].push_back(part.name);
    rows[0].push_back("share");
    const auto all = static_cast<double>(std::max<int64_t>(1, parts[0].data->size()));
    for (const size_t i : order) {
      rows.push_back({shortened(sets.classes[i], 30)});
      for (const NamedPart& part : parts) rows.back().push_back(count(static_cast<double>(part.counts[i])));
      rows.back().push_back(percent(static_cast<double>(train[i]) / all));
    }
    std::string out = title + table(rows, standard_output().columns());
    const auto [least, most] = std::ranges::minmax(train);
    if (least == 0) {
      out += concat(std::ranges::count(train, 0), " of the classes have no sample to train on\n");
    } else if (most >= 2 * least) {
      out += concat("the largest class has ",
                    number_text(std::round(10 * static_cast<double>(most) / static_cast<double>(least)) / 10),
                    " times the samples of the smallest\n");
    }
    return out;
  }

  static std::string example_text(const std::vector<NamedPart>& parts, const Likeness::Alike& a) {
    const auto named = [&](const std::string& name, int64_t index) {
      const auto part = std::ranges::find(parts, name, &NamedPart::name);
      const std::string place = place_text(*part->data, index);
      return place.empty() ? concat(name, " ", index) : place;
    };
    std::vector<std::string> examples;
    for (const auto& [index, other] : a.examples)
      examples.push_back(concat(named(a.part, index), " = ", named(a.as_in, other)));
    return join(examples);
  }

  static std::string alike_text(const std::vector<NamedPart>& parts, const Likeness& alike) {
    if (!compares(parts)) return "samples were not compared with each other\n";
    if (alike.found().empty()) return "no two samples are alike\n";
    std::string out;
    for (const Likeness::Alike& a : alike.found()) {
      const std::string verb = a.samples == 1 ? " is" : " are";
      out +=
          concat(count_of(a.samples, "sample"), " of ", a.part,
                 verb + (a.part == a.as_in ? " as another of it" : " in " + a.as_in + " too"),
                 a.other_targets > 0 ? concat(", ", count(static_cast<double>(a.other_targets)), " with another target")
                                     : std::string(),
                 "\n");
      out += wrapped(example_text(parts, a), 80, "    ", "  ");
    }
    return out;
  }

  static Node json(const DataSets& sets, const std::vector<NamedPart>& parts, const Likeness& alike) {
    Node node = Node::map(), listed = Node::map(), fields = Node::list(), same = Node::list();
    for (const NamedPart& part : parts) {
      Node& entry = listed.set(part.name, json_object({{"samples", Node::integer(part.data->size())}}));
      if (part.counts.empty()) continue;
      Node counts = Node::map();
      for (size_t i = 0; i < part.counts.size(); ++i) counts.set(sets.classes[i], Node::integer(part.counts[i]));
      entry.set("classes", std::move(counts));
    }
    for (const SampleField& field : untransformed(*sets.train).fields())
      fields.items.push_back(json_object({{"name", Node::string(field.name)},
                                          {"type", Node::string(std::string(name_of(field.type.dtype)))},
                                          {"shape", json_sizes(field.type.shape.sizes())}}));
    for (const Likeness::Alike& a : alike.found())
      same.items.push_back(json_object({{"part", Node::string(a.part)},
                                        {"as_in", Node::string(a.as_in)},
                                        {"samples", Node::integer(a.samples)},
                                        {"other_targets", Node::integer(a.other_targets)}}));
    node.set("parts", std::move(listed));
    node.set("fields", std::move(fields));
    if (const Vocabulary* words = vocabulary(*sets.train)) node.set("vocabulary", json_list(words->tokens()));
    if (const auto columns = table_columns(untransformed(*sets.train)); !columns.empty())
      node.set("columns", json_columns(columns));
    node.set("alike", compares(parts) ? std::move(same) : Node::null());
    return node;
  }

  static Node json_columns(const std::vector<ColumnSummary>& columns) {
    Node list = Node::list();
    for (const ColumnSummary& column : columns) {
      Node entry = json_object({{"name", Node::string(column.name)},
                                {"kind", Node::string(column.kind)},
                                {"missing", Node::integer(column.missing)}});
      if (column.kind == "date") {
        entry.set("least", Node::string(date_text(column.least)));
        entry.set("most", Node::string(date_text(column.most)));
      } else if (column.kind == "numeric" || column.kind == "value") {
        entry.set("least", json_number(column.least));
        entry.set("most", json_number(column.most));
        entry.set("mean", json_number(column.mean));
      } else if (column.kind != "ignored") {
        Node kinds = Node::map();
        for (const auto& [kind, rows] : column.kinds) kinds.set(kind, Node::integer(rows));
        entry.set("kinds", std::move(kinds));
      }
      list.items.push_back(std::move(entry));
    }
    return list;
  }

  // Samples of all classes in turn.
  void draw(const NamedPart& part) const {
    const Dataset& data = *part.data;
    SampleImages images(data);
    std::vector<SheetEntry> entries;
    std::vector<int64_t> indices;
    each_sample(data, [&](int64_t index) { indices.push_back(index); });
    if (part.counts.empty()) {
      for (int64_t i = 0; i < std::min(data.size(), most_drawn); ++i)
        entries.push_back({images.dots(indices[static_cast<size_t>(i)]), {{std::to_string(i), Picture::grey}}});
    } else {
      std::map<int64_t, std::vector<int64_t>> classes;
      const std::vector<int64_t> labels = dl::labels(data);
      for (size_t i = 0; i < labels.size(); ++i) classes[labels[i]].push_back(static_cast<int64_t>(i));
      const auto most = std::max<size_t>(1, static_cast<size_t>(most_drawn) / classes.size());
      for (const auto& [label, samples] : classes)
        for (size_t i = 0; i < std::min(most, samples.size()); ++i) {
          const int64_t sample = samples[i * samples.size() / std::min(most, samples.size())];
          if (std::ssize(entries) == 4 * most_drawn) break;
          entries.push_back({images.dots(indices[static_cast<size_t>(sample)]),
                             {{data.classes()[static_cast<size_t>(label)], Picture::black},
                              {std::to_string(sample), Picture::grey}}});
        }
    }
    write_sheet(sheet_, images.shape(), entries);
  }

  std::string config_, sheet_, runs_ = "runs";
  bool json_ = false;
  Overrides overrides_;
};

DL_COMMAND(Data, "data");

}  // namespace
}  // namespace dl
