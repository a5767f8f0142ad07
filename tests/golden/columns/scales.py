# Scaled columns of a table, some of whose cells are missing, beside scikit-learn's StandardScaler, MinMaxScaler and SimpleImputer:
# what is fitted is fitted to the cells that are there.
# SPDX-License-Identifier: Apache-2.0
import golden
import numpy
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, StandardScaler

random = numpy.random.default_rng(2)
same = FunctionTransformer()
logarithm = FunctionTransformer(lambda x: numpy.sign(x) * numpy.log1p(numpy.abs(x)))
scalers = {"standard": (same, StandardScaler()), "minmax": (same, MinMaxScaler()), "log": (logarithm, StandardScaler()),
           "none": (same, same)}
for i in range(26):
    n = int(random.integers(2, 20))
    x = [numpy.round(random.normal(3, 10, n), 2), numpy.round(random.exponential(5, n)), numpy.full(n, 7.25),
         numpy.round(random.normal(1e6, 1, n), 1)][i % 4]
    if i % 3 > 0:
        x[random.permutation(n)[:n // 3]] = numpy.nan
    impute = ["mean", "median", "most_frequent"][i % 3]
    filled = SimpleImputer(strategy=impute).fit_transform(x[:, None])
    for kind, (curve, scaler) in scalers.items():
        scaler.fit(curve.fit_transform(x[:, None]))
        golden.column(f"normalize: {kind}, impute: {impute}", x, scaler.transform(curve.transform(filled)))
