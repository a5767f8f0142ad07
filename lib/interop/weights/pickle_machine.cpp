// The machine that reads a pickle: a stack of values and a memo.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <unordered_map>

#include "lib/base/error.h"
#include "lib/base/text.h"
#include "lib/interop/weights/pickle.h"
#include "lib/interop/weights/pickled_calls.h"

namespace dl {
namespace {

constexpr uint64_t most_pickle_bytes = uint64_t{256} << 20;
constexpr size_t most_values = 4'000'000, most_containers = 1'000'000, most_memos = 1'000'000;
constexpr size_t most_names = 10'000, most_name_bytes = 500;
constexpr size_t first_window_bytes = 64 << 10;

}  // namespace

class PickleMachine {
 public:
  explicit PickleMachine(const PickleSource& source) : source_(source) {}

  Pickle run() {
    while (!step()) {
    }
    pickle_.end_ = at_;
    return std::move(pickle_);
  }

 private:
  using Id = Pickle::Id;
  using Kind = Pickle::Kind;

  [[noreturn]] void fail(std::string what, std::string help = {}) const {
    throw Error(Exit::data, Problem{.where = {.file = source_.file.string()},
                                    .path = concat("the pickle, byte ", source_.begin + opcode_at_),
                                    .what = std::move(what),
                                    .help = std::move(help)});
  }

  // --- bytes

  // The place of the next n bytes, which are in the content then.
  uint64_t take(uint64_t n) {
    const uint64_t most = std::min(source_.bytes, most_pickle_bytes);
    if (n > most - at_) {
      if (most < source_.bytes && n <= source_.bytes - at_)
        fail(concat("is larger than ", bytes_text(static_cast<double>(most_pickle_bytes))));
      fail(concat("expected ", n, " more bytes, ", source_.bytes - at_, " are left: it is cut short"),
           "get the file again");
    }
    std::string& content = pickle_.content_;
    if (at_ + n > content.size()) {
      const uint64_t from = content.size();
      content.resize(std::min(most, std::max({at_ + n, 2 * from, uint64_t{first_window_bytes}})));
      source_.read(from, content.data() + from, content.size() - from);
    }
    at_ += n;
    return at_ - n;
  }
  uint64_t number(int bytes) {
    const uint64_t begin = take(static_cast<uint64_t>(bytes));
    uint64_t value = 0;
    for (int i = bytes - 1; i >= 0; --i) value = value << 8 | byte_at(begin + static_cast<uint64_t>(i));
    return value;
  }
  uint8_t byte_at(uint64_t at) const { return static_cast<uint8_t>(pickle_.content_[at]); }
  std::string_view line() {
    const uint64_t begin = at_;
    while (pickle_.content_[take(1)] != '\n')
      if (at_ - begin > most_name_bytes) fail("expected a name, found a longer line");
    return std::string_view(pickle_.content_).substr(begin, at_ - 1 - begin);
  }

  // --- values

  Id add(Kind kind, int64_t value = 0, uint64_t bytes = 0) {
    if (pickle_.values_.size() == most_values) fail(concat("holds more than ", most_values, " values"));
    pickle_.values_.push_back({kind, static_cast<uint32_t>(bytes), value});
    return static_cast<Id>(pickle_.values_.size() - 1);
  }
  Id add_container(Kind kind, std::vector<Id> parts = {}) {
    if (pickle_.parts_.size() == most_containers) fail(concat("holds more than ", most_containers, " containers"));
    pickle_.parts_.push_back(std::move(parts));
    return add(kind, static_cast<int64_t>(pickle_.parts_.size() - 1));
  }
  std::vector<Id>& parts(Id id) { return pickle_.parts_[static_cast<size_t>(pickle_.values_[id].number)]; }
  void push(Id id) {
    if (stack_.size() == most_values) fail(concat("stacks more than ", most_values, " values"));
    stack_.push_back(id);
  }
  void push_text(Kind kind, uint64_t bytes) { push(add(kind, static_cast<int64_t>(take(bytes)), bytes)); }
  size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }
  Id top() const {
    if (stack_.size() <= floor()) fail("takes a value from an empty stack");
    return stack_.back();
  }
  Id pop() {
    const Id id = top();
    stack_.pop_back();
    return id;
  }
  std::vector<Id> pop_to_mark() {
    if (marks_.empty()) fail("goes back to a mark that was not set");
    const auto begin = stack_.begin() + static_cast<int64_t>(marks_.back());
    std::vector<Id> items(begin, stack_.end());
    stack_.erase(begin, stack_.end());
    marks_.pop_back();
    return items;
  }
  void tuple_of(size_t count) {
    std::vector<Id> items(count);
    for (size_t i = count; i-- > 0;) items[i] = pop();
    push(add_container(Kind::tuple, std::move(items)));
  }
  Id add_global(std::string name) {
    if (name.size() > most_name_bytes) fail(concat("expected a name, found ", name.size(), " bytes"));
    const auto [place, fresh] = names_.try_emplace(name, static_cast<int64_t>(names_.size()));
    if (fresh && names_.size() > most_names) fail(concat("names more than ", most_names, " things of Python's"));
    if (fresh) pickle_.names_.push_back(std::move(name));
    return add(Kind::global, place->second);
  }
  void remember(uint64_t key) {
    if (memo_.size() == most_memos) fail(concat("remembers more than ", most_memos, " values"));
    memo_[key] = top();
  }
  void recall(uint64_t key) {
    const auto found = memo_.find(key);
    if (found == memo_.end()) fail(concat("recalls value ", key, ", which was not remembered"));
    push(found->second);
  }

