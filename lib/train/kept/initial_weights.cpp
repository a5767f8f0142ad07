// Finding a model's tensors in files of other programs.
// SPDX-License-Identifier: Apache-2.0
#include "lib/train/kept/initial_weights.h"

#include <algorithm>
#include <set>

#include "lib/base/text.h"
#include "lib/interop/code/arrow.h"
#include "lib/interop/weights/chosen_weights.h"
#include "lib/interop/weights/weights_format.h"
#include "lib/nn/patterns.h"
#include "lib/train/kept/weights.h"

namespace dl {
namespace {

// Layers that have one tensor, which a module of PyTorch may have without a layer around it: "encoder.pos_embedding" is
// its "encoder.pos_embedding.weight". The tensor by the layer's name.
std::map<std::string, std::string> lone_tensors(const Tensors& tensors) {
  std::map<std::string, std::string> lone;
  std::set<std::string> crowded;
  for (const Tensor& t : tensors) {
    const std::string layer = t.path.substr(0, t.path.rfind('.'));
    if (!lone.try_emplace(layer, t.path).second) crowded.insert(layer);
    for (size_t dot = layer.rfind('.'); dot != std::string::npos; dot = dot == 0 ? dot : layer.rfind('.', dot - 1))
      crowded.insert(layer.substr(0, dot));
  }
  std::erase_if(lone, [&](const auto& entry) { return crowded.contains(entry.first); });
  return lone;
}

// A name of the file, behind wrappers or not, that is a layer's becomes that of its only tensor; names of the model
// stay.
std::string of_lone_tensor(const std::string& name, const std::set<std::string>& here,
                           const std::map<std::string, std::string>& lone) {
  for (size_t begin = 0;;) {
    const std::string end = name.substr(begin);
    if (here.contains(end)) return name;
    if (const auto found = lone.find(end); found != lone.end()) return name.substr(0, begin) + found->second;
    const size_t dot = name.find('.', begin);
    if (dot == std::string::npos) return name;
    begin = dot + 1;
  }
}

// Whether they hold the same numbers in the same order: axes of size 1 may be more or fewer.
bool same_but_for_ones(const Shape& a, const Shape& b) {
  const auto without_ones = [](const Shape& shape) {
    std::vector<int64_t> sizes = shape.sizes();
    std::erase(sizes, 1);
    return sizes;
  };
  return without_ones(a) == without_ones(b);
}

// What stands before the file's names of the model's tensors: of all, or of those that are in it where others may be
// begun anew.
std::vector<std::string> wrappers_of(const std::map<std::string, std::string>& meant, const Tensors& tensors,
                                     bool some_are_fresh) {
  std::set<std::string> names, ends;
  for (const auto& [full, name] : meant) {
    names.insert(name);
    for (size_t dot = name.find('.'); dot != std::string::npos; dot = name.find('.', dot + 1))
      ends.insert(name.substr(dot + 1));
  }
  std::vector<std::string> wanted;
  for (const Tensor& t : tensors)
    if (!some_are_fresh || names.contains(t.path) || ends.contains(t.path)) wanted.push_back(t.path);
  return wrappers(names, wanted);
}

// What stands in a file before the names of all of the model's tensors; empty where nothing does.
std::string before_all(const std::map<std::string, std::string>& offered, const Tensors& tensors) {
  for (const auto& [name, full] : offered) {
    if (tensors.empty() || !name.ends_with("." + tensors[0].path)) continue;
    const std::string before = name.substr(0, name.size() - tensors[0].path.size());
    if (std::ranges::all_of(tensors, [&](const Tensor& t) { return offered.contains(before + t.path); })) return before;
  }
  return "";
}

// A name as layers of Keras and Flax have it: without the collection that it is in, its parts divided by dots.
std::string name_in_layers(std::string name) {
  for (const char* collection : {"params.", "batch_stats."})
    if (name.starts_with(collection)) name.erase(0, std::string_view(collection).size());
  std::ranges::replace(name, '/', '.');
  return name;
}

struct Pieces {
  std::string layouts;                                           // "keras"
  std::map<std::string, std::vector<InitialWeights::Piece>> of;  // tensors, by path
  std::set<std::string> names;                                   // in the file, also of what stands there twice
  size_t fitting = 0;                                            // of the names, those whose sizes are as there
};

// What the model's tensors are made of where the file has them as Keras or Flax does, and more of them than by our
// names; of an ONNX file those that do not lie there as they are, which their sizes say.
Pieces pieces_of(const WeightsTable& table, const std::map<std::string, std::string>& meant, const Tensors& tensors,
                 const std::vector<std::string>& wrappers, const WantedWeights& wanted) {
  const bool is_onnx = table.format() == "ONNX";
  const TensorShapes here = shapes_by_path(tensors);
  std::map<std::string, std::string> there;
  size_t ours = 0;
  for (const auto& [full, name] : meant) {
    const std::string own = unwrapped(name, wrappers);
    ours += is_onnx ? 0 : here.count(own);
    there[name_in_layers(own)] = full;
  }
  Pieces best;
  if (ours >= here.size() || !wanted.elsewhere) return best;
  const std::vector<std::string> keras_and_flax{"keras", "flax"}, onnx{"onnx"};
  for (const std::string& target : is_onnx ? onnx : keras_and_flax) {
    Pieces found{.layouts = target, .of = {}, .names = {}, .fitting = 0};
    for (const code::PlaceElsewhere& place : wanted.elsewhere(target)) {
      const auto name = there.find(place.name);
      if (name == there.end()) continue;
      const Shape& sizes = table.find(name->second)->shape;
      const bool fits = sizes == code::placed_shape(here.at(place.path), place.place);
      if (is_onnx && !fits) continue;
      found.fitting += fits ? 1 : 0;
      found.names.insert(name->second);
      std::vector<InitialWeights::Piece>& parts = found.of[place.path];
      if (std::ssize(parts) == place.place.part) parts.push_back({name->second, place.place});
    }
    std::erase_if(found.of, [](const auto& tensor) {
      return tensor.second.empty() || std::ssize(tensor.second) < tensor.second[0].place.parts;
    });
    const bool more = found.of.size() > std::max(best.of.size(), ours),
               closer = !best.of.empty() && found.of.size() == best.of.size() && found.fitting > best.fitting;
    if (more || closer) best = std::move(found);
  }
  return best;
}

// Whether these pieces are the tensor; says it where they are not.
bool fits(const WeightsTable& table, const Tensor& t, const std::vector<InitialWeights::Piece>& pieces,
          std::vector<std::string>& differences) {
  for (const InitialWeights::Piece& piece : pieces) {
    const Shape given = table.find(piece.name)->shape, expected = code::placed_shape(t.shape, piece.place);
    if (given == expected) continue;
    differences.push_back(concat("'", piece.name, "' is ", given.text(), " in the file, ", expected.text(), " as '",
                                 t.path, "' ", t.shape.text(), " is there"));
    return false;
  }
  return true;
}

// What to call in PyTorch before weights are saved that the file has in parts, as weight_norm makes them; "" where it
// has them whole. `offered`: the file's names by the model's.
std::string makes_whole(const std::map<std::string, std::string>& offered, const std::set<std::string>& here) {
  for (const auto& [name, full] : offered) {
    const auto is_part = [&](std::string_view infix, std::string_view suffix) {
      const size_t at = name.rfind(infix);
      if (at == std::string::npos || !name.ends_with(suffix)) return false;
      std::string whole = name.substr(0, at) + ".";
      whole += infix.size() > 1 ? name.substr(at + infix.size(), name.size() - at - infix.size() - suffix.size())
                                : name.substr(at + 1, name.size() - at - 1 - suffix.size());
      return here.contains(whole) && !offered.contains(whole);
    };
    const auto beside = [&](std::string_view suffix) {
      return offered.contains(name.substr(0, name.rfind('_')) + std::string(suffix));
    };
    if (is_part(".parametrizations.", ".original") || is_part(".parametrizations.", ".original0"))
      return "torch.nn.utils.parametrize.remove_parametrizations(layer, \"weight\")";
    if (is_part(".", "_g") && beside("_v")) return "torch.nn.utils.remove_weight_norm(layer)";
    if (is_part(".", "_orig"))
      return beside("_mask") ? "torch.nn.utils.prune.remove(layer, \"weight\")"
                             : "torch.nn.utils.remove_spectral_norm(layer)";
  }
  return "";
}

}  // namespace

std::string source_in_words(const InitialWeights& initial) {
  std::string text = concat(count_of(static_cast<int64_t>(initial.taken.size()), "tensor"), " of ",
                            std::filesystem::path(initial.file).filename().string(), " (", initial.format);
  if (!initial.key.empty()) text += concat(", its dict '", initial.key, "'");
  if (!initial.passed.empty()) text += concat(", not ", join(initial.passed));
  if (!initial.wrappers.empty()) text += concat(", without '", join(initial.wrappers, "' and '"), "'");
  if (initial.layouts == "onnx")
    text += ", gates of recurrent layers from ONNX's order";
  else if (!initial.pieces.empty())
    text += ", kernels turned: hwio -> oihw, io -> oi";
  return text + ")";
}

InitialWeights match_weights(const Tensors& tensors, const std::filesystem::path& path, const WantedWeights& wanted) {
  const WeightsTable table = read_weights_table(path);
  const WeightsPlace place = weights_place(table, wanted.key);
  InitialWeights match{.file = path.string(), .format = table.format(), .key = place.key, .passed = place.passed};
  std::set<std::string> here, fitted;
  for (const Tensor& t : tensors) here.insert(t.path);
  const auto fits_one = [&](const std::vector<std::string>& patterns, const std::string& name) {
    bool any = false;
    for (const std::string& pattern : patterns)
      if (fits_pattern(pattern, name)) any = true, fitted.insert(pattern);
    return any;
  };
  const auto model_name = [&](const std::string& name) {
    const std::pair<const std::string, std::string>* best = nullptr;
    for (const auto& rule : wanted.rename)
      if (fits_pattern(rule.first, name) && (!best || rule.first.size() > best->first.size())) best = &rule;
    if (!best) return name;
    fitted.insert(best->first);
    return renamed(name, best->first, best->second);
  };
  const std::map<std::string, std::string> lone = lone_tensors(tensors);
  std::set<std::string> by_layer;            // those of the file that have the name of a layer
  std::map<std::string, std::string> meant;  // what is not left by a pattern: the model's name by that in the file
  for (const auto& [name, full] : names_at(table, place))
    if (fits_one(wanted.ignore, name) || (!wanted.only.empty() && !fits_one(wanted.only, name)))
      match.left.push_back(full);
    else {
      const std::string given = model_name(table.meaning(full) == full ? name : table.meaning(full));
      meant[full] = of_lone_tensor(given, here, lone);
      if (meant[full] != given) by_layer.insert(full);
    }
  match.wrappers = wrappers_of(meant, tensors, wanted.fresh);
  const Pieces pieces = pieces_of(table, meant, tensors, match.wrappers, wanted);
  match.layouts = pieces.layouts;
  for (const std::string& name : pieces.names) meant.erase(name);
  std::map<std::string, std::string> offered;  // the file's name by the model's
  for (const auto& [full, given] : meant) {
    const std::string name = unwrapped(given, match.wrappers);
    if (!here.contains(name) && is_beside_weights(name))
      match.left.push_back(full);
    else if (const auto [first, fresh] = offered.try_emplace(name, full); !fresh)
      match.differences.push_back(concat("'", first->second, "' and '", full, "' are both '", name, "' here"));
  }
  std::ranges::sort(match.left);
  std::map<std::string, std::string> unread;  // what is said of them, by the model's names
  for (const auto& [full, value] : table.unread()) {
    const std::string prefix = place.key.empty() ? "" : place.key + ".";
    const std::string name = full.starts_with(prefix) ? full.substr(prefix.size()) : "";
    if (name.empty() || fits_one(wanted.ignore, name) || (!wanted.only.empty() && !fits_one(wanted.only, name)))
      continue;
    unread[unwrapped(model_name(name), match.wrappers)] = concat("'", full, "' is in the file, but not read: ", value);
  }
  for (const Tensor& t : tensors) {
    const auto found = offered.find(t.path);
    const bool there = found != offered.end();
    if (const auto made = pieces.of.find(t.path); made != pieces.of.end()) {
      if (!fits(table, t, made->second, match.differences)) continue;
      match.pieces.insert(*made);
      match.taken.push_back(t.path);
      continue;
    }
    Shape given = there ? table.find(found->second)->shape : Shape();
    if (there && found->second != t.path) match.names[t.path] = found->second;
    if (there && by_layer.contains(found->second) && same_but_for_ones(given, t.shape)) given = t.shape;
    const ElementType type = there ? table.find(found->second)->type : ElementType::f32;
    if (there && given == t.shape && is_float(type))
      match.taken.push_back(t.path);
    else if (there && given == t.shape)
      match.differences.push_back(concat("'", found->second, "' is of type ", name_of(type),
                                         " in the file; F32, F16, BF16, F64 or F8 is needed"));
    else if (there)
      match.differences.push_back(
          concat("'", t.path, "' is ", given.text(), " in the file, ", t.shape.text(), " here"));
    else if (const auto said = unread.find(t.path); said != unread.end())
      match.differences.push_back(said->second);
    else if (wanted.fresh)
      match.fresh.push_back(t.path);
    else
      match.differences.push_back(concat("'", t.path, "' ", t.shape.text(), " is not in the file"));
  }
  for (const auto& [wanted_name, name] : offered)
    if (!here.contains(wanted_name))
      match.differences.push_back(
          concat("'", name, "' ", table.find(name)->shape.text(), " is in the file, but not here"));
  std::vector<std::string> patterns = wanted.ignore;
  patterns.insert(patterns.end(), wanted.only.begin(), wanted.only.end());
  for (const auto& [theirs, ours] : wanted.rename) patterns.push_back(theirs);
  for (const std::string& pattern : patterns)
    if (!fitted.contains(pattern))
      match.differences.push_back(concat("nothing in the file fits the pattern '", pattern, "'"));
  if (match.differences.empty() && match.taken.empty())
    match.differences.push_back("no tensor of the file is in the model");
  match.differences = first_differences(std::move(match.differences));
  match.makes_whole = makes_whole(offered, here);
  if (match.taken.empty() && match.pieces.empty()) match.before = before_all(offered, tensors);
  return match;
}

void read_weights(const Tensors& tensors, Store& store, const std::filesystem::path& file,
                  const InitialWeights& found) {
  const WeightsTable table = read_weights_table(file);
  const std::set<std::string> taken(found.taken.begin(), found.taken.end());
  for (const Tensor& t : tensors) {
    if (!taken.contains(t.path)) continue;
    if (const auto made = found.pieces.find(t.path); made != found.pieces.end()) {
      std::vector<float> values(static_cast<size_t>(t.shape.elements()));
      for (const InitialWeights::Piece& piece : made->second) {
        std::vector<float> part(static_cast<size_t>(table.find(piece.name)->shape.elements()));
        table.floats(piece.name).read_f32(0, part);
        code::put_back(part, piece.place, t.shape, values);
      }
      set_values(t, store, values);
      continue;
    }
    const auto other = found.names.find(t.path);
    const std::string& name = other != found.names.end() ? other->second : t.path;
    table.expect_floats(name);
    TensorReader reader(*table.find(name));
    fill_variable(store, variable_of(t, store), offset_of(t), t.shape,
                  [&](int64_t begin, std::span<float> into) { reader.read_f32(begin, into); });
  }
}

}  // namespace dl
