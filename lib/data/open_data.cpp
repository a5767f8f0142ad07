// Opening what the section `data:` names.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
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
#include "lib/data/held_out.h"
#include "lib/data/matching.h"
#include "lib/data/padded.h"
#include "lib/data/row_numbers.h"
#include "lib/data/sample_fit.h"
#include "lib/data/streamed.h"
#include "lib/data/succession.h"
#include "lib/spec/write.h"

namespace dl {
namespace {

// What programs are given beside the data.
constexpr const char* program_names[] = {"lr", "step", "update"};

// The training set as its fit, or its reader's keys say it is, without its files; null where nothing says it.
DatasetPointer known_by_fit(const DataSpec& spec, const std::filesystem::path& folder, bool reads_train) {
  if (spec.fitted.is_null() && reads_train) return nullptr;
  const auto reader = reader_of(spec.train, "train", folder);
  return reader && (reader->says_samples() || !spec.fitted.is_null()) ? reader->open_fitted(spec.fitted) : nullptr;
}

OpenedSets open_sources(const DataSpec& spec, const std::filesystem::path& folder, uint64_t seed,
                        const SetsToRead& read, std::vector<Problem>& problems) {
  const KeyFindings in_train(problems, "data.train"), in_validation(problems, "data.validation"),
      in_test(problems, "data.test");
  OpenedSets sets;
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
  const auto part = [&](const Source& source, const char* name, const KeyFindings& findings) {
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
    if (sets.train) hold_out_fold(sets, *spec.folds, spec.fold, seed, KeyFindings(problems, "data.folds"));
  } else if (!spec.validation) {
    if (is_described) validation_part(spec.train);
  } else if (const Validation& validation = *spec.validation; validation.source.given()) {
    validation_part(validation.source);
  } else if (sets.train) {
    hold_out_validation(sets, validation, seed, in_validation);
  }
  return sets;
}

// Fits what is to be fitted, unless `given` says all of it, and makes the sets what follows; returns the fit.
Node fit(OpenedSets& sets, const Node& given, std::vector<Problem>& problems) {
  Node fit;
  const KeyFindings in_train(problems, "data.train"), in_validation(problems, "data.validation"),
      in_test(problems, "data.test");
  sets.train = in_train.attempt([&] {
    const bool is_open = leaves_types_open(given) && capability<Fittable>(*sets.train);
    fit = given.is_null() || is_open ? fit_all(*sets.train) : given;
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
  OpenedSets raw = open_sources(spec, folder, seed, read, problems);
  if (!raw.train) return {};
  Node fit = dl::fit(raw, spec.fitted, problems);
  for (DatasetPointer* set : {&raw.train, &raw.validation, &raw.test})
    if (*set && continues(**set) && (*set)->size() > 0)
      *set = KeyFindings(problems, "data").attempt([&] { return rows_that_continue(*set, spec.batch_size); });
  if (!raw.train) return {};
  expect_as_fitted(*raw.train, spec.fitted, spec.train.where, KeyFindings(problems, "data.train"));
  if (raw.test)
    expect_as_training(*raw.test, *raw.train, place_of(spec.test, spec.train), KeyFindings(problems, "data.test"));
  if (raw.validation)
    expect_as_training(*raw.validation, *raw.train, spec.validation ? spec.validation->where : spec.train.where,
                       KeyFindings(problems, "data.validation"));
  const SampleField raw_input = inputs_of(*raw.train).at(0);
  DataSets sets{.raw_input = raw_input.type,
                .raw_pixels = raw_input.pixels,
                .classes = {raw.train->classes().begin(), raw.train->classes().end()},
                .fitted = std::move(fit),
                .warnings = std::move(raw.warnings),
                .names = raw.names};
  const KeyFindings findings(problems, "data.transforms");
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
      KeyFindings(problems, "data.train")
          .add(spec.train.where, concat("a field of the data is named '", input.name, "', which a program uses itself"),
               "give it another name");
  if (sets.train->size() > 0)
    sets.batches_per_epoch = batches_per_epoch(*sets.train, training_options(spec, *sets.train, seed));
  if (spec.cache && !spec.cache->bytes && read.train) {
    if (const std::string why = why_not_kept(*sets.train); !why.empty())
      KeyFindings(problems, "data.cache").add(spec.cache->where, why, "leave 'cache' out");
    sets.rows = row_numbers(sets.train);
  }
  if (spec.balanced) {
    const KeyFindings in_balanced(problems, "data.balanced");
    if (sets.target.dtype != DType::i32 || sets.target.shape.rank() > 0 || sets.classes.empty())
      in_balanced.add(spec.where, "the samples have no class each that could come equally often",
                      "leave 'balanced' out");
    else if (capability<Streamed>(*sets.train) || continues(*sets.train) || !spec.buckets.empty() || !spec.shuffle)
      in_balanced.add(spec.where, "samples are drawn by their class only where they are shuffled one by one",
                      "leave 'balanced' out, or 'buckets' and 'shuffle: false'");
  }
  if (!spec.buckets.empty() && !capability<Padded>(*sets.train))
    KeyFindings(problems, "data.buckets")
        .add(spec.where, "the data have no sequences of different lengths, which could be padded",
             "leave 'buckets' out");
  for (auto [set, result] : {std::pair(&raw.validation, &sets.validation), {&raw.test, &sets.test}})
    if (*set && has_fields_of(**set, *raw.train)) *result = transformed(*set, spec.transforms, spec.views);
  if (read.train && spec.drop_last && sets.train->size() < spec.batch_size)
    KeyFindings(problems, "data.batch_size")
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
