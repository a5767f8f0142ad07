// Values of a pickle, and how messages name them.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/weights/pickle.h"

#include <bit>

#include "lib/base/error.h"
#include "lib/base/text.h"
#include "lib/interop/weights/pickled_calls.h"

namespace dl {

double Pickle::real(Id id) const { return std::bit_cast<double>(values_[id].number); }

std::string_view Pickle::text(Id id) const {
  return std::string_view(content_).substr(static_cast<size_t>(values_[id].number), values_[id].bytes);
}

std::string_view Pickle::global(Id id) const { return names_[static_cast<size_t>(values_[id].number)]; }

bool Pickle::is_unread(Id id) const { return kind(id) == Kind::object && !unread_in_words(global(id)).empty(); }

std::span<const Pickle::Id> Pickle::held(Id id) const {
  const auto found = held_.find(id);
  return found == held_.end() ? std::span<const Id>() : found->second;
}

std::string Pickle::in_words(Id id) const {
  const auto holding = [&](const char* what, size_t count) { return concat(what, " of ", count); };
  switch (kind(id)) {
    case Kind::none: return "None";
    case Kind::boolean: return integer(id) != 0 ? "True" : "False";
    case Kind::integer: return std::to_string(integer(id));
    case Kind::real: return number_text(real(id));
    case Kind::text: return concat("'", shortened(text(id)), "'");
    case Kind::bytes: return concat(text(id).size(), " bytes");
    case Kind::long_integer: return "an integer beyond 64 bits";
    case Kind::list: return holding("a list", parts(id).size());
    case Kind::tuple: return holding("a tuple", parts(id).size());
    case Kind::dict: return holding("a dict", parts(id).size() / 2);
    case Kind::storage: return "a storage";
    case Kind::tensor: return "a tensor";
    case Kind::global: return std::string(global(id));
    case Kind::object:
    case Kind::refused: return is_unread(id) ? std::string(unread_in_words(global(id))) : concat("a ", global(id));
  }
  return "";
}

}  // namespace dl
