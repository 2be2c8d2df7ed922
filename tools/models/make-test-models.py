"""Writes the tiny models that the model server's tests serve.

Run it in an environment with `pip install onnx`:

    python tools/models/make-test-models.py src/model-server/testdata/models
"""

import sys
from pathlib import Path

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper, save

OPSET = 17
TYPES = [
    "BOOL", "UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16", "INT32", "INT64",
    "FLOAT16", "FLOAT", "DOUBLE", "STRING",
]  # fmt: skip


def tensor(name, shape, kind="FLOAT"):
    return helper.make_tensor_value_info(name, getattr(TensorProto, kind), shape)


def write(root, name, nodes, inputs, outputs, constants=(), version="v1", opset=OPSET):
    graph = helper.make_graph(nodes, name, inputs, outputs, [numpy_helper.from_array(v, k) for k, v in constants])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    if opset == OPSET:
        checker.check_model(model)
    path = root / name / version / "model.onnx"
    path.parent.mkdir(parents=True, exist_ok=True)
    save(model, path)
    print(f"{path}: {path.stat().st_size} bytes")


def types(root):
    """Gives back one tensor of each element type."""
    names = [kind.lower() for kind in TYPES]
    write(
        root,
        "types",
        [helper.make_node("Identity", [name], [f"{name}_out"]) for name in names],
        [tensor(name, ["batch", 2], kind) for name, kind in zip(names, TYPES)],
        [tensor(f"{name}_out", ["batch", 2], kind) for name, kind in zip(names, TYPES)],
    )


def ragged(root):
    """Rows of any length: each row's sum, and each element doubled."""
    write(
        root,
        "ragged",
        [
            helper.make_node("ReduceSum", ["x", "axis"], ["sum"], keepdims=0),
            helper.make_node("Add", ["x", "x"], ["doubled"]),
        ],
        [tensor("x", ["batch", "length"])],
        [tensor("sum", ["batch"]), tensor("doubled", ["batch", "length"])],
        [("axis", np.array([1], np.int64))],
    )


def batch_mean(root):
    """Looks as if it had rows, but each row's answer depends on the others'."""
    write(
        root,
        "batch-mean",
        [
            helper.make_node("ReduceMean", ["x"], ["mean"], axes=[0], keepdims=1),
            helper.make_node("Sub", ["x", "mean"], ["y"]),
        ],
        [tensor("x", ["batch", 3])],
        [tensor("y", ["batch", 3])],
    )


def flattened(root):
    """Its output's first dimension is free, but is not the row."""
    write(
        root,
        "flattened",
        [helper.make_node("Reshape", ["x", "shape"], ["y"])],
        [tensor("x", ["batch", 3])],
        [tensor("y", ["elements"])],
        [("shape", np.array([-1], np.int64))],
    )


def fixed(root):
    """Takes exactly one row."""
    write(root, "fixed", [helper.make_node("Neg", ["x"], ["y"])], [tensor("x", [1, 4])], [tensor("y", [1, 4])])


def lookup(root):
    """Looks up a row of a table; an index outside fails the whole batch."""
    write(
        root,
        "lookup",
        [helper.make_node("Gather", ["table", "index"], ["row"], axis=0)],
        [tensor("index", ["batch"], "INT64")],
        [tensor("row", ["batch", 2])],
        [("table", np.arange(8, dtype=np.float32).reshape(4, 2))],
    )


def from_the_future(root):
    """Asks for a version of the operators that no runtime has."""
    write(
        root,
        "future",
        [helper.make_node("Neg", ["x"], ["y"])],
        [tensor("x", ["batch", 4])],
        [tensor("y", ["batch", 4])],
        opset=99,
    )


def half(root):
    """Computes in 16-bit floats."""
    write(
        root,
        "half",
        [helper.make_node("Add", ["x", "x"], ["y"])],
        [tensor("x", ["batch", 2], "FLOAT16")],
        [tensor("y", ["batch", 2], "FLOAT16")],
    )


def int8(root):
    """A quantised layer, as dynamic quantisation makes it: the same as a dense layer, but for the third digit."""
    weights = np.arange(-8, 8, dtype=np.int8).reshape(4, 4)
    write(
        root,
        "int8",
        [
            helper.make_node("DynamicQuantizeLinear", ["x"], ["xq", "scale", "zero"]),
            helper.make_node("MatMulInteger", ["xq", "weights", "zero"], ["product"]),
            helper.make_node("Cast", ["product"], ["wide"], to=TensorProto.FLOAT),
            helper.make_node("Mul", ["wide", "scale"], ["y"]),
        ],
        [tensor("x", ["batch", 4])],
        [tensor("y", ["batch", 4])],
        [("weights", weights)],
    )


def greedy(root):
    """Wants more memory than any machine has."""
    write(
        root,
        "greedy",
        [
            helper.make_node("ConstantOfShape", ["size"], ["zeros"]),
            helper.make_node("ReduceSum", ["zeros"], ["nothing"], keepdims=0),
            helper.make_node("Add", ["x", "nothing"], ["y"]),
        ],
        [tensor("x", ["batch", 4])],
        [tensor("y", ["batch", 4])],
        [("size", np.array([2**44], np.int64))],
    )


root = Path(sys.argv[1] if len(sys.argv) > 1 else "src/model-server/testdata/models")
for make in (types, ragged, batch_mean, flattened, fixed, lookup, from_the_future, half, int8, greedy):
    make(root)
