"""The model for MLServer, whose adaptive batching puts requests together before it gets them."""

import asyncio

from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceResponse
from session import open_session


class OnnxModel(MLModel):
    async def load(self):
        self.session = open_session()
        return True

    async def predict(self, payload):
        array = NumpyCodec.decode_input(payload.inputs[0])
        (output,) = await asyncio.to_thread(self.session.run, None, {"input": array})
        return InferenceResponse(
            model_name=self.name, id=payload.id, outputs=[NumpyCodec.encode_output("probabilities", output)]
        )
