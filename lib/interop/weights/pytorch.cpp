// Checkpoints of PyTorch: .pt, .pth, .bin, Lightning's .ckpt, and the attributes of TorchScript. A zip archive
// (https://github.com/pytorch/pytorch/blob/main/torch/serialization.py) with a pickle that names storages, each a
// member; before version 1.6 five pickles and the storages one behind another. Nothing of the file is executed.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>

#include "lib/base/error.h"
#include "lib/base/text.h"
#include "lib/interop/weights/pickled_tensors.h"
#include "lib/interop/weights/safetensors_start.h"
#include "lib/interop/weights/weights_format.h"

namespace dl {
namespace {

using Kind = Pickle::Kind;
using Id = Pickle::Id;

std::string text_of_member(const WeightsSource& source, const ZipMember* member) {
  if (!member || member->bytes > 64) return "";
  const auto bytes = unzip(*source.file, *member, ZipSum::ignored);
  return {reinterpret_cast<const char*>(bytes.get()), static_cast<size_t>(member->bytes)};
}

// The member that is the pickle: "archive/data.pkl".
const ZipMember* pickle_of(const WeightsSource& source) {
  const auto found = std::ranges::find_if(
      source.members, [](const ZipMember& m) { return m.name == "data.pkl" || m.name.ends_with("/data.pkl"); });
  return found == source.members.end() ? nullptr : &*found;
}

// Members "archive/data/KEY".
class MemberStorages final : public PickledStorages {
 public:
  MemberStorages(const WeightsSource& source, const std::string& root) : file_(source.file) {
    const std::string folder = root + "data/";
    for (const ZipMember& member : source.members)
      if (member.name.starts_with(folder)) members_.emplace(member.name.substr(folder.size()), &member);
  }
  StoredBytes::Pointer find(const std::string& key) override {
    const auto member = members_.find(key);
    if (member == members_.end()) return nullptr;
    StoredBytes::Pointer& bytes = found_[key];
    if (!bytes) bytes = StoredBytes::in_zip(file_, *member->second);
    return bytes;
  }

 private:
  StoredBytes::File file_;
  std::map<std::string, const ZipMember*> members_;
  std::map<std::string, StoredBytes::Pointer> found_;
};

class PytorchWeights final : public WeightsFormat {
 public:
  std::string name() const override { return "PyTorch"; }
  bool recognises(const WeightsSource& source) const override { return source.is_zip && pickle_of(source); }

  WeightsTable read(const WeightsSource& source) const override {
    const ZipMember& member = *pickle_of(source);
    const std::string root = member.name.substr(0, member.name.size() - std::string_view("data.pkl").size());
    const bool is_script = source.member(root + "constants.pkl") != nullptr;
    WeightsTable table(source.path(), is_script ? "TorchScript" : "PyTorch");
    if (is_script) table.take_dicts_for_layers();  // they are modules
    const bool swapped = text_of_member(source, source.member(root + "byteorder")).starts_with("big");
    MemberStorages storages(source, root);
    const Pickle pickle = read_pickle(whole(source, member));
    refuse_calls(pickle, source.path());
    add_pickled(pickle, storages, swapped, table);
    return table;
  }

 private:
  static PickleSource whole(const WeightsSource& source, const ZipMember& member) {
    PickleSource pickle{.file = source.path(), .bytes = member.bytes, .read = nullptr};
    const uint64_t begin = zip_data(*source.file, member);
    if (!member.deflated) {
      pickle.read = [file = source.file, begin](uint64_t at, void* into, size_t n) { file->read(begin + at, into, n); };
      return pickle;
    }
    if (member.bytes > most_deflated_pickle)
      refuse_weights(source.path(), "", concat("its pickle is deflated and takes ", member.bytes, " bytes"),
                     "save the weights anew with torch.save");
    const std::shared_ptr<const std::byte[]> bytes = unzip(*source.file, member, ZipSum::ignored);
    pickle.read = [bytes](uint64_t at, void* into, size_t n) {
      std::copy_n(bytes.get() + at, n, static_cast<std::byte*>(into));
    };
    return pickle;
  }
  static constexpr uint64_t most_deflated_pickle = 64 << 20;
};
DL_WEIGHTS_FORMAT(PytorchWeights);

// Storages that follow each other, each behind its number of elements.
class FollowingStorages final : public PickledStorages {
 public:
  // `keys` is the pickled list of them in their order, `at` where the first begins.
  FollowingStorages(const WeightsSource& source, const Pickle& tree, const Pickle& keys, uint64_t at) {
    std::map<std::string, std::pair<std::string_view, int64_t>> said;  // type and elements by key
    for (Id id = 0; id < tree.count(); ++id) {
      if (tree.kind(id) != Kind::storage) continue;
      const std::span<const Id> parts = tree.parts(id);
      if (parts.size() > 3 && tree.kind(parts[3]) != Kind::none)
        refuse_weights(source.path(), "", "has storages that are views of others, as PyTorch before 0.4 wrote them",
                       "open it with PyTorch and save it anew");
      said[std::string(tree.text(parts[1]))] = {tree.global(parts[0]), tree.integer(parts[2])};
    }
    if (keys.kind(keys.root()) != Kind::list) refuse_weights(source.path(), "", "has no list of its storages");
    for (const Id key : keys.parts(keys.root())) {
      if (keys.kind(key) != Kind::text) refuse_weights(source.path(), "", "has a storage without a name");
      const std::string name(keys.text(key));
      const auto found = said.find(name);
      const auto refuse = [&](std::string what) {
        refuse_weights(source.path(), "", concat("storage '", shortened(name), "' ", what), "get the file again");
      };
      if (found == said.end()) refuse("belongs to no tensor, so that its type is not known");
      const auto type = python_type(found->second.first);
      if (!type) refuse(concat("has type '", shortened(found->second.first), "', which is not known"));
      const uint64_t size = source.file->size_bytes();
      int64_t elements = 0;
      if (size - at < sizeof elements) refuse("is not there: the file is cut short");
      source.file->read(at, &elements, sizeof elements);
      at += sizeof elements;
      if (elements != found->second.second)
        refuse(concat("has ", elements, " elements, the pickle says ", found->second.second));
      const uint64_t width = bytes_of(*type);
      if (elements < 0 || static_cast<uint64_t>(elements) > (size - at) / width)
        refuse(concat("has ", elements, " elements of ", width, " bytes, the file has ", size - at, " bytes more"));
      found_[name] = StoredBytes::in_file(source.file, at, static_cast<uint64_t>(elements) * width);
      at += static_cast<uint64_t>(elements) * width;
    }
  }
  StoredBytes::Pointer find(const std::string& key) override {
    const auto found = found_.find(key);
    return found == found_.end() ? nullptr : found->second;
  }

