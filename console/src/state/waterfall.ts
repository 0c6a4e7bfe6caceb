// Where the bars of a run's stages lie.
import type { StageRecord } from '../api/schema';

export interface Bar {
  left: number; // Share of the whole, 0 to 1.
  width: number;
}

/** A bar for each stage, and what the whole is in milliseconds: the run's time, or to the last stage's end. */
export function waterfall(stages: Pick<StageRecord, 'start_offset_ms' | 'duration_ms'>[], runMs: number): { whole: number; bars: Bar[] } {
  const ends = stages.map((stage) => stage.start_offset_ms + stage.duration_ms);
  const whole = Math.max(runMs, ...ends, 0);
  if (whole <= 0) return { whole: 0, bars: stages.map(() => ({ left: 0, width: 0 })) };
  return {
    whole,
    bars: stages.map((stage) => {
      const left = Math.min(1, Math.max(0, stage.start_offset_ms / whole));
      return { left, width: Math.min(1 - left, Math.max(0, stage.duration_ms / whole)) };
    }),
  };
}

/** How a time compares with what is usual: "usually 0.4 ms: 9.8 ×" has 9.8. Null where that says nothing. */
export function timesUsual(value: number, usual: number | null | undefined): number | null {
  if (usual === null || usual === undefined || usual <= 0) return null;
  const times = value / usual;
  return times >= 1.5 || times <= 0.5 ? times : null;
}
