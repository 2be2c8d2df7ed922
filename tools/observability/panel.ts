/** One query of a panel, and what its series are called. */
export interface Query {
  readonly expr: string;
  readonly legend: string;
}

export interface Panel {
  readonly title: string;
  readonly description?: string;
  /** As Grafana names units: `reqps`, `percentunit`, `ms`, `s`, `short`, `bytes`. */
  readonly unit: string;
  readonly kind?: 'timeseries' | 'stat' | 'table' | 'state-timeline';
  readonly queries: readonly Query[];
}

export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  /** The variable that chooses what is shown, and where its values come from. */
  readonly variable: { readonly name: string; readonly label: string; readonly query: string } | undefined;
  readonly panels: readonly Panel[];
}

const WIDTH = 12;
const HEIGHT = 8;
const DATASOURCE = { type: 'prometheus', uid: '$datasource' };

/** A dashboard in Grafana's JSON, two panels side by side. */
export function dashboardText({ uid, title, variable, panels }: Dashboard): string {
  const model = {
    uid,
    title,
    tags: ['penstock'],
    schemaVersion: 39,
    editable: true,
    refresh: '10s',
    time: { from: 'now-1h', to: 'now' },
    templating: {
      list: [
        { name: 'datasource', label: 'Prometheus', type: 'datasource', query: 'prometheus' },
        ...(variable === undefined ? [] : [variableOf(variable)]),
      ],
    },
    annotations: { list: [] },
    panels: panels.map(panelOf),
  };
  return `${JSON.stringify(model, undefined, 2)}\n`;
}

function variableOf({ name, label, query }: NonNullable<Dashboard['variable']>): object {
  return {
    ...{ name, label, type: 'query', query, datasource: DATASOURCE },
    ...{ refresh: 2, multi: true, includeAll: true, allValue: '.+', sort: 1 },
    current: { text: 'All', value: '$__all' },
  };
}

function panelOf({ title, description, unit, kind = 'timeseries', queries }: Panel, index: number): object {
  return {
    id: index + 1,
    title,
    ...(description === undefined ? {} : { description }),
    type: kind,
    datasource: DATASOURCE,
    gridPos: { x: (index % 2) * WIDTH, y: Math.floor(index / 2) * HEIGHT, w: WIDTH, h: HEIGHT },
    fieldConfig: { defaults: { unit, ...(unit === 'percentunit' ? { min: 0 } : {}) }, overrides: [] },
    targets: queries.map(({ expr, legend }, place) => ({
      refId: String.fromCharCode(65 + place),
      datasource: DATASOURCE,
      expr,
      legendFormat: legend,
      ...(kind === 'table' || kind === 'stat' ? { instant: true } : {}),
      ...(kind === 'table' ? { format: 'table' } : {}),
    })),
  };
}
