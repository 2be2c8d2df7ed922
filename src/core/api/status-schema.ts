import type { Kind } from './kinds.ts';
import type { StructuralSchema } from './structural-schema.ts';

/** A column that `kubectl get` prints. */
export interface PrinterColumn {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'date';
  readonly jsonPath: string;
  readonly description: string;
  /** Above 0: only with `-o wide`. */
  readonly priority?: number;
}

const text = (description: string): StructuralSchema => ({ type: 'string', description });
const whole = (description: string): StructuralSchema => ({ type: 'integer', description });
const share = (description: string): StructuralSchema => ({ type: 'number', description });
const time = (description: string): StructuralSchema => ({
  type: 'string',
  format: 'date-time',
  description,
});

function fields(
  properties: Readonly<Record<string, StructuralSchema>>,
  ...required: string[]
): StructuralSchema {
  return { type: 'object', properties, ...(required.length === 0 ? {} : { required }) };
}

/** A list whose entries a field tells apart, so that each has its own owner. */
function listBy(key: string, description: string, items: StructuralSchema): StructuralSchema {
  return {
    type: 'array',
    description,
    items,
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': [key],
  };
}

const condition = fields(
  {
    type: text('What is true or not.'),
    status: { type: 'string', enum: ['True', 'False', 'Unknown'] },
    reason: text('Why, in one word.'),
    message: text('Why, for people.'),
    lastTransitionTime: time('When the status changed last.'),
    observedGeneration: whole('The generation that it speaks of.'),
  },
  ...['type', 'status', 'reason', 'message', 'lastTransitionTime'],
);

const common = {
  observedGeneration: whole('The generation of the spec that this speaks of.'),
  decidedBy: text('The replica of the control plane that wrote this.'),
  conditions: listBy('type', 'Accepted, and what else is true.', condition),
};

const breaker = fields({
  phase: { type: 'string', enum: ['CLOSED', 'OPEN', 'HALF_OPEN'] },
  admittedPercent: share('Share of the calls that it lets through.'),
  since: time('Since when it is in this phase.'),
  trips: whole('How often it has opened.'),
  message: text('Why it is in this phase.'),
});

const STATUS: Readonly<Record<Kind, Readonly<Record<string, StructuralSchema>>>> = {
  ModelService: {
    traffic: text('Who gets how much, such as `v1 95%, v2 5%`.'),
    endpoints: whole('Known endpoints of all versions.'),
    rollout: text('The rollout that owns the weights now.'),
    breaker: text('The phase of the breaker.'),
    versions: listBy(
      'name',
      'The versions with their share and their endpoints.',
      fields(
        {
          name: text('The version.'),
          weightPercent: share('Its share of the traffic.'),
          endpoints: whole('Its known endpoints.'),
        },
        'name',
      ),
    ),
  },
  ModelRollout: {
    phase: text('Where it is.'),
    message: text('Why it is there.'),
    step: text('The step that it is at, of how many.'),
    weight: text("The candidate's share, such as `15%`."),
    weightPercent: share("The candidate's share."),
    startedAt: time('When it began.'),
    phaseSince: time('Since when it is in this phase.'),
    gates: listBy(
      'name',
      'The last verdict of each gate.',
      fields(
        { name: text('The gate.'), verdict: text('What it says.'), message: text('Why it says so.') },
        'name',
      ),
    ),
    laggards: {
      type: 'array',
      description: 'Sidecars that have not acknowledged the weights.',
      items: { type: 'string' },
    },
  },
  TrafficPolicy: {
    breaker,
    limits: listBy(
      'name',
      'The rates in force.',
      fields({ name: text('The limit.'), requestsPerSecond: share('What it lets through.') }, 'name'),
    ),
  },
  MetricTemplate: {},
};

const AGE: PrinterColumn = {
  name: 'Age',
  type: 'date',
  jsonPath: '.metadata.creationTimestamp',
  description: 'Time since it was created.',
};

const ACCEPTED: PrinterColumn = {
  name: 'Accepted',
  type: 'string',
  jsonPath: '.status.conditions[?(@.type=="Accepted")].status',
  description: 'Whether the spec is in force.',
};

function column(name: string, jsonPath: string, description: string, priority?: number): PrinterColumn {
  return { name, type: 'string', jsonPath, description, ...(priority === undefined ? {} : { priority }) };
}

/** What `kubectl get` prints of each kind. */
export const printerColumns: Readonly<Record<Kind, readonly PrinterColumn[]>> = {
  ModelService: [
    ACCEPTED,
    column('Traffic', '.status.traffic', 'Who gets how much.'),
    { ...column('Endpoints', '.status.endpoints', 'Known endpoints.'), type: 'integer' },
    column('Breaker', '.status.breaker', 'The phase of the breaker.'),
    column('Rollout', '.status.rollout', 'The rollout that owns the weights.'),
    column('Hosts', '.spec.hosts', 'The names that clients dial.', 1),
    AGE,
  ],
  ModelRollout: [
    column('Service', '.spec.targetRef.name', 'The service.'),
    column('Candidate', '.spec.candidate', 'The version that is to take over.'),
    column('Phase', '.status.phase', 'Where it is.'),
    column('Step', '.status.step', 'The step that it is at.'),
    column('Weight', '.status.weight', "The candidate's share."),
    column('Why', '.status.message', 'Why it is there.'),
    column('Accepted', ACCEPTED.jsonPath, ACCEPTED.description, 1),
    AGE,
  ],
  TrafficPolicy: [
    column('Service', '.spec.targetRef.name', 'The service.'),
    ACCEPTED,
    column('Breaker', '.status.breaker.phase', 'The phase of the breaker.'),
    column('Why', '.status.breaker.message', 'Why it is in this phase.'),
    AGE,
  ],
  MetricTemplate: [ACCEPTED, column('Query', '.spec.query', 'The PromQL.', 1), AGE],
};

/** The schema of the status of a kind. */
export function statusSchema(kind: Kind): StructuralSchema {
  return {
    description: 'What Penstock says of it; written by Penstock alone.',
    ...fields({ ...common, ...STATUS[kind] }),
  };
}
