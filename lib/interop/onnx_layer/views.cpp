// ONNX's operators that give the same elements another shape or another order of axes.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "lib/graph/sizes.h"
#include "lib/interop/onnx_layer/moving.h"
#include "lib/interop/onnx_layer/taken.h"

namespace dl::onnx {
namespace {

// Another shape of the same elements.
void give_shape(Taking& t, const ReadNode& node, Whole sizes) {
  if (const ReadTensor* x = t.known(node, 0)) {
    ReadTensor y = *x;
    y.sizes = std::move(sizes);
    return t.give_known(node, 0, std::move(y));
  }
  t.give(node, 0, reshape(t.value(node, 0), Shape(std::move(sizes))));
}

void take_reshape(Taking& t, const ReadNode& node) {
  const Whole from = t.at(node, 0).sizes();
  Whole sizes = list_of(t, node, 1, "shape", 5);
  const bool zero_is_zero = t.attribute<int64_t>(node, "allowzero", 0) != 0;
  // The batch of the example that the model was traced with stands for this one.
  const bool is_batch_first = t.at(node, 0).value && !from.empty() && from[0] == t.batch();
  const bool names_traced = !sizes.empty() && sizes[0] == t.traced_batch() && sizes[0] > 0;
  if (is_batch_first && names_traced) sizes[0] = t.batch();
  int64_t known = 1, open = -1;
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (sizes[i] == 0 && !zero_is_zero) {
      if (i >= from.size()) t.fail(node, "keeps an axis that there is not");
      sizes[i] = from[i];
    }
    if (sizes[i] == -1)
      open = static_cast<int64_t>(i);
    else
      known = times(known, sizes[i]);
  }
  const int64_t count = Shape(from).elements();
  if (open >= 0) sizes[static_cast<size_t>(open)] = known == 0 ? 0 : count / known;
  t.expect_sizes(node, sizes);
  // Sizes that the batch is a factor of: of the first axis, where the batch is known to stand there.
  if (Shape(sizes).elements() != count && !sizes.empty() && !from.empty() &&
      (is_batch_first || (names_traced && from[0] % std::max<int64_t>(t.batch(), 1) == 0))) {
    const int64_t rest = Shape(Whole(sizes.begin() + 1, sizes.end())).elements();
    if (rest > 0 && count % rest == 0) sizes[0] = count / rest;
  }
  if (Shape(sizes).elements() != count)
    t.fail(node, concat(Shape(from).text(), " has no elements for ", Shape(sizes).text()),
           t.traced_batch() > 0 && t.traced_batch() != t.batch() ? with_open_batch : "");
  give_shape(t, node, std::move(sizes));
}

void take_flatten(Taking& t, const ReadNode& node) {
  const Whole from = t.at(node, 0).sizes();
  int64_t axis = t.attribute<int64_t>(node, "axis", 1);
  if (axis < 0) axis += std::ssize(from);
  if (axis < 0 || axis > std::ssize(from)) t.fail(node, concat("there is no axis ", axis));
  const Whole before(from.begin(), from.begin() + axis), behind(from.begin() + axis, from.end());
  give_shape(t, node, {Shape(before).elements(), Shape(behind).elements()});
}

void take_squeeze(Taking& t, const ReadNode& node) {
  const Whole from = t.at(node, 0).sizes();
  const int rank = static_cast<int>(from.size());
  bool given;
  Whole axes = list_of(t, node, 1, "axes", 13, given);
  // Where no axes are named the batch stays, of one sample as of several.
  const bool keeps_first = t.at(node, 0).value && t.batch() == 1;
  Whole sizes;
  for (int i = 0; i < rank; ++i) {
    const int64_t size = from[static_cast<size_t>(i)];
    const bool drops = given ? std::ranges::any_of(axes, [&](int64_t a) { return axis_in(node, t, a, rank) == i; })
                             : size == 1 && (i > 0 || !keeps_first);
    if (drops && size != 1) t.fail(node, concat("axis ", i, " has ", size, " places, not 1"));
    if (!drops) sizes.push_back(size);
  }
  give_shape(t, node, std::move(sizes));
}

void take_unsqueeze(Taking& t, const ReadNode& node) {
  const Whole from = t.at(node, 0).sizes(), axes = list_of(t, node, 1, "axes", 13);
  const int rank = static_cast<int>(from.size() + axes.size());
  Whole sizes(static_cast<size_t>(rank), 0);
  for (const int64_t axis : axes) sizes[static_cast<size_t>(axis_in(node, t, axis, rank))] = 1;
  size_t next = 0;
  for (int64_t& size : sizes)
    if (size == 0) {
      if (next == from.size()) t.fail(node, "names an axis twice");
      size = from[next++];
    }
  give_shape(t, node, std::move(sizes));
}

void take_transpose(Taking& t, const ReadNode& node) {
  const Taken x = t.at(node, 0);
  const int rank = x.rank();
  Whole perm = t.attribute<Whole>(node, "perm", {});
  if (perm.empty())
    for (int i = rank; i-- > 0;) perm.push_back(i);
  if (static_cast<int>(perm.size()) != rank || !std::ranges::is_permutation(perm, natural_order(rank)))
    t.fail(node, "its 'perm' is no order of the axes");
  if (const ReadTensor* known = t.known(node, 0)) {
    const Whole strides = strides_of(known->sizes);
    Whole sizes;
    for (const int64_t axis : perm) sizes.push_back(known->sizes[static_cast<size_t>(axis)]);
    return t.give_known(node, 0, gathered(t, node, *known, sizes, [&](const Whole& index) {
                          int64_t at = 0;
                          for (size_t i = 0; i < index.size(); ++i)
                            at += index[i] * strides[static_cast<size_t>(perm[i])];
                          return at;
                        }));
  }
  // Nothing moves: the value's axes are others of the new tensor.
  const AxisOrder held = x.value ? x.order : natural_order(rank);
  AxisOrder order;
  for (const int axis : held) order.push_back(static_cast<int>(std::ranges::find(perm, axis) - perm.begin()));
  t.give(node, 0, t.in_order(node, 0, held), order);
}

// An image [batch, height, width, channels], and the side of its blocks.
Value image_in_blocks(Taking& t, const ReadNode& node, int64_t& block) {
  constexpr int64_t most = 1 << 15;
  block = t.attribute<int64_t>(node, "blocksize", 1);
  if (block < 1 || block > most) t.fail(node, concat("expected a 'blocksize' of 1 to ", most, ", got ", block));
  const int rank = t.at(node, 0).rank();
  if (rank != 4) t.fail(node, concat("expected [batch, channels, height, width], got ", rank, " axes"));
  return t.in_order(node, 0, channels_last_order(4));
}

// Channels to places: DCR has the place before the channel, CRD behind it.
void take_depth_to_space(Taking& t, const ReadNode& node) {
  int64_t block;
  const Value x = image_in_blocks(t, node, block);
  const bool depth_last = t.attribute<std::string>(node, "mode", "DCR") == "CRD";
  const int64_t n = x.shape()[0], h = x.shape()[1], w = x.shape()[2], c = x.shape()[3] / (block * block);
  if (c * block * block != x.shape()[3]) t.fail(node, "the channels are no multiple of the block");
  const Value parts = reshape(x, depth_last ? Shape{n, h, w, c, block, block} : Shape{n, h, w, block, block, c});
  const Value y =
      transpose(parts, depth_last ? std::vector<int>{0, 1, 4, 2, 5, 3} : std::vector<int>{0, 1, 3, 2, 4, 5});
  t.give(node, 0, reshape(y, {n, times(h, block), times(w, block), c}), channels_last_order(4));
}
void take_space_to_depth(Taking& t, const ReadNode& node) {
  int64_t block;
  const Value x = image_in_blocks(t, node, block);
  const int64_t n = x.shape()[0], h = x.shape()[1] / block, w = x.shape()[2] / block, c = x.shape()[3];
  if (h * block != x.shape()[1] || w * block != x.shape()[2]) t.fail(node, "the image is no multiple of the block");
  const Value y = transpose(reshape(x, {n, h, block, w, block, c}), {0, 1, 3, 2, 4, 5});
  t.give(node, 0, reshape(y, {n, h, w, times(block * block, c)}), channels_last_order(4));
}

}  // namespace

const TakeTable& view_nodes() {
  static const TakeTable table = {
      {"DepthToSpace", take_depth_to_space}, {"Flatten", take_flatten}, {"Reshape", take_reshape},
      {"SpaceToDepth", take_space_to_depth}, {"Squeeze", take_squeeze}, {"Transpose", take_transpose},
      {"Unsqueeze", take_unsqueeze},
  };
  return table;
}

}  // namespace dl::onnx
