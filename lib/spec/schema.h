// Schema: the keys of a struct, bound to its members. From one describe(Schema&) come reading, checking, defaults, the
// resolved spec, the reference and JSON Schema.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <concepts>
#include <deque>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lib/spec/codec.h"
#include "lib/spec/node.h"
#include "lib/spec/reading.h"

namespace dl {

class AnyRegistry;
struct OwnedSchema;

// Codec<T> with the type forgotten; what a value may be can depend on the member (Keyed).
struct ErasedCodec {
  bool (*read)(const Node&, void*, const Limits&, const Reading&);
  Node (*write)(const void*);
  std::string (*type)(const Limits&);
  Node (*json_schema)(const Limits&, const void*);
  std::shared_ptr<const OwnedSchema> (*inner)(const void*);  // the keys of a value that is an object; else null
  const AnyRegistry* (*registry)();                          // of a value that is a registered type; else null
};
template <class T>
inline constexpr ErasedCodec erased_codec{
    [](const Node& node, void* value, const Limits& limits, const Reading& r) {
      return Codec<T>::read(node, *static_cast<T*>(value), limits, r);
    },
    [](const void* value) { return Codec<T>::write(*static_cast<const T*>(value)); },
    [](const Limits& limits) { return Codec<T>::type(limits); },
    [](const Limits& limits, const void* value) {
      if constexpr (requires { Codec<T>::json_schema(limits, *static_cast<const T*>(value)); })
        return Codec<T>::json_schema(limits, *static_cast<const T*>(value));
      else
        return Codec<T>::json_schema(limits);
    },
    [](const void* value) -> std::shared_ptr<const OwnedSchema> {
      if constexpr (requires { Codec<T>::inner(*static_cast<const T*>(value)); })
        return Codec<T>::inner(*static_cast<const T*>(value));
      else if constexpr (requires { Codec<T>::inner(); })
        return Codec<T>::inner();
      else
        return nullptr;
    },
    []() -> const AnyRegistry* {
      if constexpr (requires { Codec<T>::registry(); }) return Codec<T>::registry();
      return nullptr;
    }};

// Whether two words are the same but for case, blanks, - and _.
bool same_word(std::string_view a, std::string_view b);

// One key. The functions that describe it return the field, to be chained.
class Field {
 public:
  Field& at_least(double bound);  // of numbers, and of each in a list, pair or duration
  Field& at_most(double bound);
  Field& above(double bound);
  Field& below(double bound);
  Field& one_of(std::vector<std::string> values);   // of strings
  Field& positional();                              // `linear: 128` stands for `linear: {THIS: 128}`; one field at most
  Field& unit(Duration::Unit unit);                 // of a duration given as a bare number
  Field& units(std::vector<Duration::Unit> units);  // the only ones taken
  Field& known_as(std::vector<std::string> names);  // names in other frameworks: an error whose help names this key
  // Values that other frameworks have and we do not, with what to write instead: {"fp16", "write 'bf16-mixed'"}.
  Field& instead_of_value(std::string value, std::string help);
  Field& instead_of_values(std::vector<std::string> values, const std::string& help);  // the same of several
  Field& help(std::string help);  // of a value that is not taken, where nothing better is known of it, and of none
  Field& of(std::string type);    // of a Node's member: "a list of layers"
  Field& unless(std::vector<std::string> keys);  // of a required one: not where one of these is given

  const std::string& key() const { return key_; }
  const std::string& summary() const { return summary_; }
  bool is_required() const { return required_; }
  bool is_positional() const { return positional_; }
  const std::vector<std::string>& foreign_names() const { return foreign_; }
  std::string type() const { return codec_->type(limits_); }  // "a number above 0"
  bool takes_text() const;                                    // and nothing else: a string, or a list of them
  bool takes_anything() const { return codec_ == &erased_codec<Node>; }
  std::shared_ptr<const OwnedSchema> inner() const { return codec_->inner(member_); }
  const AnyRegistry* registry() const { return codec_->registry(); }
  Node json_schema() const { return codec_->json_schema(limits_, member_); }
  Node value() const { return codec_->write(member_); }  // the member's; before reading, the default
  bool read(const Node& node, const Reading& r) const { return codec_->read(node, member_, limits_, r); }

 private:
  friend class Schema;
  std::string key_, summary_;
  bool required_ = false, positional_ = false;
  std::vector<std::string> unless_;
  Limits limits_;
  std::vector<std::string> foreign_;
  void* member_ = nullptr;
  const ErasedCodec* codec_ = nullptr;
};

// Given to a check: reports what is wrong with the object, or with the value of one key.
class Report {
 public:
  Report(const Node& node, const Reading& r) : node_(node), reading_(r) {}
  void operator()(std::string what, std::string help = {}) const;
  void at(const std::string& key, std::string what, std::string help = {}) const;
  bool reported() const { return reported_; }

