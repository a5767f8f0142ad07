// The section `data:` read, and what it says of batches.
#include "lib/data/data_spec.h"

#include <algorithm>

#include "lib/base/cpu.h"
#include "lib/base/error.h"

namespace dl {

void Validation::describe(Schema& s) {
  s.summary("a part of the training set");
  s.optional("first", first, "so many samples from its beginning").at_least(1);
  s.optional("last", last, "so many from its end").at_least(1);
  s.optional("fraction", fraction, "such a part of it, chosen at random by the seed").above(0).below(1);
  s.optional("stratified", stratified, "that fraction of each class");
  s.check([this](const Report& report) {
    if (stratified && !fraction)
      report.at("stratified", "only a 'fraction' can be stratified", "write 'fraction: 0.1'");
    if (const int given = first.has_value() + last.has_value() + fraction.has_value(); given != 1)
      report(concat("expected one of 'first', 'last' and 'fraction', got ", given));
  });
}

bool Codec<Validation>::read(const Node& node, Validation& value, const Limits& limits, const Reading& r) {
  Validation validation{.where = node.where};
  const bool is_source = !node.is_map() || node.find("format") || node.find("train") || node.find("set");
  if (is_source ? !Codec<Source>::read(node, validation.source, limits, r) : !read_object(node, validation, r))
    return false;
  value = std::move(validation);
  return true;
}

Node Codec<Validation>::write(const Validation& value) {
  if (value.source.given()) return Codec<Source>::write(value.source);
  Node out = Node::map();
  for (Node::Entry& entry : write_object(value).entries)
    if (!entry.value.is_null() && (entry.key != "stratified" || value.stratified))
      out.set(entry.key, std::move(entry.value));
  return out;
}

std::string Codec<Validation>::type(const Limits& limits) {
  return "{first: N}, {last: N}, {fraction: F} or " + Codec<Source>::type(limits);
}

Node Codec<Validation>::json_schema(const Limits& limits) {
  Validation any;
  Node out = Node::map();
  out.set("anyOf", Node::list({schema_of(any).json_schema(), Codec<Source>::json_schema(limits)}));
  return out;
}

void DataSpec::describe(Schema& s) {
  s.summary("what to train, validate and test on, and how samples become batches");
  s.required("train", train, "training set");
  s.optional("validation", validation, "validation set; without it the one that comes with the training set");
  s.optional("test", test, "test set; without it the one that comes with the training set");
  s.optional("transforms", transforms, "done to each sample, in this order").known_as({"transform", "augmentation"});
  s.optional("batch_size", batch_size, "samples a batch").at_least(1);
  s.optional("shuffle", shuffle, "take the training samples in a new random order in each epoch");
  s.optional("drop_last", drop_last, "leave out the short batch at the end of an epoch");
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
      "machine has to spare; what training leaves of it a set of its own for validation takes");
  s.optional("fitted", fitted, "what a run fitted to its training data; without it, it is fitted anew");
}

LoaderOptions training_options(const DataSpec& spec, const Dataset& data, uint64_t seed) {
  LoaderOptions options = evaluation_options(spec, data);
  options.shuffle = spec.shuffle && !data.continues();
  options.drop_last = spec.drop_last;
  options.augment = true;
  options.seed = seed;
  return options;
}

LoaderOptions evaluation_options(const DataSpec& spec, const Dataset& data) {
  const int cores = std::min(usable_cores(), 4);
  return {.batch_size = spec.batch_size,
          .threads = spec.workers.value_or(data.in_memory() ? 1 : cores),
          .prefetch = spec.prefetch};
}

}  // namespace dl