 private:
  std::map<std::string, StoredBytes::Pointer> found_;
};

class LegacyPytorchWeights final : public WeightsFormat {
 public:
  std::string name() const override { return "PyTorch before 1.6"; }
  bool recognises(const WeightsSource& source) const override {
    return source.start.size() > 2 && source.start[0] == '\x80' && source.start[1] >= 2 && source.start[1] <= 5 &&
           !begins_as_safetensors(source.start);
  }

  WeightsTable read(const WeightsSource& source) const override {
    if (source.start.substr(0, 32).find("\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19") == std::string::npos)
      refuse_weights(source.path(), "", "is a pickle that PyTorch did not write",
                     "save its arrays with numpy.savez or as safetensors");
    uint64_t at = 0;
    const auto next = [&] {
      const Pickle pickle = read_pickle(
          {.file = source.path(),
           .begin = at,
           .bytes = source.file->size_bytes() - at,
           .read = [&, at](uint64_t from, void* into, size_t n) { source.file->read(at + from, into, n); }});
      at += pickle.bytes();
      return pickle;
    };
    next();  // the magic number
    const Pickle version = next();
    if (!version.is_integer(version.root()) || version.integer(version.root()) != 1001)
      refuse_weights(source.path(), "", concat("expected version 1001, found ", version.in_words(version.root())));
    const Pickle system = next(), tree = next();
    refuse_calls(tree, source.path());
    const Pickle keys = next();
    WeightsTable table(source.path(), name());
    FollowingStorages storages(source, tree, keys, at);
    add_pickled(tree, storages, is_big_endian(system), table);
    return table;
  }

 private:
  static bool is_big_endian(const Pickle& system) {
    if (system.kind(system.root()) != Kind::dict) return false;
    const std::span<const Id> items = system.parts(system.root());
    for (size_t i = 0; i < items.size(); i += 2)
      if (system.kind(items[i]) == Kind::text && system.text(items[i]) == "little_endian")
        return system.kind(items[i + 1]) == Kind::boolean && system.integer(items[i + 1]) == 0;
    return false;
  }
};
DL_WEIGHTS_FORMAT(LegacyPytorchWeights);

// Programs that torch.export saved.
class ExportedPytorchProgram final : public WeightsFormat {
 public:
  std::string name() const override { return ""; }
  bool recognises(const WeightsSource& source) const override {
    return std::ranges::any_of(source.members, [](const ZipMember& member) {
      return member.name.ends_with("/archive_format") || member.name == "serialized_exported_program.json";
    });
  }
  WeightsTable read(const WeightsSource& source) const override {
    refuse_weights(source.path(), "", "is a program that torch.export saved, not weights",
                   "save the weights alone: torch.save(program.state_dict, \"weights.pt\")");
  }
};

// Tar archives, before 0.4.
class TarPytorchWeights final : public WeightsFormat {
 public:
  std::string name() const override { return ""; }
  bool recognises(const WeightsSource& source) const override {
    return source.start.size() > 512 && source.start.compare(257, 5, "ustar") == 0;
  }
  WeightsTable read(const WeightsSource& source) const override {
    refuse_weights(source.path(), "", "is a tar archive, as PyTorch wrote weights before version 0.4",
                   "open it with PyTorch and save it anew");
  }
};
DL_WEIGHTS_FORMAT(TarPytorchWeights);
DL_WEIGHTS_FORMAT(ExportedPytorchProgram);

}  // namespace
}  // namespace dl
