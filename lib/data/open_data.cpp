// Opening what the section `data:` names.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <system_error>

#include "lib/base/error.h"
#include "lib/base/hash.h"
#include "lib/base/lower.h"
#include "lib/base/text.h"
#include "lib/data/cache.h"
#include "lib/data/capability.h"
#include "lib/data/data_spec.h"
#include "lib/data/fit.h"
#include "lib/data/labelled.h"
#include "lib/data/overlapping.h"
#include "lib/data/padded.h"
#include "lib/data/row_numbers.h"
#include "lib/data/sample_fit.h"
#include "lib/data/split.h"
#include "lib/data/streamed.h"
#include "lib/data/succession.h"
#include "lib/data/targeted.h"
#include "lib/spec/write.h"

namespace dl {

std::vector<std::string> names_of_target(const Dataset& data) {
  if (!data.classes().empty()) return {data.classes().begin(), data.classes().end()};
  const auto y = std::ranges::find(data.fields(), "y", &SampleField::name);
  return y != data.fields().end() ? y->value_names : std::vector<std::string>();
}

bool same_classes(std::span<const std::string> some, std::span<const std::string> others) {
  return std::ranges::equal(some, others) || are_numbered(some) || are_numbered(others);
}

namespace {

// What programs are given beside the data.
constexpr const char* program_names[] = {"lr", "step", "update"};

// What opening finds wrong with one key of the section.
class Findings {
 public:
  Findings(std::vector<Problem>& problems, std::string path) : problems_(problems), path_(std::move(path)) {}

  // The result of `open`, or null and the problems that it threw: at `where`, unless they have a place.
  template <class Open>
  DatasetPointer attempt(Open open, const Where& where = {}) const {
    try {
      return open();
    } catch (const Error& error) {
      for (Problem problem : error.problems()) {
        if (problem.path.empty()) problem.path = path_;
        if (problem.where.file.empty()) problem.where = where;
        add_problem(problems_, std::move(problem));
      }
      return nullptr;
    }
  }
  void add(const Where& where, std::string what, std::string help = {}) const {
    add_problem(problems_, {.where = where, .path = path_, .what = std::move(what), .help = std::move(help)});
  }

