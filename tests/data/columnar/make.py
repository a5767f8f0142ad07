#!/usr/bin/env python3
# Writes the Parquet and Arrow files beside it, and cells.json with what their columns hold as text. Made by pyarrow 26.0.1.
#
# usage: make.py
# SPDX-License-Identifier: Apache-2.0
import datetime
import decimal
import json
import pathlib

import pyarrow
import pyarrow.feather
import pyarrow.parquet

here = pathlib.Path(__file__).resolve().parent
rows = 10
day = datetime.date(2024, 2, 25)
stamps = [datetime.datetime(2024, 2, 28, 13) + datetime.timedelta(hours=9 * i, microseconds=250000 * (i % 3)) for i in range(rows)]
old = [datetime.datetime(1969, 12, 31, 23, 59, 58) - datetime.timedelta(days=40 * i) for i in range(rows)]
numbers = [(-1) ** i * 10 ** i for i in range(rows)]
halves = [None if i % 4 == 1 else i / 4 - 1 for i in range(rows)]
towns = ["Köln", "", "Ulm", "Ulm", None, "São Paulo", "Ulm", "Köln", "a town with a long name", "Ulm"]
codes = ["house-%03d" % (7 * i) for i in range(rows)]


def iso(values):
    return [v.isoformat() if v.microsecond == 0 else v.isoformat().rstrip("0") for v in values]


