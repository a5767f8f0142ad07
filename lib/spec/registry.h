// Registry<T>: the types of one kind (layers, optimizers, …) by name. A leaf's .cpp registers itself with DL_REGISTER;
// nothing else lists it.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "lib/spec/schema.h"

namespace dl {

// What can be registered. A base (Layer, Loss, …) adds `static constexpr const char* kind = "layer";`.
struct Described {
  virtual ~Described() = default;
  virtual void describe(Schema& s) = 0;
  Where place;       // in the spec; unknown for objects made by the program
  std::string name;  // registered name: "conv2d"
};

// One kind's registry with the kind's type forgotten.
class AnyRegistry {
 public:
  using Make = std::function<std::unique_ptr<Described>()>;

  explicit AnyRegistry(std::string kind);
  AnyRegistry(const AnyRegistry&) = delete;
  AnyRegistry& operator=(const AnyRegistry&) = delete;

  const std::string& kind() const { return kind_; }  // "layer"
  std::vector<std::string> names() const;            // sorted
  std::string known() const;  // the names as a note of a message, or where they are listed if they are many
  bool has(const std::string& name) const { return types_.contains(name); }
  // A new object with its defaults, or null and a problem: "unknown layer 'dense'", the names there are, and help.
  std::unique_ptr<Described> make(const std::string& name, const Where& where, const Reading& r) const;
  std::unique_ptr<Described> make(const std::string& name) const;  // the name must be registered
  bool add(const std::string& name, Make make);                    // twice the same name is a failed check
  // Names that other frameworks have and we have nothing for: an error with this help. A kind says them in a
  // `static void say_instead(AnyRegistry&)` of its base.
  void instead_of(const std::vector<std::string>& names, const std::string& help);
  // The same of keys, in any type of this kind that says nothing of them itself.
  void instead_of_keys(const std::vector<std::string>& keys, const std::string& help, const std::string& shown = "");
  // What is said of a key that a type does not have, by the type or by its kind; empty where nothing is.
  std::string advice_on_key(const Schema& schema, const std::string& key) const;
  // The object's keys read, with what is said of those of other frameworks.
  bool read_keys(const Node& node, Described& object, const Reading& r,
                 References references = References::replaced) const;
  // What a name that is none stands for: one of ours, or a help. Both empty where nothing is near.
  struct Meant {
    std::string name, help;
  };
  Meant meant(const std::string& name) const;
  Node json_schema() const;  // of a value of this kind: { "$ref": "#/$defs/layer" }

  // Every registry that has been used or added to, sorted by kind.
  static std::vector<const AnyRegistry*> all();

 private:
  std::string kind_;
  std::map<std::string, Make> types_;
  std::vector<std::pair<std::string, std::string>> instead_of_;
  struct KeyHelp {
    std::string key, help, shown;
  };
  std::vector<KeyHelp> instead_of_keys_;
  const KeyHelp* of_key(const Schema& schema,
                        const std::string& key) const;  // null where the type says something itself
};

// `{type: adam, lr: 1}`, as other frameworks write it: the name given under one of their keys; null where there is
// none.
const Node* named_by_key(const Node& node);

// A value of this kind, read: `relu`, `{conv2d: {…}}`, `{linear: 128}`. Null where a problem was reported. The path of
// its problems is "PATH (conv2d)".
std::unique_ptr<Described> read_registered(const AnyRegistry& registry, const Node& node, const Reading& r);

// Reports what is wrong with a value of this kind as far as it can be told where ${…} are left in it.
void check_registered(const AnyRegistry& registry, const Node& node, const Reading& r);

// Of a name that is not known: the problems of the keys that stand with it, as those of the type that was meant.
void read_as_meant(const AnyRegistry& registry, const std::string& name, const Node& config, const Reading& r);

// False, and a problem, where `node` is true or false and the object has no key that such a value alone stands for:
// what turns it on, or off, is said.
bool takes_truth(const Node& node, Described& object, const Reading& r);

// `relu` where it has no keys, else `{conv2d: {…}}` with every default filled in.
Node write_registered(const Described& object);

template <class T>
class Registry : public AnyRegistry {
 public:
  static Registry& instance() {
    static Registry registry;
    return registry;
  }
  static std::unique_ptr<T> make(const std::string& name) { return cast(instance().AnyRegistry::make(name)); }
  static std::unique_ptr<T> read(const Node& node, const Reading& r) {
    return cast(read_registered(instance(), node, r));
  }

