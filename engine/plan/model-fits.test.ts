import { describe, expect, it } from 'vitest';
import { modelFits } from './model-fits.ts';

const gib = 2 ** 30;

describe('which models fit', () => {
  const fits = modelFits(16 * gib);
  const of = (name: string) => fits.filter((fit) => fit.name === name);

  it.each([
    ['SmolLM2 135M', 134_515_008],
    ['TinyLlama 1.1B', 1_100_048_384],
    ['Llama 3.2 3B', 3_212_749_824],
    ['Llama 2 7B', 6_738_415_616],
    ['Llama 3.1 8B', 8_030_261_248],
  ])('counts the weights of %s as its model card does', (name, parameters) => {
    expect(of(name).map((fit) => fit.parameters)).toEqual(Array(5).fill(parameters));
  });

  it('needs less memory in a smaller form, and more for a larger model', () => {
    const sizes = of('Llama 3.1 8B').map(({ storage, memory }) => [storage, memory / gib] as const);
    expect(sizes.map(([storage]) => storage)).toEqual(['float32', 'float16', 'bfloat16', 'int8', 'nf4']);
    const [single = 0, half = 0, brain = 0, int8 = 0, nf4 = 0] = sizes.map(([, memory]) => memory);
    // 6.98 billion weights in linear layers: 26 GiB in single precision, half, a quarter, an eighth and the scales.
    expect(single - half).toBeCloseTo(13.0, 1);
    expect(brain).toBe(half);
    expect(half - int8).toBeCloseTo(6.5, 0);
    expect(int8 - nf4).toBeCloseTo(2.9, 0);
    const inSinglePrecision = fits.filter(({ storage }) => storage === 'float32').map(({ memory }) => memory);
    expect(inSinglePrecision).toEqual([...inSinglePrecision].sort((a, b) => a - b));
  });

  it('is judged by the memory that there is', () => {
    for (const { memory, fits: does } of fits) expect(does).toBe(memory <= 16 * gib);
    expect(fits.some((fit) => fit.fits)).toBe(true);
    expect(fits.some((fit) => !fit.fits)).toBe(true);
    expect(modelFits(0).some((fit) => fit.fits)).toBe(false);
  });
});