columns = {
    "long": (pyarrow.array(numbers, pyarrow.int64()), [str(n) for n in numbers]),
    "short": (pyarrow.array([i - 3 for i in range(rows)], pyarrow.int8()), [str(i - 3) for i in range(rows)]),
    "unsigned": (pyarrow.array([2**32 - 1 - i for i in range(rows)], pyarrow.uint32()), [str(2**32 - 1 - i) for i in range(rows)]),
    "single": (pyarrow.array(halves, pyarrow.float32()), ["" if h is None else "%g" % h for h in halves]),
    "twice": (pyarrow.array([i / 7 for i in range(rows)], pyarrow.float64()), [repr(i / 7) if i % 7 else str(i // 7) for i in range(rows)]),
    "flag": (pyarrow.array([None if i == 5 else i % 3 == 0 for i in range(rows)]), ["" if i == 5 else str(i % 3 == 0).lower() for i in range(rows)]),
    "town": (pyarrow.array(towns), [t or "" for t in towns]),
    "code": (pyarrow.array(codes), codes),
    "day": (pyarrow.array([day + datetime.timedelta(days=i) for i in range(rows)]), [str(day + datetime.timedelta(days=i)) for i in range(rows)]),
    "when": (pyarrow.array(stamps, pyarrow.timestamp("us")), iso(stamps)),
    "before": (pyarrow.array(old, pyarrow.timestamp("ms")), iso(old)),
    "time": (pyarrow.array([s.time() for s in stamps], pyarrow.time64("us")), iso([s.time() for s in stamps])),
    "price": (pyarrow.array([decimal.Decimal(n) / 100 for n in numbers], pyarrow.decimal128(20, 2)),
              ["%.2f" % (decimal.Decimal(n) / 100) for n in numbers]),
    "nothing": (pyarrow.array([None] * rows, pyarrow.int32()), [""] * rows),
}
table = pyarrow.table({name: values for name, (values, _) in columns.items()})
pyarrow.parquet.write_table(table, here / "plain.parquet", compression="none", use_dictionary=False, row_group_size=4)
pyarrow.parquet.write_table(table, here / "snappy.parquet")
pyarrow.parquet.write_table(table, here / "zstd_v2.parquet", compression="zstd", data_page_version="2.0", row_group_size=7)
pyarrow.parquet.write_table(table, here / "gzip.parquet", compression="gzip", use_deprecated_int96_timestamps=True, store_decimal_as_integer=True)
pyarrow.parquet.write_table(table, here / "lz4.parquet", compression="lz4", row_group_size=4)
pyarrow.parquet.write_table(table, here / "deltas.parquet", use_dictionary=False, row_group_size=6, compression="none", column_encoding={
    "long": "DELTA_BINARY_PACKED", "short": "DELTA_BINARY_PACKED", "day": "DELTA_BINARY_PACKED", "when": "DELTA_BINARY_PACKED",
    "town": "DELTA_LENGTH_BYTE_ARRAY", "code": "DELTA_BYTE_ARRAY", "price": "DELTA_BYTE_ARRAY",
    "single": "BYTE_STREAM_SPLIT", "twice": "BYTE_STREAM_SPLIT", "unsigned": "BYTE_STREAM_SPLIT", "flag": "RLE"})
many = pyarrow.table({"n": pyarrow.array(range(0, 3000), pyarrow.int64()), "s": pyarrow.array([i * i % 997 for i in range(3000)], pyarrow.int32())})
pyarrow.parquet.write_table(many, here / "many.parquet", use_dictionary=False, compression="zstd", data_page_size=1000,
                            column_encoding={"n": "DELTA_BINARY_PACKED", "s": "DELTA_BINARY_PACKED"})
nested = pyarrow.table({"n": [1, 2], "tags": [["a"], []], "at": [{"x": 1.0}, {"x": 2.0}], "y": [0.5, 1.5]})
pyarrow.parquet.write_table(nested, here / "nested.parquet")
pyarrow.parquet.write_table(pyarrow.table({"n": [1, 2]}), here / "brotli.parquet", compression="brotli")
pyarrow.parquet.write_table(pyarrow.table({"n": [1, 2], "b": [b"\xff\xfe", b"a"]}), here / "bytes.parquet")
uuids = pyarrow.array([bytes.fromhex("00112233445566778899aabbccddeeff"), None], pyarrow.binary(16)).cast(pyarrow.uuid())
pyarrow.parquet.write_table(pyarrow.table({"n": [1, 2], "id": uuids}), here / "uuids.parquet", compression="none")
pyarrow.parquet.write_table(table.slice(0, 0), here / "empty.parquet")
words = table.set_column(6, "town", table["town"].dictionary_encode())
for name, given, compression in [("lz4", table, "lz4"), ("zstd", words, "zstd"), ("whole", words, "uncompressed")]:
    pyarrow.feather.write_feather(given, here / f"{name}.feather", compression=compression, chunksize=4)
with pyarrow.ipc.new_stream(here / "stream.arrows", words.schema) as stream:
    for batch in words.to_batches(max_chunksize=3):
        stream.write_batch(batch)
more = pyarrow.table({"n": pyarrow.array([1, 2], pyarrow.uint16()), "half": pyarrow.array([0.5, -2], pyarrow.float16()),
                      "large": pyarrow.array(["a", None], pyarrow.large_string()), "none": pyarrow.nulls(2),
                      "tags": [["a"], []], "at": [{"x": 1.0, "t": ["b"]}, {"x": 2.0, "t": []}],
                      "second": pyarrow.array([0, 86399], pyarrow.time32("s")), "y": [0.5, 1.5]})
pyarrow.feather.write_feather(more, here / "more.feather", compression="uncompressed")
views = pyarrow.table({"skipped": pyarrow.array(["a text of more than twelve bytes", "short", None, ""], pyarrow.string_view()),
                       "span": pyarrow.array([pyarrow.MonthDayNano((1, 2, 3))] * 4),
                       "either": pyarrow.UnionArray.from_dense(pyarrow.array([0, 1, 0, 1], pyarrow.int8()), pyarrow.array([0, 0, 1, 1], pyarrow.int32()),
                                                               [pyarrow.array([1, 2]), pyarrow.array(["x", "y"])]),
                       "run": pyarrow.RunEndEncodedArray.from_arrays([3, 4], ["a", "b"]),
                       "text": pyarrow.array([None, "exactly 12 b", "thirteen byte", "São Paulo, with more behind it"], pyarrow.string_view()),
                       "y": [0.5, 1.5, 2.5, 3.5]})
with pyarrow.ipc.new_file(here / "views.feather", views.schema) as file:
    file.write_table(views, max_chunksize=3)
with pyarrow.ipc.new_file(here / "views_lz4.feather", views.schema, options=pyarrow.ipc.IpcWriteOptions(compression="lz4")) as file:
    file.write_table(views)
text = json.dumps({"pyarrow": pyarrow.__version__, "columns": {name: cells for name, (_, cells) in columns.items()}}, ensure_ascii=False, indent=0)
(here / "cells.json").write_text(text + "\n")
