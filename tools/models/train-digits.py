"""Trains the digit models that the demo and the tests serve, and writes them as a model repository.

Run it in an environment with `pip install scikit-learn skl2onnx onnx`:

    python tools/models/train-digits.py models

It writes digits/v1 and digits/v2 (small neural networks; v2 is the larger) and digits/mislabelled (like v2, but
trained on wrong labels: it answers fast and without errors, and wrongly), and
digits-samples.json with held-out images and their labels. The data set is the one bundled with scikit-learn.
"""

import json
import sys
from pathlib import Path

import numpy as np
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

SEED = 7
HELD_OUT = 360
# Labels wrong for this share of the training images: enough that the model is plainly unsure and wrong.
MISLABELLED_SHARE = 0.85


def mislabel(labels, random):
    """Moves the given share of the labels to another digit, drawn evenly."""
    moved = random.random(len(labels)) < MISLABELLED_SHARE
    return np.where(moved, (labels + random.integers(1, 10, len(labels))) % 10, labels)


def network(hidden, **settings):
    return make_pipeline(StandardScaler(), MLPClassifier((hidden,), random_state=SEED, **settings))


def candidates(labels):
    """The three models with the labels each is trained on.

    v1 and v2 share their regularisation, so that their scores are distributed alike: what tells them apart is
    v2's better accuracy, and a gate on the scores has no reason to refuse v2.
    """
    random = np.random.default_rng(SEED)
    return {
        "v1": (network(32, max_iter=400, alpha=0.1), labels),
        "v2": (network(60, max_iter=400, alpha=0.1), labels),
        "mislabelled": (network(60, max_iter=60), mislabel(labels, random)),
    }


def write_model(pipeline, path):
    """Saves a pipeline as ONNX: input `image` [N, 64]; outputs `label` [N] and `probabilities` [N, 10]."""
    onnx = to_onnx(
        pipeline,
        initial_types=[("image", FloatTensorType([None, 64]))],
        options={"zipmap": False},
        target_opset={"": 18, "ai.onnx.ml": 3},
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(onnx.SerializeToString())


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else "models")
    images, labels = load_digits(return_X_y=True)
    images = images.astype(np.float32)
    train_images, test_images, train_labels, test_labels = train_test_split(
        images, labels, test_size=HELD_OUT, random_state=SEED, stratify=labels
    )
    for version, (pipeline, own_labels) in candidates(train_labels).items():
        pipeline.fit(train_images, own_labels)
        path = root / "digits" / version / "model.onnx"
        write_model(pipeline, path)
        print(f"{path}: {path.stat().st_size} bytes, accuracy {pipeline.score(test_images, test_labels):.3f}")
    samples = {
        "shape": [64],
        "images": [[int(pixel) for pixel in image] for image in test_images],
        "labels": [int(label) for label in test_labels],
    }
    (root / "digits-samples.json").write_text(json.dumps(samples, separators=(",", ":")) + "\n")


main()
