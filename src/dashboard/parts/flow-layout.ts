/** Geometry of the flow picture: callers → breaker → versions → endpoints. Lengths in CSS pixels. */

export interface FlowVersion {
  readonly name: string;
  /** Share of the admitted traffic, 0–1; all of them sum to 1. */
  readonly share: number;
  readonly endpoints: readonly {
    readonly address: string /** Of this version, 0–1. */;
    readonly share: number;
  }[];
}

export interface FlowInput {
  /** Share of the callers' traffic that reaches the versions, 0–1. */
  readonly admitted: number;
  readonly hasBreaker: boolean;
  readonly versions: readonly FlowVersion[];
  readonly width: number;
}

export interface Bar {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Ribbon {
  /** A filled outline, or a line where nothing flows. */
  readonly path: string;
  readonly idle: boolean;
}

export interface FlowLayout {
  readonly height: number;
  readonly callers: Bar;
  readonly trunk: Ribbon;
  readonly breaker: Bar | undefined;
  readonly versions: readonly {
    readonly bar: Bar;
    readonly ribbon: Ribbon;
    readonly labelY: number;
    readonly endpoints: readonly {
      readonly ribbon: Ribbon;
      readonly x: number;
      readonly y: number;
      readonly index: number;
    }[];
    /** Endpoints that have no room. */
    readonly hidden: number;
    readonly moreY: number;
  }[];
  readonly fallback: { readonly ribbon: Ribbon; readonly bar: Bar; readonly labelY: number } | undefined;
}

/** Thickness of all traffic together. */
const PIPE = 104;
const BAR = 8;
const LABEL = 40;
const GAP = 14;
const ENDPOINT_ROW = 22;
const MAX_ENDPOINTS = 6;
/** Below this there is no room for endpoints beside the versions. */
const WIDE = 640;
/** Thinner than this is not seen. */
const THIN = 2;

/** Places everything; the height follows from what there is. */
export function layoutFlow({ admitted, hasBreaker, versions, width }: FlowInput): FlowLayout {
  const wide = width >= WIDE;
  const versionX = Math.round(width * (wide ? 0.52 : 0.46));
  const endpointX = Math.round(width * 0.76);
  const blocks = versions.map((version) => {
    const shown = wide ? Math.min(MAX_ENDPOINTS, version.endpoints.length) : 0;
    const rows = shown + (wide && version.endpoints.length > shown ? 1 : 0);
    const flow = version.share * admitted * PIPE;
    return { version, shown, flow, height: Math.max(flow, rows * ENDPOINT_ROW, THIN) };
  });
  const refused = (1 - admitted) * PIPE;
  const contents =
    blocks.reduce((sum, { height }) => sum + LABEL + height + GAP, 0) +
    (refused > 0 ? LABEL + refused + GAP : 0);
  const height = Math.max(contents, LABEL + PIPE) + GAP / 2;
  const pipeTop = LABEL + (height - LABEL - PIPE) / 2;
  const breakerX = Math.round(width * 0.24);
  const leave = hasBreaker ? breakerX + BAR : BAR;

  let source = pipeTop;
  let y = Math.max(0, (height - contents) / 2);
  const placed = blocks.map(({ version, shown, flow, height: blockHeight }) => {
    const bar = {
      x: versionX,
      y: y + LABEL,
      width: BAR,
      height: Math.max(flow, THIN),
    };
    const ribbon = connect(leave, source, versionX, bar.y, flow);
    source += flow;
    const top = y + LABEL;
    const labelY = bar.y - 24;
    y += LABEL + blockHeight + GAP;
    const rows = shown + (version.endpoints.length > shown ? 1 : 0);
    const rowsTop = top + (blockHeight - rows * ENDPOINT_ROW) / 2;
    let part = bar.y;
    const endpoints = version.endpoints.slice(0, shown).map((endpoint, index) => {
      const thickness = endpoint.share * flow;
      const centre = rowsTop + (index + 0.5) * ENDPOINT_ROW;
      const end = Math.min(thickness, ENDPOINT_ROW - 6);
      const from = part;
      part += thickness;
      return {
        ribbon: connect(versionX + BAR, from, endpointX, centre - end / 2, thickness, end),
        x: endpointX,
        y: centre,
        index,
      };
    });
    return {
      bar,
      ribbon,
      labelY,
      endpoints,
      hidden: version.endpoints.length - shown,
      moreY: rowsTop + (shown + 0.5) * ENDPOINT_ROW,
    };
  });

  const callers = { x: 0, y: pipeTop, width: BAR, height: PIPE };
  const fallbackBar = { x: versionX, y: y + LABEL, width: BAR, height: refused };
  return {
    height,
    callers,
    trunk: connect(BAR, pipeTop, hasBreaker ? breakerX : BAR, pipeTop, hasBreaker ? PIPE : 0),
    breaker: hasBreaker ? { x: breakerX, y: pipeTop - 6, width: BAR, height: PIPE + 12 } : undefined,
    versions: placed,
    fallback:
      refused > 0
        ? {
            ribbon: connect(leave, source, versionX, fallbackBar.y, refused),
            bar: fallbackBar,
            labelY: fallbackBar.y - 24,
          }
        : undefined,
  };
}

/** A band from (x1, top1) to (x2, top2); a bare line where `thickness` is next to nothing. */
export function connect(
  x1: number,
  top1: number,
  x2: number,
  top2: number,
  thickness: number,
  end = thickness,
): Ribbon {
  const middle = (x1 + x2) / 2;
  const at = (value: number) => Math.round(value * 100) / 100;
  const curve = (fromY: number, toY: number, toX: number) =>
    `C${at(middle)} ${at(fromY)} ${at(middle)} ${at(toY)} ${at(toX)} ${at(toY)}`;
  if (thickness < 0.05) return { path: `M${at(x1)} ${at(top1)}${curve(top1, top2, x2)}`, idle: true };
  const bottom1 = top1 + Math.max(thickness, 1);
  const bottom2 = top2 + Math.max(end, 1);
  const path = `M${at(x1)} ${at(top1)}${curve(top1, top2, x2)}L${at(x2)} ${at(bottom2)}${curve(bottom2, bottom1, x1)}Z`;
  return { path, idle: false };
}
