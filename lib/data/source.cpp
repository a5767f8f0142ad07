// Reading a source from the spec, finding its description, opening its parts.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/source.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>

#include "lib/base/error.h"
#include "lib/base/lower.h"
#include "lib/base/shared_files.h"
#include "lib/base/text.h"
#include "lib/data/image/image_names.h"
#include "lib/spec/load.h"

namespace dl {
namespace {

namespace fs = std::filesystem;

// The folders of DLCLI_DATA, separated by colons.
std::vector<fs::path> environment_folders() {
  std::vector<fs::path> folders;
  const char* variable = std::getenv("DLCLI_DATA");
  std::string text = variable ? variable : "";
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find(':', begin), text.size());
    if (end > begin) folders.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return folders;
}

// Each once, in order, without "." and ".." inside.
std::vector<fs::path> distinct(const std::vector<fs::path>& folders) {
  std::vector<fs::path> out;
  for (const fs::path& folder : folders) {
    fs::path plain = (folder.empty() ? "." : folder).lexically_normal();
    if (!plain.has_filename() && plain.has_relative_path()) plain = plain.parent_path();  // "a/" is "a"
    if (std::find(out.begin(), out.end(), plain) == out.end()) out.push_back(std::move(plain));
  }
  return out;
}

bool is_file_name(const std::string& name) { return name.find('/') != std::string::npos || name.ends_with(".yaml"); }

std::shared_ptr<SetDescription> read_description(const fs::path& path, const Node& changes) {
  Node node = load_spec(path, {.schema = owned_schema<SetDescription>()});
  for (const char* part : {"train", "validation", "test"})
    if (Node* reader = node.find(part); reader && reader->is_map())
      for (const Node::Entry& change : changes.entries) reader->set(change.key, change.value);
  std::vector<Problem> problems;
  auto description = std::make_shared<SetDescription>();
  read_object(node, *description, Reading(problems));
  if (problems.empty()) return description;
  std::vector<Problem> placed;
  for (Problem& problem : problems) {
    if (problem.where.file != path.string()) problem.path.clear();  // of a change, which is one for all parts
    add_problem(placed, std::move(problem));
  }
  throw Error(Exit::usage, std::move(placed));
}

// What to write for a folder or a file of samples; empty where nothing is known to read it.
std::string reader_for(const fs::path& path, const std::string& name) {
  std::error_code unreadable;
  const auto of_folder = [](const std::string& named) { return concat("{format: image_folder, path: ", named, "}"); };
  if (fs::is_directory(path, unreadable)) {
    std::set<std::string> folders;
    for (const auto& entry : fs::directory_iterator(path, unreadable))
      if (entry.is_directory(unreadable)) folders.insert(entry.path().filename().string());
    const std::string in = name.ends_with('/') ? name : name + "/";
    if (folders.empty()) return {};
    if (!folders.contains("train")) return of_folder(name);
    for (const char* part : {"validation", "valid", "val", "test"})
      if (folders.contains(part))
        return concat(of_folder(in + "train"), ", and ", of_folder(in + part), " in '",
                      std::string_view(part).starts_with('v') ? "validation" : "test", "'");
    return of_folder(in + "train");
  }
  const std::string ending = lower(path.extension().string());
  if (ending == ".csv") return concat("{format: csv, path: ", name, ", target: COLUMN}");
  if (ending == ".tsv") return concat("{format: csv, path: ", name, ", delimiter: tab, target: COLUMN}");
  if (ending == ".txt") return concat("{format: text, path: ", name, ", length: 64}");
  if (ending == ".npz") return concat("{format: npy, path: ", name, ", fields: {x: x, y: y}}");
  if (ending == ".npy") return concat("{format: npy, fields: {x: ", name, ", y: LABELS}}");
  return {};
}

// The folder or file of samples that somebody named where a description is expected; else empty.
fs::path samples_named(const std::string& name, const fs::path& folder) {
  std::error_code unreadable;
  for (const fs::path& root : {folder, fs::path(".")})
    if (const fs::path path = root / name; fs::is_directory(path, unreadable) ||
                                           (fs::is_regular_file(path, unreadable) && !reader_for(path, name).empty()))
      return path;
  return {};
}

Problem not_described(const Source& source, const fs::path& samples) {
  std::error_code unreadable;
  const std::string reader = reader_for(samples, source.name);
  return {.where = source.where,
          .what = concat("expected a data set's name or description, '", source.name, "' is a ",
                         fs::is_directory(samples, unreadable) ? "folder" : "file"),
          .help = reader.empty() ? "say how it is read: '{format: ..., path: ...}'" : "write " + reader};
}

std::shared_ptr<SetDescription> find_description(const Source& source, const fs::path& folder) {
  if (const fs::path samples = samples_named(source.name, folder); !samples.empty() && is_file_name(source.name))
    throw Error(Exit::usage, not_described(source, samples));
  if (is_file_name(source.name))
    return read_description(find_data({.roots = {folder, "."}}, source.name), source.changes);
  std::set<std::string> known;
  std::error_code unreadable;
  for (const fs::path& root : description_folders(folder)) {
    const fs::path path = root / (source.name + ".yaml");
    if (fs::is_regular_file(path, unreadable)) return read_description(path, source.changes);
    if (root.filename() != "datasets") continue;
    for (const auto& entry : fs::directory_iterator(root, unreadable))
      if (entry.path().extension() == ".yaml") known.insert(entry.path().stem().string());
  }
  if (const fs::path samples = samples_named(source.name, folder); !samples.empty())
    throw Error(Exit::usage, not_described(source, samples));
  const std::vector<std::string> names(known.begin(), known.end());
  Problem problem{.where = source.where, .what = concat("unknown data set '", source.name, "'")};
  problem.notes = {concat("known data sets: ", names.empty() ? "none" : join(names))};
  problem.help =
      names.empty()
          ? "put dlcli's share/dlcli beside the folder of its program, or name a folder of descriptions in DLCLI_DATA"
          : spelling_help(source.name.substr(source.name.rfind('.') + 1), names,  // torchvision.datasets.MNIST
                          source.name.starts_with("$")
                              ? concat("write ${env:", source.name.substr(1), "} for a variable of the environment")
                              : concat("describe it in datasets/", source.name, ".yaml"));
  throw Error(Exit::usage, std::move(problem));
}

const ReaderSpec& part_of(const SetDescription& set, const std::string& part) {
  return part == "train" ? set.train : part == "validation" ? set.validation : set.test;
}

// Names the place in the spec where an error of the data came from.
[[noreturn]] void rethrow_named(const Error& error, const Source& source) {
  std::vector<Problem> problems = error.problems();
  for (Problem& problem : problems) {
    if (problem.where.file.empty()) {
      problem.where = source.where;
    } else if (problem.where.file != source.where.file && !source.where.file.empty()) {
      problem.notes.push_back("named in " + source.where.text());
    }
  }
  throw Error(error.exit(), std::move(problems));
}

}  // namespace

