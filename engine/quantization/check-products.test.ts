import { describe, expect, it } from 'vitest';
import { detectCpu } from '../hardware/cpu.ts';
import { onnxRuntime } from '../onnx/runtime.ts';
import type { Feeds, Runtime } from '../runtimes/runtime.ts';
import { Results } from '../runtimes/results.ts';
import { chooseRuntime } from '../runtimes/runtimes.ts';
import { checkInt8Products } from './check-products.ts';

const clamp = (sum: number) => Math.max(-32768, Math.min(32767, sum));

/** Computes as processors without VNNI do: pairs of products are added in 16 bits and cut off at their ends (VPMADDUBSW). */
const narrow = (cut: (sum: number) => number): Runtime => ({
  name: 'onnx',
  library: 'pairs in 16 bits',
  compile: (graph, { y }, weights) => {
    const [rows = 0, columns = 0] = y?.shape ?? [];
    const b = weights.get('weight') ?? new Int8Array();
    const run = ({ codes: a = new Uint8Array() }: Feeds) => {
      const length = a.length / rows;
      const sums = Float32Array.from({ length: rows * columns }, (_, index) => {
        const [row, column] = [Math.floor(index / columns), index % columns];
        const [left, right] = [(at: number) => Number(a[row * length + at]), (at: number) => Number(b[at * columns + column])];
        let [sum, zeros] = [0, 0];
        for (let at = 0; at < length; at += 2) {
          sum += cut(left(at) * right(at) + left(at + 1) * right(at + 1));
          zeros += 128 * (right(at) + right(at + 1));
        }
        return sum - zeros;
      });
      return Promise.resolve(new Results({ y: sums }));
    };
    return Promise.resolve({ inputs: graph.inputs, run, release: () => Promise.resolve() });
  },
});

describe('int8 products', () => {
  it('are refused where sums are cut off, and allowed where the same sums are not', async () => {
    expect(await checkInt8Products({ runtime: narrow((sum) => sum), device: 'cpu' })).toBeNull();
    await expect(checkInt8Products({ runtime: narrow(clamp), device: 'cpu' })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      issues: [{ path: 'model.products', message: expect.stringMatching(/^int8 products come out wrong .* VNNI .* Set it to float32\.$/) }],
    });
  });

  it('are exact on TensorFlow.js, which says that they are no faster', async () => {
    const chosen = await chooseRuntime('tfjs', { device: 'cpu', threads: 1 });
    expect(await checkInt8Products(chosen)).toMatch(/no faster/);
  });

  it('are refused on devices that do not compute them', async () => {
    await expect(checkInt8Products({ runtime: onnxRuntime, device: 'cuda' })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('model.products: int8 products are computed by the CPU only, and this run computes on cuda.'),
    });
  });

  it('of ONNX Runtime are exact on this processor, or are refused where it has no VNNI', async () => {
    const verdict = await checkInt8Products({ runtime: onnxRuntime, device: 'cpu' }).catch((error: unknown) => error);
    const { features } = await detectCpu();
    if (verdict === null || features.includes('VNNI') || features.includes('NEON')) expect(verdict).toBeNull();
    else expect(verdict).toMatchObject({ code: 'CONFIG_INVALID' });
  });
});