 private:
  mutable bool reported_ = false;  // a check gets the report const, as an argument that it calls
  const Node& node_;
  const Reading& reading_;
};

enum class References { replaced, left };  // the ${…} in values

class Schema {
 public:
  // Called by describe(). Members must outlive the schema.
  void summary(std::string text);  // one line, without a full stop
  void details(std::string text);  // formula, source, advice: paragraphs for the reference
  void example(std::string yaml);  // as it stands in a config: "sgd: {lr: 0.1}"; tests parse it
  template <class T>
  Field& required(std::string key, T& member, std::string summary) {
    return add(std::move(key), &member, erased_codec<T>, std::move(summary), true);
  }
  template <class T>
  Field& optional(std::string key, T& member, std::string summary) {  // the member's value is the default
    return add(std::move(key), &member, erased_codec<T>, std::move(summary), false);
  }
  // Names that other frameworks have for this type; the lookup error's help gives ours.
  void also_known_as(std::vector<std::string> names);
  // A key that other frameworks have and we do not: an error with this help. `shown` stands in it for the key's value,
  // and gives way to the one that is given.
  void instead_of(std::string key, std::string help, std::string shown = "");
  // What is said of a key that there is not, by the map that it stands in: empty where nothing is. Asked before
  // instead_of().
  void say_of_unknown(std::function<std::string(const Node& map, const std::string& key)> help);
  // A key that is looked for here and stands elsewhere: below `place`, a path such as "trainer", under the name `ours`.
  void stands_below(std::string key, std::string place, std::string ours);
  // Keys that say which kind of object it is ("format"): laid over an object of another kind (extends, --set), it
  // replaces it whole.
  void decided_by(std::vector<std::string> keys);
  // Keys of which an object has one: laid over an object that has another of them (extends, --set), it takes its place.
  void alternatives(std::vector<std::string> keys);
  // Run after reading, where every field was good: s.check([this](const Report& report) { if (…) report("…"); }).
  void check(std::function<void(const Report&)> check);

  const std::string& summary() const { return summary_; }
  const std::string& details() const { return details_; }
  const std::vector<std::string>& examples() const { return examples_; }
  const std::vector<std::string>& foreign_names() const { return foreign_; }
  const std::deque<Field>& fields() const { return fields_; }
  const Field* field(std::string_view key) const;  // null where there is none
  const Field* positional() const;                 // null where there is none
  const std::vector<std::string>& deciding_keys() const { return deciding_; }
  bool has_required() const;  // whether a key must be given
  std::vector<std::string> alternatives_to(std::string_view key) const;
  // The field that a key which is none was meant to be: known by this name elsewhere, or the nearest; else null.
  const Field* meant(std::string_view key) const;
  // What instead_of() says of it, with the value that it is given; empty where it says nothing.
  std::string advice(std::string_view key, const Node& value = {}) const;
  // Reports a value that is no map of keys, with those that are known. Of a list of maps the help says what is wrong.
  void expect_keys(const Node& node, const Reading& r, const std::string& help) const;

  // Sets the members from a map, from nothing (null) or from the positional value. Reports every problem; true where
  // there was none. Where references are left, values that have one are not looked at, nor are the values together.
  bool read(const Node& node, const Reading& r, References references = References::replaced) const;
  // Every key with its present value, in the order described.
  Node write() const;
  Node json_schema() const;

 private:
  Field& add(std::string key, void* member, const ErasedCodec& codec, std::string summary, bool required);
  std::string known_keys() const;
  std::string shown_value(const std::string& key) const;  // of a key in the examples; "…" where none has it
  // What is said of a key of this map that is none, which --set gave where its place says so.
  std::string help_of_unknown(const Node::Entry& entry, const Node& map, const Reading& r) const;
  // Reports it and returns the field that was meant, or null.
  const Field* unknown_key(const Node::Entry& entry, const Node& map, const Reading& r) const;

  std::string summary_, details_;
  std::vector<std::string> examples_, foreign_, deciding_;
  std::vector<std::vector<std::string>> alternatives_;
  std::deque<Field> fields_;  // a deque: required() and optional() hand out references
  struct Instead {
    std::string key, help, shown;
  };
  std::vector<Instead> instead_of_;
  std::function<std::string(const Node&, const std::string&)> of_unknown_;
  struct Elsewhere {
    std::string key, place, ours;
  };
  std::vector<Elsewhere> elsewhere_;
  std::vector<std::function<void(const Report&)>> checks_;
};

// A schema with the object that it is bound to.
struct OwnedSchema {
  std::shared_ptr<void> object;
  Schema schema;
  bool by_name = false;  // of each value in a map from names that the user chooses
};

// A struct that describes itself.
template <class T>
concept SelfDescribing = requires(T& value, Schema& s) {
  value.describe(s);
};

template <SelfDescribing T>
Schema schema_of(T& object) {
  Schema s;
  object.describe(s);
  return s;
}

template <SelfDescribing T>
std::shared_ptr<const OwnedSchema> owned_schema() {
  auto object = std::make_shared<T>();
  Schema schema = schema_of(*object);
  return std::make_shared<OwnedSchema>(OwnedSchema{std::move(object), std::move(schema)});
}

// Reads `node` into the object's members; a member `Where where` gets the node's place.
template <SelfDescribing T>
bool read_object(const Node& node, T& object, const Reading& r) {
  if constexpr (requires { object.where = node.where; }) object.where = node.where;
  return schema_of(object).read(node, r);
}

// The object as a spec with every default filled in.
template <SelfDescribing T>
Node write_object(const T& object) {
  return schema_of(const_cast<T&>(object)).write();  // describe() takes addresses of members; write() only reads them
}

template <class T>
requires SelfDescribing<T> && std::default_initializable<T>
struct Codec<T> {
  static bool read(const Node& node, T& value, const Limits&, const Reading& r) { return read_object(node, value, r); }
  static Node write(const T& value) { return write_object(value); }
  static std::string type(const Limits&) { return "a map of keys"; }
  static Node json_schema(const Limits&) {
    T value{};
    return schema_of(value).json_schema();
  }
  static std::shared_ptr<const OwnedSchema> inner() { return owned_schema<T>(); }
};

// Of a map's values: the schema of each.
std::shared_ptr<const OwnedSchema> by_name(std::shared_ptr<const OwnedSchema> schema);

}  // namespace dl
