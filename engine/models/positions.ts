import { elements } from '../graph/types.ts';
import type { ModelConfig } from './model-config.ts';
import { ropeFrequencies } from './rope.ts';

/** Added to a score so that softmax makes it zero. */
export const masked = -1e9;

/** Cosine and sine of the rotary angles of some positions: [positions, head size / 2] each. */
export function rotaryTables(
  config: ModelConfig,
  positions: readonly number[],
  sequenceLength: number,
): { cos: Float64Array; sin: Float64Array } {
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

/** A mask [1, 1, length, length] in which a position sees itself and those before it. */
export function causalMask(length: number): { data: Float32Array; shape: readonly number[] } {
  const shape = [1, 1, length, length];
  const data = new Float32Array(elements(shape));
  for (let row = 0; row < length; row++) data.fill(masked, row * length + row + 1, (row + 1) * length);
  return { data, shape };
}
