# Powers and quantiles of a table's columns beside scikit-learn's PowerTransformer and QuantileTransformer.
# SPDX-License-Identifier: Apache-2.0
import warnings

import golden
import numpy
from sklearn.preprocessing import PowerTransformer, QuantileTransformer

warnings.filterwarnings("ignore")
random = numpy.random.default_rng(1)
draws = [lambda n: random.exponential(3, n), lambda n: random.normal(5, 2, n), lambda n: random.gamma(0.7, 40, n),
         lambda n: numpy.round(random.exponential(20, n)), lambda n: -random.exponential(1, n) + random.normal(0, 1, n)]
for i in range(24):
    x = numpy.round(draws[i % 5](int(random.integers(3, 40))), 3)
    if i % 2 == 0:
        x = numpy.abs(x) + 0.25
    x = random.permutation(numpy.unique(x))  # of equal numbers its quantiles are apart by rounding
    for kind in ["yeo_johnson", "box_cox", "quantile", "quantile_normal"]:
        if kind == "box_cox" and x.min() <= 0:
            continue
        if kind.startswith("quantile"):
            fitted = QuantileTransformer(n_quantiles=min(200, len(x)), subsample=None,
                                         output_distribution="normal" if "normal" in kind else "uniform")
        else:
            fitted = PowerTransformer(kind.replace("_", "-"))
        golden.column(f"normalize: {kind}", x, fitted.fit_transform(x[:, None]), tolerance=2e-5 if "quantile" in kind else 1e-4)
