#!/usr/bin/env python3
# Runs every script in the folders beside it and writes what it recorded next to it, as NAME.json.
# Needs torch, for transforms and batches torchvision and opencv-python-headless, and for columns scikit-learn; the tests need
# only the JSON.
#
# usage: generate.py [FOLDER/NAME.py …]
# SPDX-License-Identifier: Apache-2.0

import json
import pathlib
import runpy
import sys

import golden
import torch

here = pathlib.Path(__file__).resolve().parent
for script in [here / name for name in sys.argv[1:]] or sorted(here.glob("*/*.py")):
    torch.manual_seed(1)
    golden.begin()
    runpy.run_path(str(script))
    text = ",\n".join(json.dumps(case, separators=(",", ":")) for case in golden.cases)
    script.with_suffix(".json").write_text(f'{{"torch":"{torch.__version__}","cases":[\n{text}\n]}}\n')
