// HDF5 as Keras writes it (through h5py with its defaults): superblock 0, groups as B-trees of names, contiguous data,
// attributes that are numbers or texts. https://docs.hdfgroup.org/hdf5/v1_14/_f_m_t3.html. Not read through libhdf5:
// of 4,000 damaged copies of a Keras file Debian 12's 1.10.8 crashed on 88 and did not end on 10.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "lib/interop/weights/stored_tensor.h"
#include "lib/interop/weights/tensor_tree.h"

namespace dl {

struct Hdf5Object {
  std::string path;                               // "layers/dense/vars/0"; of the root ""
  std::map<std::string, std::string> attributes;  // those that are texts or numbers; of a list its items with ", "
  bool is_group = false;
  StoredTensor data;   // of a dataset
  std::string unread;  // why its data are not read: "chunked data"; empty where they are
};

// Everything in the file whose bytes these are, groups before what is in them, in the order of names. Broken files are
// an Error(Exit::data) that names `file`.
std::vector<Hdf5Object> read_hdf5(const std::filesystem::path& file, const StoredBytes::Pointer& bytes);

bool is_hdf5(std::string_view start);

// A file of groups and contiguous datasets.
void write_hdf5(const TensorTree& root, const std::function<void(const void* data, size_t bytes)>& append);
bool has_hdf5_type(ElementType type);

}  // namespace dl
