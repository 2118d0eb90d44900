"""Golden Parquet files, written by Apache Arrow: python parquet.py ENGINE/DATA/GOLDEN  (pyarrow 25)

Rows are functions of their number, so that a test can tell what must be read. Row groups are small: every file has several.
"""
import sys
from pathlib import Path

import pyarrow
import pyarrow.parquet

folder = Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)


def write(name, rows, schema, **options):
    table = pyarrow.Table.from_pylist(rows, schema=schema)
    pyarrow.parquet.write_table(table, folder / f"{name}.parquet", **options)


text = pyarrow.string()
alpaca = [{"id": i, "instruction": f"Grüße {i}", "input": None if i % 2 else "", "output": f"answer {i} " * (1 + i % 3)} for i in range(23)]
alpaca_schema = pyarrow.schema([("id", pyarrow.int64()), ("instruction", text), ("input", text), ("output", text)])
for compression in ["none", "snappy", "gzip", "zstd", "lz4", "brotli"]:
    write(f"alpaca-{compression}", alpaca, alpaca_schema, row_group_size=10, compression=compression)

message = pyarrow.struct([("role", text), ("content", text)])
messages = [
    {"messages": [{"role": "user", "content": f"question {i}.{turn}"} if part == 0 else {"role": "assistant", "content": f"answer {i}.{turn}"} for turn in range(1 + i % 3) for part in range(2)]}
    for i in range(9)
]
write("messages", messages, pyarrow.schema([("messages", pyarrow.list_(message))]), row_group_size=4, data_page_version="2.0")

tokens = [{"input_ids": [[i, 1, 2], [3, 4, i]], "labels": [[i, 1, 2], [-100, 4, i]]} for i in range(3)]
ids = pyarrow.list_(pyarrow.list_(pyarrow.int64()))
write("tokens", tokens, pyarrow.schema([("input_ids", ids), ("labels", ids)]), row_group_size=2)
