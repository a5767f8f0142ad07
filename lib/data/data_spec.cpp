// The section `data:` read, and what it says of batches.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/data_spec.h"

#include <algorithm>

#include "lib/base/cpu.h"
#include "lib/base/error.h"
#include "lib/base/text.h"
#include "lib/data/labelled.h"
#include "lib/data/succession.h"
#include "lib/spec/write.h"

namespace dl {

namespace {

void describe_split(Schema& s, SplitBy& by, const std::string& what) {
  s.optional("stratified", by.stratified, what + " of each class").known_as({"stratify"});
  for (const char* key : {"random_state", "seed", "shuffle"})
    s.instead_of(key, "leave it out: they are drawn at random by the config's 'seed'");
  s.optional("group", by.group, "a table's column: rows alike in it stay together, as those of one patient")
      .known_as({"groups", "group_by"});
  s.optional("order", by.order, "a table's column: what comes last by it is held out, as of a time")
      .known_as({"time", "by_time", "sort_by"});
}

void check_split(const Report& report, const SplitBy& by, bool of_folds) {
  if (!by.order.empty() && (by.stratified || !by.group.empty()))
    report.at("order", "what comes last cannot be chosen by class or by group too", "keep one of them");
  else if (!of_folds && by.stratified && !by.group.empty())
    report.at("group", "whole groups cannot have a fraction of each class", "keep one of 'group' and 'stratified'");
}

}  // namespace

void Folds::describe(Schema& s) {
  s.summary("the training set cut into parts, of which one is held out for validation");
  s.optional("count", count, "so many").at_least(2).at_most(1000).positional().known_as({"n_splits", "k"});
  describe_split(s, by, "as many");
  s.check([this](const Report& report) {
    if (count < 2) report("expected a number of folds", "write 'folds: 5'");
    check_split(report, by, true);
  });
}

void Validation::describe(Schema& s) {
  s.summary("a part of the training set");
  s.optional("first", first, "so many samples from its beginning")
      .at_least(1)
      .help("write how many samples, such as 1000; a share of them is 'fraction: 0.2'");
  s.optional("last", last, "so many from its end")
      .at_least(1)
      .help("write how many samples, such as 1000; a share of them is 'fraction: 0.2'");
  s.optional("fraction", fraction, "such a part of it, chosen at random by the seed")
      .above(0)
      .below(1)
      .known_as({"split", "ratio", "share", "percent", "size", "test_size", "validation_split"})
      .help("write a share, such as 0.2; 'last: 20' are so many samples");
  describe_split(s, by, "that fraction");
  s.check([this](const Report& report) {
    const std::pair<const char*, bool> given_by[] = {
        {"stratified", by.stratified}, {"group", !by.group.empty()}, {"order", !by.order.empty()}};
    for (const auto& [key, given] : given_by)
      if (given && !fraction)
        report.at(key,
                  concat("only a 'fraction' can be ",
                         key == std::string("stratified") ? "stratified" : concat("chosen by '", key, "'")),
                  "write 'fraction: 0.1'");
    check_split(report, by, false);
    if (const int given = first.has_value() + last.has_value() + fraction.has_value(); given != 1)
      report(concat("expected one of 'first', 'last' and 'fraction', got ", given),
             given == 0 ? "write 'fraction: 0.1'" : "keep one of them");
  });
}

bool Codec<Validation>::read(const Node& node, Validation& value, const Limits& limits, const Reading& r) {
  Validation validation{.where = node.where};
  if (node.is_scalar() && node.text.ends_with("%"))
    if (const auto percent = Node::scalar(node.text.substr(0, node.text.size() - 1)).as_number()) {
      r.expected(node, type(limits), concat("write 'validation: {fraction: ", number_text(*percent / 100), "}'"));
      return false;
    }
  if (const auto share = node.as_number()) {
    r.expected(node, type(limits),
               concat("write 'validation: {", *share < 1 ? "fraction: " : "last: ", node.text, "}'"));
    return false;
  }
  const bool is_source =
      !node.is_map() || node.find("format") || node.find("train") || node.find("set") || node.find("dataset");
  if (is_source ? !Codec<Source>::read(node, validation.source, limits, r) : !read_object(node, validation, r))
    return false;
  value = std::move(validation);
  return true;
}

Node Codec<Validation>::write(const Validation& value) {
  if (value.source.given()) return Codec<Source>::write(value.source);
  Node out = Node::map();
  for (Node::Entry& entry : write_object(value).entries)
    if (const SplitBy& by = value.by; !entry.value.is_null() && (entry.key != "stratified" || by.stratified) &&
                                      (entry.key != "group" || !by.group.empty()) &&
                                      (entry.key != "order" || !by.order.empty()))
      out.set(entry.key, std::move(entry.value));
  return out;
}

namespace {

// All that a validation set may be.
struct ValidationKeys {
  Validation part;
  SetName set;
  void describe(Schema& s) {
    part.describe(s);
    set.describe(s);
    s.decided_by({"first", "last", "fraction", "set", "format", "train"});
  }
};

}  // namespace

std::shared_ptr<const OwnedSchema> Codec<Validation>::inner() { return owned_schema<ValidationKeys>(); }

std::string Codec<Validation>::type(const Limits& limits) {
  return "{first: N}, {last: N}, {fraction: F} or " + Codec<Source>::type(limits);
}

Node Codec<Validation>::json_schema(const Limits& limits) {
  Validation any;
  Node out = Node::map();
  out.set("anyOf", Node::list({schema_of(any).json_schema(), Codec<Source>::json_schema(limits)}));
  return out;
}

namespace {

// Of a key of a reader that stands beside 'train', or in its place: all of them below it. Of a transform: its list.
std::string where_it_stands(const Node& data, const std::string& key) {
  for (const auto& [list, registry] :
       {std::pair<const char*, const AnyRegistry*>{"transforms", &Registry<Transform>::instance()},
        {"batch_transforms", &Registry<BatchTransform>::instance()}})
    if (registry->has(key) && key != "normalize" && key != "resize") {
      Node map = Node::map();
      map.set(key, *data.find(key));
      return concat("write '", list, ": ", to_yaml_line(map_as_list(map)), "'");
    }
  static const std::vector<std::string> readers_keys{"format", "path",   "root",     "data_dir", "file",       "images",
                                                     "labels", "target", "columns",  "label",    "delimiter",  "sep",
                                                     "header", "fields", "features", "masks",    "annotations"};
  const auto is_readers = [&](const std::string& name) { return std::ranges::count(readers_keys, name) > 0; };
  const Node* train = data.find("train");
  const bool has_file = train && train->is_scalar() && reader_by_name(train->text) != "image_folder";
  if (!is_readers(key) || (train && !has_file)) return "";
  Node set = Node::map(), file = has_file ? *train : Node();
  for (const char* name : {"path", "file", "root", "data_dir"})
    if (const Node* given = data.find(name); given && given->is_scalar() && file.is_null()) file = *given;
  const Node* format = data.find("format");
  if (file.is_null() && !format) return "";
  set.set("format", format ? *format : Node::string(reader_by_name(file.text)));
  if (!file.is_null()) set.set("path", std::move(file));
  for (const Node::Entry& entry : data.entries)
    if (is_readers(entry.key) && !set.find(entry.key) && entry.key != "root" && entry.key != "data_dir" &&
        entry.key != "file")
      set.set(entry.key, entry.value);
  return concat("write 'train: ", to_yaml_line(set), "'");
}

}  // namespace

void DataSpec::describe(Schema& s) {
  s.summary("what to train, validate and test on, and how samples become batches");
  s.required("train", train, "training set")
      .known_as(
          {"dataset", "set", "train_set", "training", "train_data", "training_data", "dataset_name", "train_dataset"})
      .help("write 'train: NAME', a described set ('dlcli doctor' lists them), or 'train: {format: …, path: …}'");
  s.optional("validation", validation, "validation set; without it the one that comes with the training set")
      .known_as({"val", "valid", "dev", "val_data", "validation_data", "eval_dataset"});
  s.optional("folds", folds,
             "so many parts of the training set, of which one is held out for validation: 'dlcli train --folds all' "
             "trains with each")
      .known_as({"k_fold", "kfold", "cv", "cross_validation"});
  s.optional("fold", fold, "which of them is held out, from 1 on").at_least(1);
  s.alternatives({"validation", "folds"});
  s.check([this](const Report& report) {
    if (folds && validation)
      report.at("folds", "'validation' says what is held out",
                "keep one of them; 'validation: null' leaves out that of a config that is extended");
    if (folds && fold > folds->count)
      report.at("fold", concat("expected a fold from 1 to ", folds->count, ", got ", fold));
    if (!folds && fold != 1) report.at("fold", "there are no folds", "write 'folds: 5' beside it");
  });
  s.optional("test", test, "test set; without it the one that comes with the training set");
  s.optional("transforms", transforms, "done to each sample, in this order")
      .known_as({"transform", "augmentation", "augmentations", "augment", "preprocessing"});
  s.optional("views", views,
             "times that each sample's 'x' goes through the transforms, each with random numbers of its own: inputs x, "
             "x2, x3, …, which a loss such as nt_xent compares")
      .at_least(1)
      .at_most(64)
      .known_as({"n_views", "num_views"});
  s.optional("test_time", test_time,
             "views of an image whose predictions 'eval' and 'predict' average: horizontal_flip, vertical_flip; "
             "five_crop, the crop of 'transforms' at the corners too; ten_crop, those mirrored too")
      .one_of({"horizontal_flip", "vertical_flip", "five_crop", "ten_crop"})
      .known_as({"test_time_augmentation", "tta"});
  s.optional("batch_transforms", batch_transforms, "done to each batch in training, in this order")
      .known_as({"batch_augmentation"});
  const std::string no_size = "write a number, such as 32; 'dlcli check CONFIG --fit' finds the largest";
  s.optional("batch_size", batch_size, "samples a batch")
      .at_least(1)
      .known_as({"bs", "batch", "train_batch_size", "per_device_train_batch_size"})
      .instead_of_value("auto", no_size)
      .instead_of_value("-1", no_size);
  s.optional("shuffle", shuffle, "take the training samples in a new random order in each epoch");
  s.optional("balanced", balanced,
             "draw training samples so that each class comes equally often: an epoch has as many as there are, some of "
             "them several times")
      .known_as({"class_balanced", "balance", "balance_classes", "class_balance", "oversample", "oversampling"});
  s.optional("drop_last", drop_last, "leave out the short batch at the end of an epoch");
  s.optional(
       "buckets", buckets,
       "lengths to which sequences of like length are padded, as [16, 32, 64], each a batch of its own kind; without "
       "it all are padded to the longest")
      .at_least(1)
      .at_most(1 << 24)
      .known_as({"bucket_boundaries", "bucket_sizes"});
  s.check([this](const Report& report) {
    if (std::ranges::adjacent_find(buckets, std::greater_equal()) != buckets.end() || buckets.size() > 64)
      report.at("buckets", "expected at most 64 lengths in rising order");
  });
  s.optional("workers", workers,
             "threads that assemble batches ahead; without it one for data in memory, else as many as cores, at most 4")
      .at_least(0)
      .at_most(256)
      .known_as({"num_workers"});
  s.optional("prefetch", prefetch, "batches assembled ahead, with workers")
      .at_least(1)
      .at_most(1024)
      .known_as({"prefetch_factor"});
  s.optional(
      "cache", cache,
      "memory for samples as they were read, before transforms: 4 GiB, or 0 for none; without it half of what the "
      "machine has to spare; what training leaves of it a set of its own for validation takes. 'device': the training "
      "set, transformed, lies whole where it is trained on, 4 bytes a number, and batches are gathered there");
  s.optional("fitted", fitted, "what a run fitted to its training data; without it, it is fitted anew");
  for (const char* key : {"validation_split", "val_split", "val_fraction", "test_size", "valid_pct"})
    s.instead_of(key, "write 'validation: {fraction: 0.1}'", "0.1");
  for (const char* key : {"val_batch_size", "eval_batch_size", "test_batch_size", "per_device_eval_batch_size"})
    s.instead_of(key, "leave it out: validation has batches of 'batch_size' too");
  for (const char* key : {"download", "root", "data_root"})
    s.instead_of(
        key,
        "leave it out: nothing is fetched; of a described set that is not there 'dlcli check' says the command "
        "that gets it, and DLCLI_DATA names a folder that has it");
  for (const char* key : {"dataloader", "data_loader", "dataloaders", "loader"})
    s.instead_of(key, "leave it out: 'batch_size', 'shuffle' and 'workers' stand below 'data' itself");
  for (const char* key : {"seed", "random_state", "random_seed"})
    s.instead_of(key, "write 'seed: 1' at the top of the config", "1");
  for (const char* key : {"text_column", "label_column", "max_length", "seq_len", "sequence_length", "tokenizer"})
    s.instead_of(key, "write it in the reader, below 'train': 'train: {format: …, path: …}'");
  s.say_of_unknown(where_it_stands);
  s.instead_of("target",
               "name it in the loss: 'loss: {mse: {target: x}}' compares with the input; a table's column is named "
               "below 'train': 'train: {format: csv, path: …, target: …}'");
  for (const char* key : {"k_fold", "kfold", "cross_validation", "cv"})
    s.instead_of(key, "write 'folds: {count: 5}', and train with 'dlcli train … --folds all'");
  for (const char* key : {"split", "splits", "train_split", "val_size"})
    s.instead_of(key, "write 'validation: {fraction: 0.1}'; 'test' is a set of its own");
  for (const char* key : {"class_weight", "class_weights"})
    s.instead_of(key, "write it in the loss: 'loss: {cross_entropy: {weight: balanced}}'");
  for (const char* key : {"classes", "num_classes", "class_names"})
    s.instead_of(key, "leave it out: the data say it; ${data.classes} is the number of classes");
  for (const char* key : {"image_size", "img_size", "target_size", "resize"})
    s.instead_of(key, "write 'transforms: [resize: [224, 224]]'");
  for (const char* key : {"normalize", "mean", "std"})
    s.instead_of(
        key,
        "write 'transforms: [normalize: {mean: …, std: …}]' for images; columns of tables are normalized without it");
  for (const char* key : {"labels", "label", "y"})
    s.instead_of(
        key,
        "write where they stand below 'train': a table's column is 'target: NAME', an array 'fields: {x: FILE, "
        "y: FILE}'");
  for (const char* key : {"pin_memory", "persistent_workers", "collate_fn"}) s.instead_of(key, "leave it out");
  for (const char* key : {"sampler", "weighted_sampler"})
    s.instead_of(key, "write 'balanced: true', which draws all classes equally often");
  for (const char* key : {"epochs", "max_epochs", "precision", "device", "max_steps"})
    s.instead_of(key, "write it below 'trainer', beside 'data'");
}

LoaderOptions training_options(const DataSpec& spec, const Dataset& data, uint64_t seed) {
  LoaderOptions options = evaluation_options(spec, data);
  options.shuffle = spec.shuffle && !continues(data);
  options.drop_last = spec.drop_last;
  options.augment = true;
  options.seed = seed;
  return options;
}

std::vector<double> sample_weights(const DataSpec& spec, const Dataset& data) {
  if (!spec.balanced) return {};
  const std::vector<int64_t> classes = labels(data);
  std::map<int64_t, double> counts;
  for (const int64_t label : classes) ++counts[label];
  std::vector<double> weights;
  for (const int64_t label : classes) weights.push_back(1 / counts[label]);
  return weights;
}

LoaderOptions evaluation_options(const DataSpec& spec, const Dataset& data) {
  const int cores = std::min(usable_cores(), 4);
  return {.batch_size = spec.batch_size,
          .buckets = spec.buckets,
          .threads = spec.workers.value_or(data.in_memory() ? 1 : cores),
          .prefetch = spec.prefetch};
}

}  // namespace dl
