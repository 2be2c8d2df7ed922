"""Writes the models that benchmarks put load on: `memory-bound` and `compute-bound`.

Run it in an environment with `pip install onnx`:

    python tools/models/make-load-models.py models

The weights are computed inside the graph (a sine of the index, reshaped), which the runtime folds into constants when it
loads the model: the files stay a few KB, and are byte-identical each time they are made.
"""

import sys
from pathlib import Path

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper, save

CLASSES = 10
MEMORY_BOUND_WIDTH = 2560
MEMORY_BOUND_LAYERS = 4
COMPUTE_BOUND_TOKENS = 64
COMPUTE_BOUND_WIDTH = 256
COMPUTE_BOUND_BLOCKS = 6


class Graph:
    """Collects nodes and constants; each method returns the name of the value it adds."""

    def __init__(self):
        self.nodes, self.constants, self.count = [], [], 0

    def constant(self, value, dtype=np.float32):
        name = f"constant{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.array(value, dtype), name))
        return name

    def node(self, operator, *inputs, output=None, **attributes):
        self.count += 1
        output = output or f"{operator.lower()}{self.count}"
        self.nodes.append(helper.make_node(operator, list(inputs), [output], **attributes))
        return output

    def weight(self, rows, columns):
        """A dense [rows, columns] matrix with entries of 1.4/sqrt(rows), so that activations neither grow nor vanish."""
        self.count += 1
        steps = self.node("Range", self.constant(0), self.constant(rows * columns), self.constant(1))
        turned = self.node("Mul", steps, self.constant(1.61803 + 0.01 * self.count))
        waves = self.node("Sin", self.node("Add", turned, self.constant(0.5)))
        # A plain sine of a linear index has rank two: every answer would be alike. A sine of a steep sine is full.
        mixed = self.node("Sin", self.node("Mul", waves, self.constant(1000)))
        scaled = self.node("Mul", mixed, self.constant(2.0 / rows**0.5))
        return self.node("Reshape", scaled, self.constant([rows, columns], np.int64))

    def dense(self, value, rows, columns):
        return self.node("MatMul", value, self.weight(rows, columns))

    def save(self, path, name, input_shape):
        inputs = [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["batch", *input_shape])]
        outputs = [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["batch", CLASSES])]
        graph = helper.make_graph(self.nodes, name, inputs, outputs, self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        checker.check_model(model)
        path.parent.mkdir(parents=True, exist_ok=True)
        save(model, path)
        print(f"{path}: {path.stat().st_size} bytes")


def memory_bound(path):
    """Wide layers: each row reads 105 MB of weights, so time goes into memory, and a batch shares it."""
    graph, value = Graph(), "input"
    for _ in range(MEMORY_BOUND_LAYERS):
        value = graph.node("Relu", graph.dense(value, MEMORY_BOUND_WIDTH, MEMORY_BOUND_WIDTH))
    logits = graph.dense(value, MEMORY_BOUND_WIDTH, CLASSES)
    graph.node("Softmax", logits, output="probabilities", axis=-1)
    graph.save(path, "memory-bound", [MEMORY_BOUND_WIDTH])


def compute_bound(path):
    """Blocks of an encoder's feed-forward layers over 64 tokens: 64 multiplications for each weight read."""
    graph, value = Graph(), "input"
    for _ in range(COMPUTE_BOUND_BLOCKS):
        hidden = graph.node("Relu", graph.dense(value, COMPUTE_BOUND_WIDTH, 4 * COMPUTE_BOUND_WIDTH))
        value = graph.node("Add", value, graph.dense(hidden, 4 * COMPUTE_BOUND_WIDTH, COMPUTE_BOUND_WIDTH))
    pooled = graph.node("ReduceMean", value, axes=[1], keepdims=0)
    graph.node("Softmax", graph.dense(pooled, COMPUTE_BOUND_WIDTH, CLASSES), output="probabilities", axis=-1)
    graph.save(path, "compute-bound", [COMPUTE_BOUND_TOKENS, COMPUTE_BOUND_WIDTH])


root = Path(sys.argv[1] if len(sys.argv) > 1 else "models")
memory_bound(root / "memory-bound" / "v1" / "model.onnx")
compute_bound(root / "compute-bound" / "v1" / "model.onnx")
