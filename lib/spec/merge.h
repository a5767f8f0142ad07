// One tree laid over another: what `extends:` and --set do.
#pragma once
#include <string>
#include <vector>

#include "lib/spec/node.h"
#include "lib/spec/reading.h"

namespace dl {

// Whether some registry has both, and they differ: then {sgd: …} over {adamw: …} means sgd, not both.
bool same_kind(const std::string& name, const std::string& other);

// `over` laid over `under`: maps are merged key by key, everything else replaces and remembers what it replaced. A map
// with one key replaces another with one key of the same kind. A value that came from another file than its key (an
// included file) replaces too.
Node merged(Node under, Node over);

// Sets the value at a path. Maps that are missing are made; a short form on the way (`adamw`, `dropout: 0.5`) is
// written out. Reports where the path does not lead anywhere.
void set_path(Node& spec, const std::vector<std::string>& path, Node value, const Reading& r);

}  // namespace dl
