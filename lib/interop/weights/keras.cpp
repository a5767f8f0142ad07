// Weights of Keras: .weights.h5, models as .keras archives, and the older .h5. Names are the paths in the file,
// layouts Keras's own: kernels are [in, out] and [height, width, in, out].
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>

#include "lib/base/error.h"
#include "lib/base/text.h"
#include "lib/interop/weights/hdf5.h"
#include "lib/interop/weights/weights_format.h"
#include "lib/interop/weights/weights_writer.h"

namespace dl {
namespace {

constexpr std::string_view weights_in_archive = "model.weights.h5";

std::string dotted(std::string path) {
  std::ranges::replace(path, '/', '.');
  return path;
}

// What the numbered variables of a layer are, by the class that its group is named after.
struct KerasClass {
  std::string_view name;
  std::vector<std::string_view> variables;
};
const KerasClass keras_classes[] = {
    {"dense", {"kernel", "bias"}},
    {"conv1d", {"kernel", "bias"}},
    {"conv2d", {"kernel", "bias"}},
    {"conv3d", {"kernel", "bias"}},
    {"depthwise_conv1d", {"kernel", "bias"}},
    {"depthwise_conv2d", {"kernel", "bias"}},
    {"embedding", {"embeddings"}},
    {"batch_normalization", {"gamma", "beta", "moving_mean", "moving_variance"}},
    {"layer_normalization", {"gamma", "beta"}},
    {"group_normalization", {"gamma", "beta"}},
};

// "look.query.kernel" of layers/multi_head_attention/query_dense/vars/0 where the layer is called 'look'.
std::string attention_meaning(const std::vector<std::string>& parts,
                              const std::map<std::string, const Hdf5Object*>& groups) {
  static const std::map<std::string, std::string> parts_there{
      {"query_dense", "query"}, {"key_dense", "key"}, {"value_dense", "value"}, {"output_dense", "attention_output"}};
  const auto layer = groups.find(concat("layers/", parts[1], "/vars"));
  const auto part = parts_there.find(parts[2]);
  if (layer == groups.end() || part == parts_there.end() || !parts[1].starts_with("multi_head_attention")) return "";
  const auto name = layer->second->attributes.find("name");
  if (name == layer->second->attributes.end() || (parts[4] != "0" && parts[4] != "1")) return "";
  return concat(name->second, ".", part->second, parts[4] == "0" ? ".kernel" : ".bias");
}

// "lstm_cell" of "lstm_cell_3".
std::string without_number(const std::string& name) {
  const size_t number = name.rfind('_');
  const bool has = number != std::string::npos && name.find_first_not_of("0123456789", number + 1) == std::string::npos;
  return has ? name.substr(0, number) : name;
}

// "second.lstm_cell.bias" of layers/lstm_1/cell/vars/2 where the layer is called 'second', and
// "second.forward_rnn.lstm_cell.bias" of layers/bidirectional/forward_layer/cell/vars/2.
std::string recurrent_meaning(const std::vector<std::string>& parts,
                              const std::map<std::string, const Hdf5Object*>& groups) {
  static const std::map<std::string, std::string> variables{{"0", "kernel"}, {"1", "recurrent_kernel"}, {"2", "bias"}};
  const bool both = parts.size() == 6, forward = parts[2] == "forward_layer";
  const std::string inside = concat("layers/", parts[1], "/", both ? parts[2] + "/" : "", "cell/vars");
  const auto name_of = [&](const std::string& path) {
    const auto group = groups.find(path);
    if (group == groups.end()) return std::string();
    const auto name = group->second->attributes.find("name");
    return name == group->second->attributes.end() ? std::string() : name->second;
  };
  const std::string layer = name_of(concat("layers/", parts[1], "/vars")), cell = without_number(name_of(inside));
  const auto variable = variables.find(parts.back());
  if (layer.empty() || cell.empty() || variable == variables.end()) return "";
  if (both && !forward && parts[2] != "backward_layer") return "";
  return concat(layer, !both ? "." : forward ? ".forward_rnn." : ".backward_rnn.", cell, ".", variable->second);
}

// "first.kernel" of first/first/kernel:0, "second.forward_rnn.lstm_cell.bias" of
// second/second/forward_lstm/lstm_cell_1/ bias:0: what stands in older files behind `begin`. Of a variable in a scope
// of another name the last part.
std::string older_meaning(const std::vector<std::string>& parts, size_t begin) {
  std::string meaning = parts[begin];
  const bool in_own_scope = parts.size() > begin + 2 && parts[begin + 1] == parts[begin];
  for (size_t i = in_own_scope ? begin + 2 : parts.size() - 1; i < parts.size(); ++i) {
    const std::string& part = parts[i];
    meaning += "." + (part.starts_with("forward_")    ? "forward_rnn"
                      : part.starts_with("backward_") ? "backward_rnn"
                      : i + 1 < parts.size()          ? without_number(part)
                                                      : part.substr(0, part.find(':')));
  }
  return meaning;
}

// "first.kernel" of layers/conv2d_1/vars/0 where the layer is called 'first', and of older files' paths; empty where
// the class is none of these.
std::string keras_meaning(const std::string& path, const std::map<std::string, const Hdf5Object*>& groups,
                          const std::map<std::string, size_t>& variables) {
  std::vector<std::string> parts;
  for (size_t from = 0, slash = 0; slash != std::string::npos; from = slash + 1) {
    slash = path.find('/', from);
    parts.push_back(path.substr(from, slash - from));
  }
  if (parts.size() >= 3 && parts[0] == "model_weights") return older_meaning(parts, 1);
  if (parts.size() >= 3 && parts[0] == parts[1] && parts.back().ends_with(":0")) return older_meaning(parts, 0);
  if (parts.size() >= 5 && parts.size() <= 6 && parts[0] == "layers" && parts[parts.size() - 3] == "cell")
    return recurrent_meaning(parts, groups);
  if (parts.size() == 5 && parts[0] == "layers" && parts[3] == "vars") return attention_meaning(parts, groups);
  if (parts.size() != 4 || parts[0] != "layers" || parts[2] != "vars" || parts[3].size() != 1) return "";
  const std::string kind = without_number(parts[1]);
  const auto* known = std::ranges::find(keras_classes, std::string_view(kind), &KerasClass::name);
  const std::string group = path.substr(0, path.rfind('/'));
  const auto layer = groups.find(group);
  const size_t number = static_cast<size_t>(parts[3][0] - '0');
  if (known == std::end(keras_classes) || layer == groups.end() || number >= known->variables.size()) return "";
  // Of norms without scale or offset the numbers say something else.
  const size_t count = variables.at(group), all = known->variables.size();
  if (count != all && !(count == 1 && known->variables[0] == "kernel")) return "";
  const auto name = layer->second->attributes.find("name");
  return name == layer->second->attributes.end() ? "" : concat(name->second, ".", known->variables[number]);
}

void add_hdf5(const std::vector<Hdf5Object>& objects, WeightsTable& table) {
  std::map<std::string, const Hdf5Object*> groups;
  std::map<std::string, size_t> variables;  // of each group
  for (const Hdf5Object& object : objects)
    if (object.is_group)
      groups[object.path] = &object;
    else
      ++variables[object.path.substr(0, object.path.rfind('/'))];
  for (const Hdf5Object& object : objects) {
    const std::string name = dotted(object.path);
    for (const auto& [key, value] : object.attributes)
      table.add_other(name.empty() ? key : concat(name, ".", key), "'" + shortened(value) + "'");
    if (object.is_group) continue;
    if (object.unread.empty())
      table.add(name, object.data, keras_meaning(object.path, groups, variables));
    else
      table.add_unread(name, object.unread);
  }
}

class Hdf5Weights final : public WeightsFormat {
 public:
  std::string name() const override { return "Keras's .h5"; }
  bool recognises(const WeightsSource& source) const override { return is_hdf5(source.start); }
  WeightsTable read(const WeightsSource& source) const override {
    WeightsTable table(source.path(), "HDF5");
    add_hdf5(read_hdf5(source.path(), StoredBytes::in_file(source.file, 0, source.file->size_bytes())), table);
    return table;
  }
};
DL_WEIGHTS_FORMAT(Hdf5Weights);

class KerasWeights final : public WeightsFormat {
 public:
  std::string name() const override { return "Keras's .keras"; }
  bool recognises(const WeightsSource& source) const override { return source.member(weights_in_archive) != nullptr; }
  WeightsTable read(const WeightsSource& source) const override {
    const ZipMember& member = *source.member(weights_in_archive);
    StoredBytes::Pointer bytes = StoredBytes::in_zip(source.file, member);
    if (bytes->is_deflated()) {
      const auto inflated = bytes->inflated();
      bytes =
          StoredBytes::in_memory({reinterpret_cast<const char*>(inflated.get()), static_cast<size_t>(member.bytes)});
    }
    WeightsTable table(source.path(), "Keras");
    add_hdf5(read_hdf5(source.path(), bytes), table);
    return table;
  }
};
DL_WEIGHTS_FORMAT(KerasWeights);

class Hdf5Writer final : public WeightsWriter {
 public:
  std::string ending() const override { return ".weights.h5"; }
  std::string name() const override { return "HDF5"; }
  bool has(ElementType type) const override { return has_hdf5_type(type); }
  void write(const Tensors& tensors, const Append& append) const override { write_hdf5(tensor_tree(tensors), append); }
};
DL_WEIGHTS_WRITER(Hdf5Writer);

}  // namespace
}  // namespace dl
