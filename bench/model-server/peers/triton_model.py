"""The model for Triton's Python backend: the requests of a batch are put together, computed once, and taken apart."""

import os
import sys

import numpy
import triton_python_backend_utils as triton

sys.path.insert(0, os.environ["BENCH_PEERS"])
from session import open_session  # noqa: E402


class TritonPythonModel:
    def initialize(self, _arguments):
        self.session = open_session()

    def execute(self, requests):
        inputs = [triton.get_input_tensor_by_name(request, "input").as_numpy() for request in requests]
        joined = inputs[0] if len(inputs) == 1 else numpy.concatenate(inputs)
        (output,) = self.session.run(None, {"input": joined})
        responses, start = [], 0
        for part in inputs:
            rows = output[start : start + len(part)]
            start += len(part)
            responses.append(triton.InferenceResponse([triton.Tensor("probabilities", rows)]))
        return responses
