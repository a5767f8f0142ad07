// Values computed once more from others.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/graph/graph.h"

namespace dl {

// `of`, with `replacement`, of the same type, in the place of `old`: all on the way from one to the other is made a
// second time, in the backward phase. Outputs and assignments stay those of the first.
Value substituted(Value of, Value old, Value replacement);

}  // namespace dl