  // Objects that are not looked into take items and state like any other.
  static bool ignores_items(Kind kind) { return kind == Kind::object || kind == Kind::refused; }
  void append(Id list, const std::vector<Id>& items) {
    if (ignores_items(pickle_.kind(list))) return hold(list, items);
    if (pickle_.kind(list) != Kind::list) fail(concat("appends to ", pickle_.in_words(list)));
    grow(list, items);
  }
  void set_items(Id dict, const std::vector<Id>& items) {
    if (items.size() % 2 != 0) fail("sets a key without a value");
    if (ignores_items(pickle_.kind(dict))) return hold(dict, items);
    if (pickle_.kind(dict) != Kind::dict) fail(concat("sets keys of ", pickle_.in_words(dict)));
    grow(dict, items);
  }
  void hold(Id object, std::span<const Id> items) {
    count_items(items.size());
    std::vector<Id>& held = pickle_.held_[object];
    if (pickle_.held_.size() > most_containers) fail(concat("holds more than ", most_containers, " objects"));
    held.insert(held.end(), items.begin(), items.end());
  }
  Id holding(Kind kind, Id function, Id arguments) {
    const Id object = add(kind, pickle_.values_[function].number);
    hold(object, {&arguments, 1});
    return object;
  }
  // Of all containers together, since a remembered value costs no more than its place.
  void grow(Id container, std::span<const Id> items) {
    count_items(items.size());
    std::vector<Id>& into = parts(container);
    into.insert(into.end(), items.begin(), items.end());
  }

  // --- calls

  Id call(Id function, Id arguments) {
    const Kind kind = pickle_.kind(function);
    if (ignores_items(kind)) return holding(kind, function, arguments);
    if (kind != Kind::global) fail(concat("calls ", pickle_.in_words(function)));
    if (pickle_.kind(arguments) != Kind::tuple) fail(concat("calls with ", pickle_.in_words(arguments)));
    const std::span<const Id> given = pickle_.parts(arguments);
    const auto expect = [&](size_t count) {
      if (given.size() < count)
        fail(concat("calls ", pickle_.global(function), " with ",
                    count_of(static_cast<int64_t>(given.size()), "argument"), ", expected ", count));
    };
    const auto opaque = [&] { return holding(Kind::object, function, arguments); };
    switch (pickled_call(pickle_.global(function))) {
      case PickledCall::refused: return holding(Kind::refused, function, arguments);
      case PickledCall::opaque:
      case PickledCall::unread: return opaque();
      case PickledCall::attributes: return add_container(Kind::dict);
      case PickledCall::first: return given.empty() ? opaque() : given[0];
      case PickledCall::dict: {
        const Id made = add_container(Kind::dict);
        if (!given.empty() && pickle_.kind(given[0]) == Kind::dict) grow(made, pickle_.parts(given[0]));
        if (!given.empty() && pickle_.kind(given[0]) == Kind::list) add_pairs(made, given[0]);
        return made;
      }
      case PickledCall::tensor: expect(4); return add_container(Kind::tensor, {given.begin(), given.begin() + 4});
      case PickledCall::typed_tensor:
        expect(7);
        return add_container(Kind::tensor, {given[0], given[1], given[2], given[3], given[6]});
      case PickledCall::rebuilt:
        expect(3);
        if (pickle_.kind(given[0]) != Kind::global || pickled_call(pickle_.global(given[0])) == PickledCall::rebuilt)
          fail("rebuilds a tensor by what is no function of tensors");
        return call(given[0], given[2]);
    }
    return opaque();
  }
  // OrderedDict([("a", 1), …]), as Python 2 wrote it.
  void add_pairs(Id dict, Id list) {
    for (const Id pair : std::vector<Id>(pickle_.parts(list).begin(), pickle_.parts(list).end())) {
      const Kind kind = pickle_.kind(pair);
      if ((kind != Kind::list && kind != Kind::tuple) || pickle_.parts(pair).size() != 2)
        fail("makes a dict of what are no pairs");
      grow(dict, pickle_.parts(pair));
    }
  }

