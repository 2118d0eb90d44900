import type { ModelConfig } from './model-config.ts';
import { ropeFrequencies } from './rope.ts';

/** Added to a score so that softmax makes it zero. */
export const masked = -1e9;

/** Name of the graph input that brings a mask. @param window see `ForwardInputs.mask`. */
export const maskName = (window?: number): string => (window === undefined ? 'mask' : `mask.${window}`);

/** The mask that an input of this name brings, or null where it brings none. */
export function maskOfName(name: string): { window?: number } | null {
  const window = /^mask\.(\d+)$/.exec(name)?.[1];
  if (window) return { window: Number(window) };
  return name === maskName() ? {} : null;
}

/**
 * Cosine and sine of the rotary angles of some positions: [positions, head size / 2] each.
 * @throws RangeError for a model without rotary positions.
 */
export function rotaryTables(
  config: ModelConfig,
  positions: readonly number[],
  sequenceLength: number,
): { cos: Float64Array; sin: Float64Array } {
  if (!('ropeTheta' in config)) throw new RangeError(`a ${config.architecture} model has no rotary positions`);
  const { inverse, attentionScale } = ropeFrequencies(config, sequenceLength);
  const half = inverse.length;
  const [cos, sin] = [new Float64Array(positions.length * half), new Float64Array(positions.length * half)];
  positions.forEach((position, row) => {
    inverse.forEach((frequency, column) => {
      cos[row * half + column] = Math.cos(position * frequency) * attentionScale;
      sin[row * half + column] = Math.sin(position * frequency) * attentionScale;
    });
  });
  return { cos, sin };
}

/**
 * A mask [rows, 1, length, length] in which a position sees itself and those before it in the same text.
 * @param starts for each position of each row, where in the row its text starts; one row of one text if left out.
 * @param window a position sees only this many, itself included.
 */
export function causalMask(length: number, starts?: Int32Array, window = length): { data: Float32Array; shape: readonly number[] } {
  const rows = starts ? starts.length / length : 1;
  const data = new Float32Array(rows * length * length).fill(masked);
  for (let row = 0; row < rows * length; row++) {
    const position = row % length;
    const from = Math.max(starts?.[row] ?? 0, position - window + 1);
    data.fill(0, row * length + from, row * length + position + 1);
  }
  return { data, shape: [rows, 1, length, length] };
}