 private:
  Registry() : AnyRegistry(T::kind) {
    if constexpr (requires { T::say_instead(*this); }) T::say_instead(*this);
  }
  static std::unique_ptr<T> cast(std::unique_ptr<Described> object) {
    return std::unique_ptr<T>(static_cast<T*>(object.release()));
  }
};

template <class T>
concept Registered = std::derived_from<T, Described> && requires {
  T::kind;
};

std::string with_article(const std::string& noun);  // "a layer", "an optimizer"

template <Registered T>
struct Codec<std::unique_ptr<T>> {
  static bool read(const Node& node, std::unique_ptr<T>& value, const Limits&, const Reading& r) {
    if (node.is_null()) {
      value.reset();
      return true;
    }
    std::unique_ptr<T> object = Registry<T>::read(node, r);
    if (!object) return false;
    value = std::move(object);
    return true;
  }
  static Node write(const std::unique_ptr<T>& value) { return value ? write_registered(*value) : Node::null(); }
  static std::string type(const Limits&) { return with_article(T::kind); }
  static Node json_schema(const Limits&) { return Registry<T>::instance().json_schema(); }
  static const AnyRegistry* registry() { return &Registry<T>::instance(); }
};

// A registered type under a key of its own name, `early_stopping: {patience: 5}`; null where it is not given.
template <Registered T>
struct Keyed {
  std::string name;
  std::unique_ptr<T> object;
};

template <Registered T>
struct Codec<Keyed<T>> {
  static bool read(const Node& node, Keyed<T>& value, const Limits&, const Reading& r) {
    value.object.reset();
    if (node.is_null()) return true;
    std::unique_ptr<T> object = Registry<T>::make(value.name);
    if (!takes_truth(node, *object, r) || !read_object(node, *object, r)) return false;
    object->place = node.where;
    value.object = std::move(object);
    return true;
  }
  static Node write(const Keyed<T>& value) { return value.object ? write_object(*value.object) : Node::null(); }
  static std::string type(const Limits&) { return "a map of keys"; }
  static Node json_schema(const Limits&, const Keyed<T>& value) {
    return json_schema::or_null(schema_of(*Registry<T>::make(value.name)).json_schema());
  }
  static std::shared_ptr<const OwnedSchema> inner(const Keyed<T>& value) {
    std::shared_ptr<T> object = Registry<T>::make(value.name);
    Schema schema = schema_of(*object);
    return std::make_shared<OwnedSchema>(OwnedSchema{std::move(object), std::move(schema)});
  }
};

// The same, shared: for members that a graph keeps (initializers).
template <class T>
requires Registered<std::remove_const_t<T>>
struct Codec<std::shared_ptr<T>> {
  using Unique = std::unique_ptr<std::remove_const_t<T>>;
  static bool read(const Node& node, std::shared_ptr<T>& value, const Limits& limits, const Reading& r) {
    Unique object;
    if (!Codec<Unique>::read(node, object, limits, r)) return false;
    value = std::move(object);
    return true;
  }
  static Node write(const std::shared_ptr<T>& value) { return value ? write_registered(*value) : Node::null(); }
  static std::string type(const Limits& limits) { return Codec<Unique>::type(limits); }
  static Node json_schema(const Limits& limits) { return Codec<Unique>::json_schema(limits); }
  static const AnyRegistry* registry() { return Codec<Unique>::registry(); }
};

}  // namespace dl

#define DL_REGISTER_CAT2(a, b) a##b
#define DL_REGISTER_CAT(a, b) DL_REGISTER_CAT2(a, b)
// DL_REGISTER(Layer, Conv2d, "conv2d"): once, in the leaf's .cpp, in namespace dl or below.
#define DL_REGISTER(Base, Type, type_name)                                          \
  [[maybe_unused]] static const bool DL_REGISTER_CAT(dl_registered_, __COUNTER__) = \
      ::dl::Registry<Base>::instance().add(                                         \
          type_name, [] { return std::unique_ptr<::dl::Described>(static_cast<Base*>(new Type())); })
