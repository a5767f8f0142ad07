// What may stand at a place of a spec, as the schemas say: an object with keys, a registered type, or a plain value.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "lib/spec/registry.h"

namespace dl {

struct Form {
  std::shared_ptr<const OwnedSchema> object;  // of an object, or of each in a list or a map of them
  const AnyRegistry* registry = nullptr;      // of a registered type, or of each in a list of them
  bool text = false;                          // a string or a list of them, and nothing else
  bool known = false;                         // false: no schema says anything of this place (the model's layers)

  // Of `part` below the value `at`, which has this form. Where nothing is known, a name that a registry has is one of
  // its types.
  Form below(const Node& at, const std::string& part) const;
  // The key that a value without keys stands for: `dropout: 0.5` is {p: 0.5}. Empty where there is none.
  std::string short_key() const;
  // The keys of an object that one with this key does not have (Schema::alternatives).
  std::vector<std::string> alternatives_to(const std::string& key) const;
  // The keys of the type that a registered value names: of {sgd: …} and of `sgd` those of sgd. Null where it names
  // none.
  std::shared_ptr<const OwnedSchema> named_type(const std::string& name) const;
};

Form form_of(std::shared_ptr<const OwnedSchema> whole);

// `short_form` with its key written out: 0.5 as {p: 0.5}, adam as {adam: }. Null where it is no short form of this.
Node written_out(const Node& short_form, const Form& form);

// Whether `over`, laid over `under`, is an object of another kind, which replaces it whole.
bool of_another_kind(const Node& under, const Node& over, const Form& form);

}  // namespace dl
