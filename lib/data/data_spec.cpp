// Opening what the section `data:` names.
#include "lib/data/data_spec.h"

#include <algorithm>
#include <cmath>
#include <thread>

#include "lib/base/error.h"
#include "lib/base/hash.h"
#include "lib/base/text.h"
#include "lib/data/cache.h"

namespace dl {
namespace {

// What programs are given beside the data.
constexpr const char* program_names[] = {"lr", "step", "update", "weight"};

// What opening finds wrong with one key of the section.
class Findings {
 public:
  Findings(std::vector<Problem>& problems, std::string path) : problems_(problems), path_(std::move(path)) {}

  // The result of `open`, or null and the problems that it threw.
  template <class Open>
  DatasetPointer attempt(Open open) const {
    try {
      return open();
    } catch (const Error& error) {
      for (Problem problem : error.problems()) {
        if (problem.path.empty()) problem.path = path_;
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
      if (const Type& type = found[i].type, &wanted = expected[i].type; type != wanted)
        findings.add(where, concat("expected ", found[i].name == "x" ? "samples" : "'" + found[i].name + "'",
                                   " of type ", name_of(wanted.dtype), " and shape ", wanted.shape.text(),
                                   " as in the training data, found ", text_of(type)));
  }
  if (part.classes().size() != train.classes().size())
    findings.add(where, concat("expected the ", train.classes().size(), " classes of the training data, found ",
                               part.classes().size()));
}

// The samples that `validation` asks for, out of `size`; 0 where that is not possible.
int64_t samples_held_out(const Validation& validation, int64_t size, const Findings& findings) {
  const int64_t count = validation.fraction ? std::llround(*validation.fraction * static_cast<double>(size))
                                            : validation.first.value_or(validation.last.value_or(0));
  if (count >= 1 && count < size) return count;
  findings.add(validation.where, concat("expected from 1 to ", size - 1, " of the ", size,
                                        " training samples for validation, got ", count));
  return 0;
}

// The raw sets, before transforms.
struct Opened {
  DatasetPointer train, validation, test;
};

Opened open_sources(const DataSpec& spec, const std::filesystem::path& folder, uint64_t seed,
                    std::vector<Problem>& problems) {
  const Findings in_train(problems, "data.train"), in_validation(problems, "data.validation"),
      in_test(problems, "data.test");
  Opened sets;
  sets.train = in_train.attempt([&] { return open_part(spec.train, "train", folder); });
  const int64_t cache_bytes = spec.cache ? spec.cache->count : spare_memory_bytes();
  if (sets.train) sets.train = cached(sets.train, cache_bytes);
  const std::vector<std::string> classes =
      sets.train ? std::vector<std::string>(sets.train->classes().begin(), sets.train->classes().end())
                 : std::vector<std::string>();
  const auto part = [&](const Source& source, const char* name, const Findings& findings) {
    return findings.attempt([&] { return open_part(source, name, folder, classes); });
  };
  // An inline reader for training says nothing of other parts; a described set has them or has not.
  const bool is_described = !spec.train.reader.reader && sets.train;

  if (spec.test) {
    sets.test = part(*spec.test, "test", in_test);
  } else if (is_described) {
    sets.test = part(spec.train, "test", in_test);
  }
  if (!spec.validation) {
    if (is_described) sets.validation = part(spec.train, "validation", in_validation);
  } else if (const Validation& validation = *spec.validation; validation.source.given()) {
    sets.validation = part(validation.source, "validation", in_validation);
  } else if (sets.train && !sets.train->divisible()) {
    in_validation.add(validation.where, "no samples can be held out of windows that are drawn or carried on",
                      "name a part of its own: the same reader with 'begin: 0.9', and 'end: 0.9' in 'train'");
  } else if (sets.train) {
    const int64_t size = sets.train->size(), count = samples_held_out(validation, size, in_validation);
    if (count > 0 && validation.fraction) {
      Parts parts = validation.stratified ? hold_out_of_each(sets.train, *validation.fraction, seed)
                                          : hold_out(sets.train, count, seed);
      sets.train = std::move(parts.kept);
      sets.validation = std::move(parts.held_out);
    } else if (count > 0) {
      const int64_t begin = validation.first ? 0 : size - count;
      sets.validation = slice(sets.train, begin, count);
      sets.train = slice(sets.train, validation.first ? count : 0, size - count);
    }
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
  for (const auto& [set, findings] : {std::pair(&sets.validation, &in_validation), {&sets.test, &in_test}})
    if (*set) *set = findings->attempt([&, set = set] { return fitted(*set, fit); });
  return fit;
}

Where place_of(const std::optional<Source>& source, const Source& train) {
  return source ? source->where : train.where;
}

}  // namespace

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
  s.optional("workers", workers, "threads that assemble batches ahead; without it as the format needs")
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
      "machine has to spare; sets of their own for validation and test have none");
  s.optional("fitted", fitted, "what a run fitted to its training data; without it, it is fitted anew");
}

void DataSets::load_ahead() {
  for (const DatasetPointer& set : {train, validation}) {
    if (!set) continue;
    loading.push_back(std::async(std::launch::async, [set] {
      try {
        set->load();
      } catch (const Error&) {  // whoever needs the data meets it again
      }
    }));
  }
}

uint64_t DataSets::fingerprint() const {
  const uint64_t parts[] = {train->fingerprint(), validation ? validation->fingerprint() : 0};
  return xxh64({reinterpret_cast<const char*>(parts), sizeof parts});
}

DataSets open_data(const DataSpec& spec, const std::filesystem::path& folder, uint64_t seed,
                   std::vector<Problem>& problems) {
  if (!spec.train.given()) return {};  // reading the spec has said so
  Opened raw = open_sources(spec, folder, seed, problems);
  if (!raw.train) return {};
  for (DatasetPointer* set : {&raw.train, &raw.validation, &raw.test})
    if (*set && (*set)->continues())
      *set = Findings(problems, "data").attempt([&] { return rows_that_continue(*set, spec.batch_size); });
  if (!raw.train) return {};
  Node fit = dl::fit(raw, spec.fitted, problems);
  if (!raw.train) return {};
  if (raw.test) compare(*raw.test, *raw.train, place_of(spec.test, spec.train), Findings(problems, "data.test"));
  if (raw.validation)
    compare(*raw.validation, *raw.train, spec.validation ? spec.validation->where : spec.train.where,
            Findings(problems, "data.validation"));
  DataSets sets{.raw_input = inputs_of(*raw.train).at(0).type,
                .classes = {raw.train->classes().begin(), raw.train->classes().end()},
                .fitted = std::move(fit)};
  const Findings findings(problems, "data.transforms");
  sets.train = findings.attempt([&] { return transformed(raw.train, spec.transforms); });
  if (!sets.train) return sets;
  sets.inputs = inputs_of(*sets.train);
  sets.target = sets.train->fields()[static_cast<size_t>(field_index(*sets.train, "y"))].type;
  for (const SampleField& input : sets.inputs)
    if (std::ranges::count(program_names, input.name) > 0)
      Findings(problems, "data.train")
          .add(spec.train.where, concat("a field of the data is named '", input.name, "', which a program uses itself"),
               "give it another name");
  for (auto [set, result] : {std::pair(&raw.validation, &sets.validation), {&raw.test, &sets.test}})
    if (*set && alike(**set, *raw.train)) *result = transformed(*set, spec.transforms);
  if (spec.drop_last && sets.train->size() < spec.batch_size)
    Findings(problems, "data.batch_size")
        .add(spec.where,
             concat("'drop_last' leaves no batch of ", spec.batch_size, " from ", sets.train->size(), " samples"),
             "lower 'batch_size', or write 'drop_last: false'");
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
  return values;
}

std::vector<std::string> data_value_names() {
  return {"data.channels", "data.classes", "data.features",   "data.height",
          "data.length",   "data.targets", "data.vocabulary", "data.width"};
}

DatasetPointer open_named(const DataSpec& spec, const std::string& text, const std::filesystem::path& folder,
                          uint64_t seed) {
  if (text != "train" && text != "validation" && text != "test") {
    Source source{.name = text};
    DatasetPointer set = open_part(source, "test", folder);
    if (!set) set = open_part(source, "train", folder);
    return transformed(fitted(std::move(set), spec.fitted), spec.transforms);
  }
  std::vector<Problem> problems;
  DataSets sets = open_data(spec, folder, seed, problems);
  if (!problems.empty()) throw Error(Exit::data, std::move(problems));
  DatasetPointer set = text == "train" ? sets.train : text == "validation" ? sets.validation : sets.test;
  if (!set)
    throw Error(Exit::usage, Problem{.where = spec.where,
                                     .path = "data",
                                     .what = concat("there is no ", text, " set"),
                                     .help = concat("name one as 'data.", text, "'")});
  return set;
}

DatasetPointer open_rows(const DataSpec& spec, const std::filesystem::path& file, const std::filesystem::path& folder,
                         const Node& fit) {
  const std::shared_ptr<const Reader> reader = reader_of(spec.train, "train", folder);
  DatasetPointer rows = reader ? reader->open_inputs(file) : nullptr;
  return rows ? transformed(fitted(std::move(rows), fit), spec.transforms) : nullptr;
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
  const int cores = std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 1, 4);
  return {.batch_size = spec.batch_size,
          .threads = spec.workers.value_or(data.in_memory() ? 0 : cores),
          .prefetch = spec.prefetch};
}

}  // namespace dl
