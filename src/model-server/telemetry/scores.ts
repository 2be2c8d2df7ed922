import type { Datatype } from '../tensors/datatypes.ts';
import { viewElements } from '../tensors/numbers.ts';
import { decodeTexts } from '../tensors/strings.ts';
import type { Signature, Tensor } from '../tensors/tensor.ts';

/** What one row of an answer says: the score of the class it names, and that class. */
export interface Prediction {
  /** The highest probability, 0…1. */
  readonly score: number;
  readonly predictedClass: string;
}

/** Which outputs of a model tell its scores. */
export interface ScoreOutputs {
  /** [rows, classes], or [rows] where there is one score a row. */
  readonly probabilities: string;
  /** [rows]; without it, the class is the place of the highest probability. */
  readonly label?: string;
}

const PROBABILITIES = /^(output_)?(probabilit(y|ies)|probs?|scores?|softmax)$/i;
const LABEL = /^(output_)?(label|class|predicted_class)$/i;
const MAX_CLASSES = 1_000;

/** Finds the outputs that tell a classifier's scores by their usual names; undefined for other models. */
export function findScoreOutputs(signature: Signature): ScoreOutputs | undefined {
  const probabilities = signature.outputs.find(
    ({ name, datatype, shape }) =>
      PROBABILITIES.test(name) && isFraction(datatype) && shape.length <= 2 && (shape[1] ?? 1) <= MAX_CLASSES,
  );
  if (!probabilities) return undefined;
  const label = signature.outputs.find(
    ({ name, datatype, shape }) => LABEL.test(name) && shape.length === 1 && !isFraction(datatype),
  );
  return { probabilities: probabilities.name, ...(label && { label: label.name }) };
}

/** Reads the predictions out of an answer; none when the outputs were not asked for. */
export function readPredictions(which: ScoreOutputs, outputs: readonly Tensor[]): Prediction[] {
  const probabilities = outputs.find((output) => output.name === which.probabilities);
  if (!probabilities || probabilities.datatype === 'BYTES') return [];
  const values = viewElements(probabilities.datatype, probabilities.data) as Float32Array;
  const rows = probabilities.shape[0] ?? 1;
  const classes = probabilities.shape[1] ?? 1;
  const label = outputs.find((output) => output.name === which.label);
  const names = label && labelsOf(label);
  return Array.from({ length: rows }, (_, row) => {
    let best = row * classes;
    for (let at = best + 1; at < (row + 1) * classes; at++) {
      if ((values[at] as number) > (values[best] as number)) best = at;
    }
    return {
      score: values[best] ?? Number.NaN,
      predictedClass: names?.[row] ?? String(best - row * classes),
    };
  });
}

function labelsOf({ datatype, data }: Tensor): string[] {
  return datatype === 'BYTES'
    ? decodeTexts(data)
    : Array.from(viewElements(datatype, data) as Int32Array, String);
}

function isFraction(datatype: Datatype): boolean {
  return datatype.startsWith('FP');
}
