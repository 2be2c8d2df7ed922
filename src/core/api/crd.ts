import { annotatedSchema } from './json-schema.ts';
import { type Kind, kindNames } from './kinds.ts';
import { apiVersion } from './metadata.ts';
import { printerColumns, statusSchema } from './status-schema.ts';
import { type CelRule, type StructuralSchema, structuralSchema } from './structural-schema.ts';

const [GROUP = '', VERSION = ''] = apiVersion.split('/');

const SHORT_NAMES: Readonly<Record<Kind, readonly string[]>> = {
  ModelService: ['msvc'],
  ModelRollout: ['mro'],
  TrafficPolicy: ['tpol'],
  MetricTemplate: ['mtpl'],
};

/** What the fields of one object say against each other, as far as CEL can tell. */
const RULES: Readonly<Partial<Record<Kind, readonly CelRule[]>>> = {
  ModelRollout: [
    {
      rule: 'self.stable != self.candidate',
      message: 'candidate is stable as well; the version that is to take over',
    },
  ],
  ModelService: [
    {
      rule: '!has(self.defaultVersion) || self.versions.exists(v, v.name == self.defaultVersion)',
      message: 'defaultVersion is none of versions; the name of one of them',
    },
  ],
};

/** Lists in which a name stands once; owners of different entries do not disturb each other. */
const NAMED_LISTS = new Set(['versions', 'metrics', 'rateLimits', 'slices', 'args']);

/** The API server reckons the cost of a rule by the longest list that could come. */
const MOST_ENTRIES = 64;

/** How a kind is called in the paths of the API: `modelrollouts`. */
function pluralOf(kind: Kind): string {
  return kind === 'TrafficPolicy' ? 'trafficpolicies' : `${kind.toLowerCase()}s`;
}

/** The path of the API under which objects of a kind are found, of all namespaces or of one. */
export function pathOf(kind: Kind, namespace?: string): string {
  const within = namespace === undefined ? '' : `/namespaces/${namespace}`;
  return `/apis/${apiVersion}${within}/${pluralOf(kind)}`;
}

/** The CustomResourceDefinition of a kind, as a plain value. */
function customResourceDefinition(kind: Kind): object {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${pluralOf(kind)}.${GROUP}` },
    spec: {
      group: GROUP,
      scope: 'Namespaced',
      names: {
        kind,
        listKind: `${kind}List`,
        plural: pluralOf(kind),
        singular: kind.toLowerCase(),
        shortNames: SHORT_NAMES[kind],
        categories: [GROUP.split('.')[0]],
      },
      versions: [
        {
          name: VERSION,
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: printerColumns[kind],
          schema: { openAPIV3Schema: schemaOf(kind) },
        },
      ],
    },
  };
}

/** All of them, in the order of the kinds. */
export function customResourceDefinitions(): ReadonlyMap<Kind, object> {
  return new Map(kindNames.map((kind) => [kind, customResourceDefinition(kind)]));
}

function schemaOf(kind: Kind): StructuralSchema {
  const schema = annotatedSchema(kind);
  const { description: _, ...name } = structuralSchema(schema.properties?.metadata?.properties?.name ?? {});
  const spec = named(structuralSchema(schema.properties?.spec ?? {}));
  const rules = RULES[kind];
  return {
    ...(schema.description === undefined ? {} : { description: schema.description }),
    type: 'object',
    required: ['spec'],
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: {
        type: 'object',
        properties: { name },
      },
      spec: rules === undefined ? spec : { ...spec, 'x-kubernetes-validations': rules },
      status: statusSchema(kind),
    },
  };
}

/** Marks the lists whose entries have names of their own. */
function named(schema: StructuralSchema): StructuralSchema {
  const { properties, items } = schema;
  const fields = Object.entries(properties ?? {}).map(([name, field]) => {
    const inner = named(field);
    const unique = NAMED_LISTS.has(name) && field.items?.required?.includes('name') === true;
    return [name, unique ? { ...inner, maxItems: MOST_ENTRIES, ...UNIQUE } : inner];
  });
  return {
    ...schema,
    ...(properties === undefined ? {} : { properties: Object.fromEntries(fields) }),
    ...(items === undefined ? {} : { items: named(items) }),
  };
}

const UNIQUE = { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] } as const;