void SetDescription::describe(Schema& s) {
  s.summary("a data set: where its files are, what they hold, how to get them");
  s.required("summary", summary, "what the data are, in a line");
  s.optional("source", source, "where they come from");
  s.optional("licence", licence, "what may be done with them");
  s.optional("citation", citation, "what to cite");
  s.optional("get", get, "the command that brings the files");
  s.optional("root", root, "the folder of the files; without it the description's own");
  s.optional("classes", classes, "names of the classes, from label 0 on");
  s.required("train", train, "the training part: a reader");
  s.optional("validation", validation, "the validation part: a reader");
  s.optional("test", test, "the test part: a reader");
}

std::string reader_by_name(const std::string& file) {
  static const std::map<std::string, std::string> readers{
      {".csv", "csv"},         {".tsv", "csv"},           {".data", "csv"},   {".parquet", "parquet"},
      {".feather", "feather"}, {".arrow", "feather"},     {".db", "sqlite"},  {".sqlite", "sqlite"},
      {".npz", "npy"},         {".npy", "npy"},           {".txt", "text"},   {".jsonl", "json_lines"},
      {".json", "coco"},       {".tfrecord", "tfrecord"}, {".bin", "tokens"}, {"", "image_folder"}};
  std::string name = lower(fs::path(file).filename().string());
  if (name.ends_with(".gz")) name.resize(name.size() - 3);
  const auto found = readers.find(fs::path(name).extension().string());
  return found == readers.end() ? "" : found->second;
}

namespace {

// What to write for a map without 'format', or for files in a list; empty where they do not say.
std::string help_without_format(const Node& node) {
  const Node* named = named_by_key(node);
  for (const char* key : {"dataset", "name", "dataset_name"})
    if (const Node* set = node.find(key); set && set->as_string() && !Registry<Reader>::instance().has(set->text))
      return "write the set's name alone, without braces: " + set->text;
  if (named) return "write 'format: " + named->text + "'";
  for (const char* key : {"fraction", "first", "last"})
    if (const Node* part = node.find(key))
      return concat("name a set: the part of the training set that is held out is 'validation: {", key, ": ",
                    part->text, "}'");
  if (node.find("masks")) return "add 'format: image_pairs'";
  if (node.find("annotations")) return "add 'format: coco'";
  for (const char* key : {"images", "image_dir", "folder", "root", "data_dir", "dir"})
    if (const Node* folder = node.is_map() && !node.find("path") ? node.find(key) : nullptr;
        folder && folder->is_scalar())
      return "write {format: image_folder, path: " + folder->text + "}";
  if (const Node* path = node.find("path"); path && path->is_scalar()) {
    const std::string format = reader_by_name(path->text);
    return "add 'format: " + (format.empty() ? "…', whichever the file is of" : format + "'");
  }
  const auto is_array = [](const Node& item) { return item.is_scalar() && item.text.ends_with(".npy"); };
  if (node.items.size() == 2 && std::ranges::all_of(node.items, is_array))
    return "write {format: npy, fields: {x: " + node.items[0].text + ", y: " + node.items[1].text + "}}";
  if (node.items.size() < 2 || !node.items[0].is_scalar()) return "";
  if (is_image_name(node.items[0].text))
    return "list them in a table, a file and its class a row, and write {format: image_list, path: images.csv}";
  const std::string format = reader_by_name(node.items[0].text);
  return format.empty() || format == "image_folder"
             ? ""
             : "write {format: " + format + ", path: …}, the path being a pattern of all: \"part-*" +
                   fs::path(node.items[0].text).extension().string() + "\"";
}

}  // namespace