 private:
  std::vector<Problem>& problems_;
  const std::string path_;
};

std::string text_of(const Type& type) { return concat(name_of(type.dtype), " ", type.shape.text()); }

std::string names_of(std::span<const SampleField> fields) {
  std::vector<std::string> names;
  for (const SampleField& field : fields) names.push_back(field.name);
  return join(names);
}

bool alike(const Dataset& part, const Dataset& train) {
  return std::ranges::equal(part.fields(), train.fields(), [](const SampleField& a, const SampleField& b) {
    return a.name == b.name && a.type == b.type;
  });
}

// A part must look like the training data.
void compare(const Dataset& part, const Dataset& train, const Where& where, const Findings& findings) {
  const auto found = part.fields(), expected = train.fields();
  if (const std::string names = names_of(expected); names_of(found) != names) {
    findings.add(where, concat("expected the fields ", names, " of the training data, found ", names_of(found)));
  } else {
    for (size_t i = 0; i < found.size(); ++i)
      if (!expected[i].value_names.empty() && found[i].value_names != expected[i].value_names)
        findings.add(where, concat("expected the numbers of '", found[i].name, "' to be of ",
                                   shortened(join(expected[i].value_names), 200), " as in the training data, found ",
                                   shortened(join(found[i].value_names), 200)));
      else if (const Type& type = found[i].type, &wanted = expected[i].type; type != wanted)
        findings.add(where, concat("expected ", found[i].name == "x" ? "samples" : "'" + found[i].name + "'",
                                   " of type ", name_of(wanted.dtype), " and shape ", wanted.shape.text(),
                                   " as in the training data, found ", text_of(type)));
  }
  if (part.classes().size() != train.classes().size())
    findings.add(where, concat("expected the ", train.classes().size(), " classes of the training data, found ",
                               part.classes().size()));
  else if (!same_classes(part.classes(), train.classes()))
    findings.add(where,
                 concat("expected the classes of the training data in their order, ",
                        shortened(join(train.classes()), 200), "; found ", shortened(join(part.classes()), 200)),
                 "name them as the training data do");
}

// Whether a field has a number for each class where a fit says one for the class.
bool is_one_hot(const SampleField& field, const std::string& dtype) {
  return field.type.dtype == DType::f32 && dtype == name_of(DType::i32) && field.type.shape.rank() == 1 &&
         field.type.shape[0] > 1;
}

// Whether the training set's numbers are those that a fit, of a network that was made elsewhere or of the same set
// before, says: bytes would be divided by 255.
void compare_with_fit(const Dataset& train, const Node& fit, const Where& where, const Findings& findings) {
  const Node* known = fit.is_map() ? fit.find("fields") : nullptr;
  if (!known || !known->is_list()) return;
  for (const SampleField& field : train.fields())
    for (const Node& one : known->items) {
      const Node *name = one.is_map() ? one.find("name") : nullptr, *dtype = one.is_map() ? one.find("dtype") : nullptr;
      if (!name || !dtype || name->text != field.name || dtype->text == name_of(field.type.dtype)) continue;
      findings.add(
          where,
          concat("expected '", field.name, "' of type ", dtype->text, ", as 'data.fitted' says, found ",
                 text_of(field.type)),
          field.type.dtype == DType::u8
              ? "save it as float32; or take 'data.fitted' out, where bytes divided by 255 are meant"
          : is_one_hot(field, dtype->text)
              ? concat("save the numbers of the classes, ", field.name, ".argmax(-1), or take 'data.fitted' out")
              : concat("save it by .astype(numpy.", field.type.dtype == DType::f32 ? "int64" : "float32",
                       "), or take 'data.fitted' out"));
    }
}

// The samples that `validation` asks for, out of `size`; 0 where that is not possible.
int64_t samples_held_out(const Validation& validation, int64_t size, const Findings& findings) {
  const int64_t count = validation.fraction ? std::llround(*validation.fraction * static_cast<double>(size))
                                            : validation.first.value_or(validation.last.value_or(0));
  if (count >= 1 && count < size) return count;
  const std::string of = concat(" of the ", count_of(size, "training sample"));
  if (size < 2)
    findings.add(validation.where, concat("the training set has ", count_of(size, "sample"), ": none can be held out"),
                 "add samples, or name a validation set of its own");
  else if (validation.fraction && count == 0)
    findings.add(validation.where, concat("a fraction of ", number_text(*validation.fraction), of, " is none"),
                 "raise 'fraction'");
  else if (validation.fraction)
    findings.add(validation.where,
                 concat("a fraction of ", number_text(*validation.fraction), of, " leaves none to train on"),
                 "lower 'fraction'");
  else
    findings.add(validation.where, concat("expected from 1 to ", size - 1, " of the ", size,
                                          " training samples for validation, got ", count));
  return 0;
}

// Of a part cut off in the data's order, where it has far fewer of the classes than one taken at random would have, or
// the others lack one.
std::optional<Problem> sorted_by_class(const Dataset& whole, const Validation& validation, int64_t begin,
                                       int64_t count) {
  if (!has_labels(whole)) return {};
  std::map<int64_t, std::pair<int64_t, int64_t>> classes;  // samples of each: all, and held out
  const std::vector<int64_t> labels = dl::labels(whole);
  for (int64_t i = 0; i < std::ssize(labels); ++i) {
    auto& [all, out] = classes[labels[static_cast<size_t>(i)]];
    ++all;
    out += i >= begin && i < begin + count;
  }
  const double share = static_cast<double>(count) / static_cast<double>(labels.size());
  double expected = 0;  // classes in a part taken at random
  int64_t held = 0, lost = 0;
  for (const auto& [label, counts] : classes) {
    expected += 1 - std::pow(1 - share, static_cast<double>(counts.first));
    held += counts.second > 0;
    lost += counts.first == counts.second;
  }
  const std::string part = concat("the ", validation.first ? "first " : "last ", count_of(count, "sample"));
  const auto kinds = std::ssize(classes);
  Problem problem{.where = validation.where,
                  .help = concat("write 'fraction: ", number_text(std::round(1000 * share) / 1000),
                                 "', which takes them at random")};
  if (lost > 0)
    problem.what =
        concat(part, lost == 1 ? " have all there is of one class" : concat(" have all there is of ", lost, " classes"),
               ", so that training has ", kinds - lost, " of the ", kinds);
  else if (static_cast<double>(held) < 0.7 * expected)
    problem.what = concat(part, " have ", held, " of the ", count_of(kinds, "class"), ": the data seem to be sorted");
  else
    return {};
  return problem;
}

// The raw sets, before transforms.
struct Opened {
  DatasetPointer train, validation, test;
  std::vector<std::string> names;  // of all that the spec names
  std::vector<Problem> warnings;
};

// Whether samples can be held out of the set; else what to write is added.
bool can_hold_out(const Dataset& data, const Where& where, const Findings& findings) {
  if (capability<Streamed>(data))
    findings.add(where, "no samples can be held out of a stream, which has no index of them",
                 "name shards of its own: the same reader with other 'paths'");
  else if (!divisible(data))
    findings.add(where, "no samples can be held out of windows that are drawn or carried on",
                 "name a part of its own: the same reader with 'begin: 0.9', and 'end: 0.9' in 'train'");
  else
    return true;
  return false;
}

// Of a part that is chosen by chance, such a share of the samples.
void doubt_overlap(Opened& sets, const Where& where, const char* path, double share) {
  if (!samples_overlap(*sets.train)) return;
  const std::string begin = number_text(std::round(1000 * (1 - share)) / 1000);
  sets.warnings.push_back({.where = where,
                           .path = path,
                           .what = "windows that are held out by chance have rows of those that are trained on",
                           .help = concat("name a part of its own: the same reader with 'begin: ", begin,
                                          "', and 'end: ", begin, "' in 'train'")});
}

// Cuts the training set in two.
void hold_out_validation(Opened& sets, const Validation& validation, uint64_t seed, const Findings& findings) {
  if (!can_hold_out(*sets.train, validation.where, findings)) return;
  const int64_t size = sets.train->size(), count = samples_held_out(validation, size, findings);
  if (count == 0) return;
  if (validation.fraction) {
    doubt_overlap(sets, validation.where, "data.validation", *validation.fraction);
    sets.validation = findings.attempt(
        [&] {
          Parts parts = hold_out(sets.train, *validation.fraction, validation.by, seed);
          sets.train = std::move(parts.kept);
          return std::move(parts.held_out);
        },
        validation.where);
  } else {
    const int64_t begin = validation.first ? 0 : size - count;
    if (auto warning = sorted_by_class(*sets.train, validation, begin, count)) {
      warning->path = "data.validation";
      sets.warnings.push_back(std::move(*warning));
    }
    sets.validation = slice(sets.train, begin, count);
    sets.train = slice(sets.train, validation.first ? count : 0, size - count);
  }
}

void hold_out_fold(Opened& sets, const Folds& folds, int64_t number, uint64_t seed, const Findings& findings) {
  if (!can_hold_out(*sets.train, folds.where, findings)) return;
  doubt_overlap(sets, folds.where, "data.folds", 1 / static_cast<double>(folds.count));
  sets.validation = findings.attempt(
      [&] {
        Parts parts = fold(sets.train, number - 1, folds.count, folds.by, seed);
        sets.train = std::move(parts.kept);
        return std::move(parts.held_out);
      },
      folds.where);
}

// The training set as its fit, or its reader's keys say it is, without its files; null where nothing says it.
DatasetPointer known_by_fit(const DataSpec& spec, const std::filesystem::path& folder, bool reads_train) {
  if (spec.fitted.is_null() && reads_train) return nullptr;
  const auto reader = reader_of(spec.train, "train", folder);
  return reader && (reader->says_samples() || !spec.fitted.is_null()) ? reader->open_fitted(spec.fitted) : nullptr;
}

Opened open_sources(const DataSpec& spec, const std::filesystem::path& folder, uint64_t seed, const SetsToRead& read,
                    std::vector<Problem>& problems) {
  const Findings in_train(problems, "data.train"), in_validation(problems, "data.validation"),
      in_test(problems, "data.test");
  Opened sets;
  const bool reads_train =
      read.train || (read.validation && (spec.folds || (spec.validation && !spec.validation->source.given())));
  // What lies on the device is read once.
  int64_t cache_bytes = !spec.cache ? spare_memory_bytes() : spec.cache->bytes ? spec.cache->bytes->count : 0;
  sets.train = in_train.attempt([&] {
    const DatasetPointer known = known_by_fit(spec, folder, reads_train);
    if (known && !reads_train) return known;
    // What a label means is what it meant when the run began.
    return cached(open_part(spec.train, "train", folder, known ? names_of_target(*known) : std::vector<std::string>()),
                  cache_bytes);
  });
  const std::vector<std::string> classes = sets.train ? names_of_target(*sets.train) : std::vector<std::string>();
  // Null too where the training set's description, which nothing else is named for, has no such part.
  const auto part = [&](const Source& source, const char* name, const Findings& findings) {
    return findings.attempt([&] {
      DatasetPointer opened = open_part(source, name, folder, classes);
      if (!opened && &source != &spec.train)
        throw Error(
            Exit::usage,
            Problem{.where = source.where,
                    .what = concat("the data set '", source.name.empty() ? source.description->where.file : source.name,
                                   "' has no ", name, " part"),
                    .help = concat("add '", name, ":' to its description, or write a reader's keys, {format: …}")});
      return opened;
    });
  };
  // An inline reader for training says nothing of other parts; a described set has them or has not.
  const bool is_described = !spec.train.reader.reader && sets.train;

  const auto is_named = [&](const char* name) { return is_described && reader_of(spec.train, name, folder); };
  sets.names = {"train"};
  if (spec.validation || spec.folds || is_named("validation")) sets.names.push_back("val");
  if (spec.test || is_named("test")) sets.names.push_back("test");

  if (read.test && (spec.test || is_described)) sets.test = part(spec.test ? *spec.test : spec.train, "test", in_test);
  if (!read.validation) return sets;
  // Read in every epoch too, unlike the test set.
  const auto validation_part = [&](const Source& source) {
    sets.validation = part(source, "validation", in_validation);
    if (sets.validation && read.train) sets.validation = cached(std::move(sets.validation), cache_bytes);
  };
  if (spec.folds) {
    if (sets.train) hold_out_fold(sets, *spec.folds, spec.fold, seed, Findings(problems, "data.folds"));
  } else if (!spec.validation) {
    if (is_described) validation_part(spec.train);
  } else if (const Validation& validation = *spec.validation; validation.source.given()) {
    validation_part(validation.source);
  } else if (sets.train) {
    hold_out_validation(sets, validation, seed, in_validation);
  }
  return sets;
}

// Fits what is to be fitted, unless `given` says it, and makes the sets what follows; returns the fit.
Node fit(Opened& sets, const Node& given, std::vector<Problem>& problems) {
  Node fit;
  const Findings in_train(problems, "data.train"), in_validation(problems, "data.validation"),
      in_test(problems, "data.test");
  sets.train = in_train.attempt([&] {
    fit = given.is_null() ? fit_all(*sets.train) : given;
    return fitted(sets.train, fit);
  });
  if (!sets.train) return fit;  // what is wrong with it says nothing of the others
  for (const auto& [set, findings] : {std::pair(&sets.validation, &in_validation), {&sets.test, &in_test}})
    if (*set) *set = findings->attempt([&, set = set] { return fitted(*set, fit); });
  return fit;
}

// Two readers with their keys.
bool are_written_alike(const Source& a, const Source& b) {
  return a.reader.reader && b.reader.reader && to_yaml_line(a.written) == to_yaml_line(b.written);
}

Where place_of(const std::optional<Source>& source, const Source& train) {
  return source ? source->where : train.where;
}

// Classes of samples or boxes whose names are apart by case and blanks only, of two letters at least; empty where none
// are.
std::string alike_classes(const DataSets& sets) {
  const bool has_boxes = std::ranges::any_of(sets.train->fields(), &SampleField::boxes);
  if (!has_boxes && (sets.target.dtype != DType::i32 || sets.target.shape.rank() > 0)) return {};
  std::map<std::string, std::string> seen;
  for (const std::string& name : sets.classes) {
    std::string plain = lower(name);
    std::erase(plain, ' ');
    if (plain.size() < 2) continue;
    const auto [other, is_first] = seen.emplace(std::move(plain), name);
    if (!is_first) return concat("'", shortened(other->second), "' and '", shortened(name), "' are different classes");
  }
  return {};
}

}  // namespace

void DataSets::load_ahead() {
  for (const DatasetPointer& set : {train, validation}) {
    if (!set) continue;
    const auto load = [set] {
      try {
        set->load();
      } catch (const Error&) {  // whoever needs the data meets it again
      }
    };
    try {
      loading.push_back(std::async(std::launch::async, load));
    } catch (const std::system_error&) {  // no thread is to be had: whoever needs the data loads it
      return;
    }
  }
}

uint64_t DataSets::fingerprint() const {
  const uint64_t parts[] = {train->fingerprint(), validation ? validation->fingerprint() : 0};
  return xxh64({reinterpret_cast<const char*>(parts), sizeof parts});
}

const DatasetPointer& DataSets::part(const std::string& name) const {
  if (std::ranges::count(names, name) == 0)
    throw Error(Exit::usage, Problem{.what = "there is no split '" + name + "'; there are: " + join(names),
                                     .help = name == "test" ? "name one of them, or write 'data.test:'"
                                             : name.starts_with("val") && std::ranges::count(names, "val") > 0
                                                 ? "write 'val'"
                                                 : "name one of them"});
  const DatasetPointer& set = name == "train" ? train : name == "val" ? validation : test;
  DL_CHECK(set, name, " was not to be read");
  return set;
}

DataSets open_data(const DataSpec& spec, const std::filesystem::path& folder, uint64_t seed,
                   std::vector<Problem>& problems, const SetsToRead& read) {
  if (!spec.train.given()) return {};  // reading the spec has said so
  Opened raw = open_sources(spec, folder, seed, read, problems);
  if (!raw.train) return {};
  Node fit = dl::fit(raw, spec.fitted, problems);
  for (DatasetPointer* set : {&raw.train, &raw.validation, &raw.test})
    if (*set && continues(**set) && (*set)->size() > 0)
      *set = Findings(problems, "data").attempt([&] { return rows_that_continue(*set, spec.batch_size); });
  if (!raw.train) return {};
  compare_with_fit(*raw.train, spec.fitted, spec.train.where, Findings(problems, "data.train"));
  if (raw.test) compare(*raw.test, *raw.train, place_of(spec.test, spec.train), Findings(problems, "data.test"));
  if (raw.validation)
    compare(*raw.validation, *raw.train, spec.validation ? spec.validation->where : spec.train.where,
            Findings(problems, "data.validation"));
  DataSets sets{.raw_input = inputs_of(*raw.train).at(0).type,
                .classes = {raw.train->classes().begin(), raw.train->classes().end()},
                .fitted = std::move(fit),
                .warnings = std::move(raw.warnings),
                .names = raw.names};
  const Findings findings(problems, "data.transforms");
  sets.train = findings.attempt([&] { return transformed(raw.train, spec.transforms, spec.views); }, spec.where);
  if (!sets.train) return sets;
  sets.inputs = inputs_of(*sets.train);
  if (const auto y = std::ranges::find(sets.train->fields(), "y", &SampleField::name);
      y != sets.train->fields().end()) {
    sets.target = y->type;
    sets.target_scaling = y->scaling;
    sets.class_help = y->class_help;
  }
  for (const SampleField& input : sets.inputs)
    if (std::ranges::count(program_names, input.name) > 0)
      Findings(problems, "data.train")
          .add(spec.train.where, concat("a field of the data is named '", input.name, "', which a program uses itself"),
               "give it another name");
  if (sets.train->size() > 0)
    sets.batches_per_epoch = batches_per_epoch(*sets.train, training_options(spec, *sets.train, seed));
  if (spec.cache && !spec.cache->bytes && read.train) {
    if (const std::string why = why_not_kept(*sets.train); !why.empty())
      Findings(problems, "data.cache").add(spec.cache->where, why, "leave 'cache' out");
    sets.rows = row_numbers(sets.train);
  }
  if (spec.balanced) {
    const Findings in_balanced(problems, "data.balanced");
    if (sets.target.dtype != DType::i32 || sets.target.shape.rank() > 0 || sets.classes.empty())
      in_balanced.add(spec.where, "the samples have no class each that could come equally often",
                      "leave 'balanced' out");
    else if (capability<Streamed>(*sets.train) || continues(*sets.train) || !spec.buckets.empty() || !spec.shuffle)
      in_balanced.add(spec.where, "samples are drawn by their class only where they are shuffled one by one",
                      "leave 'balanced' out, or 'buckets' and 'shuffle: false'");
  }
  if (!spec.buckets.empty() && !capability<Padded>(*sets.train))
    Findings(problems, "data.buckets")
        .add(spec.where, "the data have no sequences of different lengths, which could be padded",
             "leave 'buckets' out");
  for (auto [set, result] : {std::pair(&raw.validation, &sets.validation), {&raw.test, &sets.test}})
    if (*set && alike(**set, *raw.train)) *result = transformed(*set, spec.transforms, spec.views);
  if (read.train && spec.drop_last && sets.train->size() < spec.batch_size)
    Findings(problems, "data.batch_size")
        .add(spec.where,
             concat("'drop_last' leaves no batch of ", spec.batch_size, " from ", sets.train->size(), " samples"),
             "lower 'batch_size', or write 'drop_last: false'");
  const auto collect = [&](const DatasetPointer& set, const char* path, const Where& where,
                           const std::vector<Problem>& reported = {}) {
    if (!set) return;
    for (Problem warning : set->warnings()) {
      if (std::ranges::count(reported, warning.what, &Problem::what) > 0) continue;
      if (warning.path.empty()) warning.path = path;
      if (warning.where.file.empty()) warning.where = where;
      add_problem(sets.warnings, std::move(warning));
    }
  };
  if (spec.validation && are_written_alike(spec.validation->source, spec.train))
    add_problem(sets.warnings, {.where = spec.validation->where,
                                .path = "data.validation",
                                .what = "the validation set is the training set: it says nothing of other samples",
                                .help = "write 'validation: {fraction: 0.1}', which holds samples out of it"});
  collect(sets.train, "data.train", spec.train.where);
  const std::string alike = alike_classes(sets);
  const auto says = [&](const Problem& warning) { return warning.what.ends_with(alike); };  // of a table, with the cell
  if (!alike.empty() && std::ranges::none_of(sets.warnings, says))
    add_problem(sets.warnings, {.where = spec.train.where,
                                .path = "data.train",
                                .what = alike,
                                .help = "write them alike where they mean the same"});
  // What is said of the file that a part is held out of, the training data have told.
  const bool is_held_out = spec.folds || (spec.validation && !spec.validation->source.given());
  collect(sets.validation, "data.validation", spec.validation ? spec.validation->where : spec.train.where,
          is_held_out ? sets.train->warnings() : std::vector<Problem>());
  collect(sets.test, "data.test", place_of(spec.test, spec.train));
  return sets;
}

std::map<std::string, Node> data_values(const DataSets& sets) {
  const SampleField& input = sets.inputs.at(0);
  const Shape& shape = input.type.shape;
  std::map<std::string, Node> values{{"data.features", Node::integer(shape.elements())}};
  if (!sets.classes.empty()) values["data.classes"] = Node::integer(static_cast<int64_t>(sets.classes.size()));
  if (sets.target.dtype == DType::f32) values["data.targets"] = Node::integer(sets.target.shape.elements());
  if (input.type.dtype == DType::i32 && shape.rank() == 1) values["data.length"] = Node::integer(shape[0]);
  if (input.values > 0) values["data.vocabulary"] = Node::integer(input.values);
  if (shape.rank() == 3) {
    values["data.height"] = Node::integer(shape[0]);
    values["data.width"] = Node::integer(shape[1]);
    values["data.channels"] = Node::integer(shape[2]);
  }
  std::vector<Node> names, columns, categories;
  for (const SampleField& field : sets.inputs) {
    names.push_back(Node::string(field.name));
    if (field.type.dtype != DType::i32 || field.type.shape.rank() > 0) continue;
    columns.push_back(names.back());
    categories.push_back(Node::integer(field.values));
    values["data.categories." + field.name] = categories.back();
  }
  const std::vector<std::string> targets = target_names(*sets.train);
  for (const SampleField& field : sets.train->fields())
    if (field.name != "y" && field.values > 0 && std::ranges::count(targets, field.name) > 0)
      values["data.categories." + field.name] = Node::integer(field.values);
  values["data.inputs"] = Node::list(std::move(names));
  values["data.columns"] = Node::list(std::move(columns));
  values["data.categories"] = Node::list(std::move(categories));
  return values;
}

std::map<std::string, Node> data_stand_ins() {
  const Node one = Node::integer(1), none = Node::list({});
  return {{"data.channels", one},   {"data.classes", one},     {"data.features", one},
          {"data.height", one},     {"data.length", one},      {"data.targets", one},
          {"data.vocabulary", one}, {"data.width", one},       {"data.inputs", Node::list({Node::string("x")})},
          {"data.columns", none},   {"data.categories", none}, {"data.categories.*", one}};
}

std::vector<std::string> data_value_names() {
  std::vector<std::string> names;
  for (const auto& [name, value] : data_stand_ins())
    if (!name.ends_with(".*")) names.push_back(name);
  return names;
}

DatasetPointer open_other(const DataSpec& spec, const Source& source, const std::filesystem::path& folder,
                          const std::vector<std::string>& names) {
  DatasetPointer set = open_part(source, "test", folder, names);
  if (!set) set = open_part(source, "train", folder, names);
  return transformed(fitted(std::move(set), spec.fitted), spec.transforms, spec.views);
}

DatasetPointer open_rows(const DataSpec& spec, const std::filesystem::path& file, const std::filesystem::path& folder,
                         const Node& fit) {
  const std::shared_ptr<const Reader> reader = reader_of(spec.train, "train", folder);
  DatasetPointer rows = reader ? reader->open_inputs(file, fit) : nullptr;
  return rows ? transformed(fitted(std::move(rows), fit), spec.transforms, spec.views) : nullptr;
}

}  // namespace dl
