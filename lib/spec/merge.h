// One tree laid over another: what `extends:` and --set do.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <vector>

#include "lib/spec/form.h"
#include "lib/spec/node.h"
#include "lib/spec/reading.h"

namespace dl {

// Whether some registry has both, and they differ: then {sgd: …} over {adamw: …} means sgd, not both.
bool same_kind(const std::string& name, const std::string& other);

// `over` laid over `under`: maps are merged key by key, everything else replaces and remembers what it replaced. A
// short form under a map is written out first: {warm: true} over 0.99 is {decay: 0.99, warm: true}. A registered type
// replaces another, and an object one of another kind (Schema::decided_by). A value that came from another file than
// its key (an included file) replaces too.
Node merged(Node under, Node over, const Form& form = {});

// Sets the value at a path. Maps that are missing are made; a short form on the way (`adamw`, `dropout: 0.5`) is
// written out; what is of another kind is replaced. Reports where the path does not lead anywhere.
void set_path(Node& spec, const std::vector<std::string>& path, Node value, const Reading& r, const Form& form = {});

}  // namespace dl
