// What a file of weights holds, whoever wrote it: tensors by name, none of them read yet.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "lib/interop/weights/stored_tensor.h"

namespace dl {

class WeightsTable {
 public:
  struct Entry {
    std::string name;  // dict keys and list places joined by dots: "state_dict.conv1.weight"
    StoredTensor tensor;
  };

  WeightsTable(std::filesystem::path path, std::string format) : path_(std::move(path)), format_(std::move(format)) {}

  const std::filesystem::path& path() const { return path_; }
  const std::string& format() const { return format_; }           // "PyTorch", "safetensors", …
  const std::vector<Entry>& tensors() const { return tensors_; }  // in the file's order
  const StoredTensor* find(const std::string& name) const;        // null where there is none
  const std::string& meaning(
      const std::string& name) const;  // "first.kernel" where its path says neither; else its name
  const std::set<std::string>& holders() const { return holders_; }  // dicts in which tensors stand; "" is the file
  struct Other {
    std::string name, value;
  };
  const std::vector<Other>& others() const { return others_; }  // what is no tensor, in words: the first thousand
  const std::vector<Other>& unread() const { return unread_; }  // arrays that are not read, and why: as many

  // Two of one name, a name that is no UTF-8 and names of more bytes than any network has are an Error(Exit::data).
  void add(std::string name, StoredTensor tensor, std::string meaning = {});
  void add_holder(std::string name) { holders_.insert(std::move(name)); }
  // Of formats whose dicts are a network's layers: none of them holds all weights because of what it is called.
  bool dicts_are_layers() const { return dicts_are_layers_; }
  void take_dicts_for_layers() { dicts_are_layers_ = true; }
  void add_other(std::string name, std::string value);
  void add_unread(const std::string& name, const std::string& why);
  bool is_full_of_others() const;

  // That a tensor's elements can be made f32; one of integers is an Error(Exit::data) that names it.
  void expect_floats(const std::string& name) const;
  // A reader of its elements that has checked so.
  TensorReader floats(const std::string& name) const;

 private:
  std::filesystem::path path_;
  std::string format_;
  std::vector<Entry> tensors_;
  std::map<std::string, size_t> places_;
  std::map<std::string, std::string> meanings_;
  std::set<std::string> holders_;
  std::vector<Other> others_, unread_;
  size_t name_bytes_ = 0;
  bool dicts_are_layers_ = false;
};

[[noreturn]] void refuse_weights(const std::filesystem::path& file, const std::string& tensor, std::string what,
                                 std::string help = {});

}  // namespace dl