bool Codec<Source>::read(const Node& node, Source& value, const Limits& limits, const Reading& r) {
  Source source{.written = node, .where = node.where};
  if (node.is_map() && node.find("train")) {
    source.description = std::make_shared<SetDescription>();
    if (!read_object(node, *source.description, r)) return false;
  } else if (node.is_map() && node.find("format")) {
    if (!Codec<ReaderSpec>::read(node, source.reader, limits, r)) return false;
  } else if (const Node* set = node.is_map() ? node.find("set") : nullptr; set && set->as_string()) {
    source.name = *set->as_string();
    source.changes = node;
    source.changes.erase("set");
  } else if (const auto name = node.as_string(); name && !name->empty()) {
    source.name = *name;
  } else {
    r.expected(node, type(limits), help_without_format(node));
    return false;
  }
  value = std::move(source);
  return true;
}

Node Codec<Source>::write(const Source& value) { return value.written; }

void SetName::describe(Schema& s) {
  s.optional("set", set, "a described set; keys beside it are its readers'").positional();
  s.decided_by({"set", "format", "train"});
}

std::shared_ptr<const OwnedSchema> Codec<Source>::inner() { return owned_schema<SetName>(); }

std::string Codec<Source>::type(const Limits&) { return "the name of a data set or " + Codec<ReaderSpec>::type({}); }

Node Codec<Source>::json_schema(const Limits&) {
  Node name = Node::map();
  name.set("type", Node::string("string"));
  Node changed = Node::map(), properties = Node::map();
  properties.set("set", name);
  changed.set("type", Node::string("object"));
  changed.set("properties", std::move(properties));
  changed.set("required", Node::list({Node::string("set")}));
  Node out = Node::map();
  out.set("anyOf", Node::list({std::move(name), std::move(changed), Codec<ReaderSpec>::json_schema({}),
                               Codec<SetDescription>::json_schema({})}));
  return out;
}

std::vector<fs::path> description_folders(const fs::path& folder) {
  std::vector<fs::path> folders{folder / "datasets", folder / ".." / "datasets", "datasets"};
  for (const fs::path& path : environment_folders()) folders.push_back(path);
  for (const fs::path& path : shared_folders()) folders.push_back(path / "datasets");
  folders.push_back(folder);  // last, so that a config may be named as its data set
  return distinct(folders);
}

std::shared_ptr<const Reader> reader_of(const Source& source, const std::string& part, const fs::path& folder) {
  if (source.reader.reader) return source.reader.reader;
  const auto set = source.description ? source.description : find_description(source, folder);
  return part_of(*set, part).reader;
}

DatasetPointer open_part(const Source& source, const std::string& part, const fs::path& folder,
                         const std::vector<std::string>& classes) try {
  std::vector<fs::path> roots;
  if (source.reader.reader) {
    if (source.written.origin == Node::Origin::file) roots.push_back(fs::path(source.where.file).parent_path());
    roots.insert(roots.end(), {folder, "."});
    for (const fs::path& path : environment_folders()) roots.push_back(path);
    return source.reader.reader->open({.roots = distinct(roots), .classes = classes});
  }
  const std::shared_ptr<SetDescription> set =
      source.description ? source.description : find_description(source, folder);
  const ReaderSpec& part_spec = part_of(*set, part);
  if (!part_spec.reader) return nullptr;
  const fs::path file = set->where.file;
  for (const fs::path& path : environment_folders())
    roots.insert(roots.end(), {path / set->root, path / file.stem(), path});
  roots.push_back(file.parent_path() / set->root);
  // Where the commands of `get:` put them, though the description came with the program.
  for (const fs::path& path : {folder / "datasets", fs::path("datasets")}) roots.push_back(path / set->root);
  return part_spec.reader->open(
      {.roots = distinct(roots), .get = set->get, .classes = set->classes.empty() ? classes : set->classes});
} catch (const Error& error) {
  rethrow_named(error, source);
}

}  // namespace dl
