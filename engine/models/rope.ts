import type { RotaryConfig } from './rotary-config.ts';
import type { RopeScaling } from './rope-scaling.ts';

export interface RopeFrequencies {
  /** Angle per position (radians) of each pair of dimensions: [headSize / 2]. */
  inverse: Float64Array;
  /** Cosine and sine are multiplied by this. */
  attentionScale: number;
}

/**
 * Frequencies of the rotary position embedding (Su et al. 2021), θ^(−2i/d), stretched as the model's scaling says. The
 * formulas are those of Hugging Face transformers (`modeling_rope_utils`), in double precision.
 * @param sequenceLength longest sequence in tokens; only dynamic scaling looks at it
 */
export function ropeFrequencies(
  config: Pick<RotaryConfig, 'headSize' | 'ropeTheta' | 'ropeScaling'>,
  sequenceLength: number,
): RopeFrequencies {
  const { headSize, ropeTheta, ropeScaling } = config;
  const plain = inverseFrequencies(ropeTheta, headSize);
  switch (ropeScaling?.type) {
    case undefined:
      return { inverse: plain, attentionScale: 1 };
    case 'linear':
      return { inverse: plain.map((frequency) => frequency / ropeScaling.factor), attentionScale: 1 };
    case 'dynamic':
      return { inverse: inverseFrequencies(dynamicTheta(ropeTheta, headSize, ropeScaling, sequenceLength), headSize), attentionScale: 1 };
    case 'llama3':
      return { inverse: plain.map((frequency) => llama3Frequency(frequency, ropeScaling)), attentionScale: 1 };
    case 'yarn':
      return { inverse: yarnFrequencies(plain, ropeTheta, headSize, ropeScaling), attentionScale: yarnAttentionScale(ropeScaling) };
  }
}

function inverseFrequencies(theta: number, headSize: number): Float64Array {
  return Float64Array.from({ length: headSize / 2 }, (_, i) => theta ** ((-2 * i) / headSize));
}

/** NTK-aware scaling that grows with the sequence: θ is raised so that the lowest frequency just fits the length. */
function dynamicTheta(theta: number, headSize: number, scaling: Extract<RopeScaling, { type: 'dynamic' }>, sequenceLength: number): number {
  const { factor, originalMaxPositions } = scaling;
  const length = Math.max(sequenceLength, originalMaxPositions);
  return theta * ((factor * length) / originalMaxPositions - (factor - 1)) ** (headSize / (headSize - 2));
}

/** Long wavelengths are stretched by `factor`, short ones kept, those between interpolated (Llama 3.1). */
function llama3Frequency(frequency: number, scaling: Extract<RopeScaling, { type: 'llama3' }>): number {
  const { factor, lowFrequencyFactor, highFrequencyFactor, originalMaxPositions } = scaling;
  const wavelength = (2 * Math.PI) / frequency;
  if (wavelength < originalMaxPositions / highFrequencyFactor) return frequency;
  if (wavelength > originalMaxPositions / lowFrequencyFactor) return frequency / factor;
  const smooth = (originalMaxPositions / wavelength - lowFrequencyFactor) / (highFrequencyFactor - lowFrequencyFactor);
  return ((1 - smooth) * frequency) / factor + smooth * frequency;
}

/** YaRN (Peng et al. 2023): a ramp over the dimensions from kept to stretched frequencies. */
function yarnFrequencies(
  plain: Float64Array,
  theta: number,
  headSize: number,
  scaling: Extract<RopeScaling, { type: 'yarn' }>,
): Float64Array {
  const { factor, betaFast, betaSlow, originalMaxPositions, truncate } = scaling;
  /** The dimension that turns `rotations` times within the original length. */
  const dimensionOf = (rotations: number): number =>
    (headSize * Math.log(originalMaxPositions / (rotations * 2 * Math.PI))) / (2 * Math.log(theta));
  const low = Math.max(truncate ? Math.floor(dimensionOf(betaFast)) : dimensionOf(betaFast), 0);
  let high = Math.min(truncate ? Math.ceil(dimensionOf(betaSlow)) : dimensionOf(betaSlow), headSize - 1);
  if (low === high) high += 0.001;
  return plain.map((frequency, i) => {
    const stretched = Math.min(Math.max((i - low) / (high - low), 0), 1);
    return (frequency / factor) * stretched + frequency * (1 - stretched);
  });
}

function yarnAttentionScale({ factor, attentionFactor, mscale, mscaleAllDim }: Extract<RopeScaling, { type: 'yarn' }>): number {
  if (attentionFactor !== null) return attentionFactor;
  const scale = (weight: number): number => (factor <= 1 ? 1 : 0.1 * weight * Math.log(factor) + 1);
  return mscale && mscaleAllDim ? scale(mscale) / scale(mscaleAllDim) : scale(1);
}
