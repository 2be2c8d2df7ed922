"""A KServe server with one ONNX model. Its Python server does not batch gRPC calls."""

import os

from kserve import InferOutput, InferResponse, Model, ModelServer
from session import open_session


class OnnxModel(Model):
    def __init__(self, name):
        super().__init__(name)
        self.session = open_session()
        self.ready = True

    def predict(self, payload, headers=None, response_headers=None):
        array = payload.inputs[0].as_numpy()
        (output,) = self.session.run(None, {"input": array})
        result = InferOutput("probabilities", list(output.shape), "FP32")
        result.set_data_from_numpy(output, binary_data=True)
        return InferResponse(payload.id, self.name, [result])


ModelServer(
    http_port=int(os.environ["BENCH_HTTP_PORT"]),
    grpc_port=int(os.environ["BENCH_GRPC_PORT"]),
    enable_grpc=True,
    workers=1,
).start([OnnxModel(os.environ["BENCH_NAME"])])
