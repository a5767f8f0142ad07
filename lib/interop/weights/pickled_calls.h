// What a pickle may call, each name with its one meaning as data; nothing is called.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string_view>

namespace dl {

// What calling a name gives, as data.
enum class PickledCall {
  refused,
  dict,          // a new one, or the one that is its first argument
  first,         // its first argument
  tensor,        // of its arguments storage, offset, sizes, strides
  typed_tensor,  // the same, with the type's name in place 6
  rebuilt,       // its second argument's function on its third's arguments
  attributes,    // a dict that BUILD fills
  opaque,        // nothing that is looked into
  unread         // a tensor or an array that is not read
};

// Of "module.name"; `refused` where it is not on the list.
PickledCall pickled_call(std::string_view name);

// What is `unread`, in words: "a sparse tensor, which is read after to_dense()"; empty of all else.
std::string_view unread_in_words(std::string_view name);

}  // namespace dl