  // Attributes of what was made: those of a dict of attributes are its items, all others say nothing of weights.
  void build(Id object, Id state) {
    if (ignores_items(pickle_.kind(object))) return hold(object, {&state, 1});
    if (pickle_.kind(object) != Kind::dict || pickle_.kind(state) != Kind::dict) return;
    const std::span<const Id> items = pickle_.parts(state);
    for (size_t i = 0; i < items.size(); i += 2)
      if (pickle_.kind(items[i]) == Kind::text && pickle_.text(items[i]) == "_metadata") return;
    if (object != state) grow(object, items);
  }

  Id persistent(Id id) {
    // ("module", class, file, text): a class of the user's, of which the form before 1.6 keeps the source.
    if (pickle_.kind(id) == Kind::tuple && pickle_.parts(id).size() == 4 &&
        pickle_.kind(pickle_.parts(id)[0]) == Kind::text && pickle_.text(pickle_.parts(id)[0]) == "module" &&
        pickle_.kind(pickle_.parts(id)[1]) == Kind::global)
      return pickle_.parts(id)[1];
    const bool fits = pickle_.kind(id) == Kind::tuple && pickle_.parts(id).size() >= 5;
    if (!fits || pickle_.kind(pickle_.parts(id)[0]) != Kind::text || pickle_.text(pickle_.parts(id)[0]) != "storage")
      fail(concat("refers to ", pickle_.in_words(id), ", expected a storage"));
    const std::span<const Id> given = pickle_.parts(id);
    if (pickle_.kind(given[1]) != Kind::global || pickle_.kind(given[2]) != Kind::text || !pickle_.is_integer(given[4]))
      fail("refers to a storage without type, key or size");
    std::vector<Id> parts{given[1], given[2], given[4]};
    if (given.size() > 5) parts.push_back(given[5]);
    return add_container(Kind::storage, std::move(parts));
  }

  void push_long(uint64_t bytes) {
    const uint64_t begin = take(bytes);
    uint64_t value = bytes > 0 && byte_at(begin + bytes - 1) >= 0x80 ? ~uint64_t{0} : 0;
    bool fits = true;
    for (uint64_t i = bytes; i-- > 0;) {
      const uint8_t byte = byte_at(begin + i);
      if (i >= 8)
        fits &= byte == static_cast<uint8_t>(value);
      else
        value = value << 8 | byte;
    }
    if (bytes > 8) fits &= (byte_at(begin + 7) >= 0x80) == (byte_at(begin + bytes - 1) >= 0x80);
    push(fits ? add(Kind::integer, static_cast<int64_t>(value))
              : add(Kind::long_integer, static_cast<int64_t>(begin), bytes));
  }

