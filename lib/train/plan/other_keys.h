// Keys of other programs' configs, with what is written instead.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/spec/schema.h"

namespace dl {

// Called behind the description of the keys there are: at the top of a config, and below `trainer`.
void say_of_others_in_config(Schema& s);
void say_of_others_in_trainer(Schema& s);

}  // namespace dl
