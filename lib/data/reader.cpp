// Finding the files of a data set; a reader and its keys read from the spec.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/reader.h"

#include <algorithm>

#include "lib/base/error.h"
#include "lib/base/text.h"

namespace dl {

void Reader::say_instead(AnyRegistry& registry) {
  registry.instead_of({"images", "image", "folder", "directory", "image_dataset", "jpg", "jpeg", "png"},
                      "write 'image_folder'");
  registry.instead_of({"table", "tsv", "pandas", "dataframe"},
                      "write 'csv'; 'delimiter: tab' where tabs part the cells");
  registry.instead_of({"excel", "xlsx", "parquet", "feather", "json", "jsonl", "sql", "arff"},
                      "save the table as a CSV file and write 'csv'");
  registry.instead_of({"numpy", "npz", "hdf5", "h5", "mat", "pickle", "pkl", "pt", "tensor", "lmdb"},
                      "save the arrays by numpy.savez and write 'npy'");
  registry.instead_of({"txt", "characters", "language", "corpus"}, "write 'text'");
  registry.instead_of({"bin"}, "write 'tokens'");
  registry.instead_of({"conll", "conllu", "conll2003", "ner", "pos", "tags", "token_classification"},
                      "write 'text_tags'");
  registry.instead_of({"masks", "segmentation", "image_masks", "image_mask_folder", "voc", "cityscapes"},
                      "write 'image_pairs'");
  registry.instead_of({"ubyte"}, "write 'idx'");
}

std::filesystem::path find_data(const Folders& folders, const std::string& name) {
  std::vector<std::string> looked_in;
  for (const std::filesystem::path& root : folders.roots) {
    const std::filesystem::path path = root / name;  // `name` itself where it is absolute
    std::error_code unreadable;
    if (std::filesystem::exists(path, unreadable)) return path;
    const bool again = std::ranges::any_of(
        looked_in, [&](const std::string& earlier) { return std::filesystem::equivalent(earlier, root, unreadable); });
    if (!again) looked_in.push_back(root.string());
  }
  const bool absolute = std::filesystem::path(name).is_absolute();
  throw Error(Exit::data,
              Problem{.what = absolute ? concat("'", name, "' is not there")
                                       : concat("'", name, "' is not there; looked in ", join(looked_in)),
                      .help = folders.get.empty() ? ""
                                                  : concat("get it with: ", folders.get,
                                                           "; or name the folder that has it in DLCLI_DATA")});
}

bool Codec<ReaderSpec>::read(const Node& node, ReaderSpec& value, const Limits&, const Reading& r) {
  if (node.is_null()) {
    value.reader.reset();
    return true;
  }
  const Node::Entry* format = node.entry("format");
  const auto name = format ? format->value.as_string() : std::nullopt;
  if (!name) {
    r.expected(format ? format->value : node, type({}));
    return false;
  }
  std::unique_ptr<Described> object = Registry<Reader>::instance().AnyRegistry::make(*name, format->value.where, r);
  Node keys = node;
  keys.erase("format");
  if (!object) {
    read_as_meant(Registry<Reader>::instance(), *name, keys, r);
    return false;
  }
  object->place = node.where;
  if (!read_object(keys, *object, r)) return false;
  value.reader.reset(static_cast<Reader*>(object.release()));
  return true;
}

Node Codec<ReaderSpec>::write(const ReaderSpec& value) {
  if (!value.reader) return Node::null();
  Node out = Node::map();
  out.set("format", Node::string(value.reader->name));
  for (Node::Entry& entry : write_object(*value.reader).entries) out.set(entry.key, std::move(entry.value));
  return out;
}

std::string Codec<ReaderSpec>::type(const Limits&) {
  return concat("a map with 'format' (", join(Registry<Reader>::instance().names()), ") and its keys");
}

Node Codec<ReaderSpec>::json_schema(const Limits&) {
  Node formats = Node::list();
  for (const std::string& name : Registry<Reader>::instance().names()) {
    const auto reader = Registry<Reader>::make(name);
    Node keys = schema_of(*reader).json_schema(), format = Node::map();
    format.set("const", Node::string(name));
    keys.find("properties")->set("format", std::move(format));
    if (!keys.find("required")) keys.set("required", Node::list());
    keys.find("required")->items.push_back(Node::string("format"));
    formats.items.push_back(std::move(keys));
  }
  Node out = Node::map();
  out.set("anyOf", std::move(formats));
  return out;
}

}  // namespace dl
