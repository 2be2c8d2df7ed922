/** What a breaker goes by, as it would stand in a spec. */
export type BreakerFigures = {
  readonly requestVolumeThreshold: number;
  readonly errorThresholdPercent: number;
  readonly window: string;
  readonly sleepWindow: string;
  readonly slowCall: { readonly duration: string; readonly thresholdPercent: number };
};

export const breakerPresets = ['core', 'auxiliary', 'realtime', 'batch'] as const;

/** A class of models with figures of its own. */
export type BreakerPreset = (typeof breakerPresets)[number];

// Hystrix's figures, which the field expects: 20 requests, half of them failed, five seconds a call.
export const usualFigures: BreakerFigures = {
  requestVolumeThreshold: 20,
  errorThresholdPercent: 50,
  window: '10s',
  sleepWindow: '30s',
  slowCall: { duration: '5s', thresholdPercent: 50 },
};

const slower = (duration: string) => ({ duration, thresholdPercent: usualFigures.slowCall.thresholdPercent });

const presetFigures: Readonly<Record<BreakerPreset, BreakerFigures>> = {
  // A core model is protected early and brought back late.
  core: { ...usualFigures, errorThresholdPercent: 40, sleepWindow: '60s' },
  // An auxiliary model may fail more before callers lose it.
  auxiliary: { ...usualFigures, errorThresholdPercent: 60 },
  // In a dialogue a second is long, and a retry by the user is cheap.
  realtime: { ...usualFigures, errorThresholdPercent: 60, slowCall: slower('1s') },
  // Offline batches are slow by nature.
  batch: { ...usualFigures, errorThresholdPercent: 70, slowCall: slower('10s') },
};

/** The figures of a preset; the usual ones without a preset. */
export function breakerFigures(preset: BreakerPreset | undefined): BreakerFigures {
  return preset === undefined ? usualFigures : presetFigures[preset];
}
