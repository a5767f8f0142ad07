// The keys of what a loss or a metric reads.
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/fields.h"

namespace dl {

std::optional<double> TargetName::number() const { return Node::scalar(*this).as_number(); }

bool Codec<TargetName>::read(const Node& node, TargetName& value, const Limits& limits, const Reading& r) {
  if (node.as_number()) {
    value = node.text;
    return true;
  }
  return Codec<std::string>::read(node, value, limits, r);
}

Node Codec<TargetName>::write(const TargetName& value) {
  const auto number = value.number();
  return number ? Node::number(*number) : Node::string(value);
}

std::string Codec<TargetName>::type(const Limits&) { return "the name of a field, or a number"; }

Node Codec<TargetName>::json_schema(const Limits& limits) {
  Node any = Node::map();
  any.set("anyOf", Node::list({Codec<std::string>::json_schema(limits), Codec<double>::json_schema(limits)}));
  return any;
}

void FieldNames::describe(Schema& s, Takes takes) {
  s.instead_of("from", takes.target ? "write 'output: ITEM, target: FIELD'" : "write 'output: ITEM'");
  s.optional("output", output, "the model's item that it reads; without it, what the model ends with")
      .known_as({"input", "inputs", "prediction", "pred", "item"})
      .help("write the name of one item; a loss of two reads the second by 'other'");
  if (takes.target) s.optional("target", target, "the data's field that it reads, or a number that all targets are");
  s.optional("lengths", lengths,
             "the data's field that says how many places of each sequence count, from the first on; without it all do")
      .known_as({"length", "mask", "attention_mask"});
  if (takes.group)
    s.optional("group", group,
               "the data's field with the number of the query that a sample is an answer to: a whole number below "
               "16777216; without it each sample is a query, with a value for each answer")
        .known_as({"indexes", "query", "query_id", "qid"});
}

}  // namespace dl
