# Columns of categories beside scikit-learn's OneHotEncoder and OrdinalEncoder: a missing cell is a category behind the others, or
# the most frequent one. dlcli counts from 1: 0 is what training has not.
# SPDX-License-Identifier: Apache-2.0
import golden
import numpy
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder

random = numpy.random.default_rng(3)
words = ["Bern", "Oslo", "a b", "bern", "Zürich", "x-1"]
for i in range(24):
    x = random.choice(words[:int(random.integers(1, 7))], int(random.integers(2, 12))).astype(object)
    if i % 3 > 0:
        x[random.permutation(len(x))[:len(x) // 3]] = None
    column, impute = x[:, None], ""
    if i % 3 == 2:
        column, impute = SimpleImputer(missing_values=None, strategy="most_frequent").fit_transform(column), ", impute: most_frequent"
    golden.column(f"type: categorical, as: one_hot{impute}", x, OneHotEncoder(sparse_output=False).fit_transform(column))
    ordinal = OrdinalEncoder(encoded_missing_value=-1).fit(column)
    ordinal.set_params(encoded_missing_value=sum(c is not None for c in ordinal.categories_[0]))
    golden.column(f"type: categorical, as: index{impute}", x, ordinal.fit_transform(column) + 1)