  // One opcode; true at the end.
  bool step() {
    opcode_at_ = at_;
    const uint8_t opcode = byte_at(take(1));
    switch (opcode) {
      case 0x80:  // PROTO
        if (const uint64_t protocol = number(1); protocol < 2 || protocol > 5)
          fail(concat("expected protocol 2 to 5, found ", protocol));
        break;
      case 0x95: take(8); break;  // FRAME
      case '.': pickle_.root_ = pop(); return true;
      case '(':
        if (marks_.size() == most_containers) fail("sets too many marks");
        marks_.push_back(stack_.size());
        break;
      case '0':  // POP, of a mark too
        if (stack_.size() > floor())
          stack_.pop_back();
        else
          pop_to_mark();
        break;
      case '1': pop_to_mark(); break;
      case '2': push(top()); break;
      case 'N': push(add(Kind::none)); break;
      case 0x88: push(add(Kind::boolean, 1)); break;
      case 0x89: push(add(Kind::boolean, 0)); break;
      case 'K': push(add(Kind::integer, static_cast<int64_t>(number(1)))); break;
      case 'M': push(add(Kind::integer, static_cast<int64_t>(number(2)))); break;
      case 'J': push(add(Kind::integer, static_cast<int32_t>(number(4)))); break;
      case 0x8A: push_long(number(1)); break;
      case 'G': push(add(Kind::real, static_cast<int64_t>(__builtin_bswap64(number(8))))); break;
      case 'X': push_text(Kind::text, number(4)); break;
      case 0x8C: push_text(Kind::text, number(1)); break;
      case 0x8D: push_text(Kind::text, number(8)); break;
      case 'U': push_text(Kind::text, number(1)); break;
      case 'T': push_text(Kind::text, number(4)); break;
      case 'C': push_text(Kind::bytes, number(1)); break;
      case 'B': push_text(Kind::bytes, number(4)); break;
      case 0x8E:
      case 0x96: push_text(Kind::bytes, number(8)); break;  // bytes, a bytearray
      case ')': push(add_container(Kind::tuple)); break;
      case 't': push(add_container(Kind::tuple, counted(pop_to_mark()))); break;
      case 0x85: tuple_of(1); break;
      case 0x86: tuple_of(2); break;
      case 0x87: tuple_of(3); break;
      case ']':
      case 0x8F: push(add_container(Kind::list)); break;  // a list, a set
      case 'l':
      case 0x91: push(add_container(Kind::list, counted(pop_to_mark()))); break;  // a list, a frozenset
      case 'a': {
        const Id item = pop();
        append(top(), {item});
        break;
      }
      case 'e':
      case 0x90: {
        const std::vector<Id> items = pop_to_mark();
        append(top(), items);
        break;
      }
      case '}': push(add_container(Kind::dict)); break;
      case 's': {
        const Id value = pop(), key = pop();
        set_items(top(), {key, value});
        break;
      }
      case 'u': {
        const std::vector<Id> items = pop_to_mark();
        set_items(top(), items);
        break;
      }
      case 'q': remember(number(1)); break;
      case 'r': remember(number(4)); break;
      case 0x94: remember(memo_.size()); break;
      case 'h': recall(number(1)); break;
      case 'j': recall(number(4)); break;
      case 'c': {
        const std::string module(line());
        push(add_global(concat(module, ".", line())));
        break;
      }
      case 0x93: {
        const Id name = pop(), module = pop();
        if (pickle_.kind(name) != Kind::text || pickle_.kind(module) != Kind::text)
          fail("names a thing of Python's by what is no text");
        if (pickle_.text(name).size() + pickle_.text(module).size() > most_name_bytes)
          fail("names a thing of Python's by too long a text");
        push(add_global(concat(pickle_.text(module), ".", pickle_.text(name))));
        break;
      }
      case 'R':
      case 0x81: {  // REDUCE, NEWOBJ
        const Id arguments = pop(), function = pop();
        push(call(function, arguments));
        break;
      }
      case 0x92: {  // NEWOBJ_EX, whose arguments with names say nothing of weights
        pop();
        const Id arguments = pop(), function = pop();
        push(call(function, arguments));
        break;
      }
      case 'b': {
        const Id state = pop();
        build(top(), state);
        break;
      }
      case 'Q': push(persistent(pop())); break;
      default:
        fail(concat("opcode ", static_cast<int>(opcode), " is none that PyTorch writes"),
             "save the weights anew with torch.save(model.state_dict(), \"weights.pt\")");
    }
    return false;
  }
  std::vector<Id> counted(std::vector<Id> items) {
    count_items(items.size());
    return items;
  }
  void count_items(size_t count) {
    items_ += count;
    if (items_ > most_values) fail(concat("holds more than ", most_values, " items"));
  }

  const PickleSource& source_;
  Pickle pickle_;
  uint64_t at_ = 0, opcode_at_ = 0;
  std::vector<Id> stack_;
  std::vector<size_t> marks_;
  std::unordered_map<uint64_t, Id> memo_;
  std::map<std::string, int64_t> names_;
  size_t items_ = 0;
};

Pickle read_pickle(const PickleSource& source) { return PickleMachine(source).run(); }

}  // namespace dl
