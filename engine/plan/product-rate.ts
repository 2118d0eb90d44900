import { availableParallelism } from 'node:os';
import { Graph } from '../graph/graph.ts';
import { gemm } from '../graph/ops/matmul.ts';
import type { ChosenRuntime } from '../runtimes/runtime.ts';

/** As in a model of some billion parameters: so many positions through a layer so wide. */
const [positions, width] = [512, 2048];

/** How many floating point operations a second a linear layer does. @param threads 0: one for each core */
export async function productRate(threads: number, { runtime, device }: ChosenRuntime): Promise<number> {
  const graph = new Graph();
  const x = graph.input('x', 'float32', [positions, width]);
  const product = gemm(graph, x, graph.weight('w', 'float32', [width, width]), undefined, { transposeB: true });
  const filled = (length: number) => Float32Array.from({ length }, (_, index) => ((index * 7919) % 1000) / 1000);
  const options = { threads: threads || availableParallelism(), device };
  const compiled = await runtime.compile(graph, { product }, new Map([['w', filled(width * width)]]), options);
  const feeds = { x: filled(positions * width) };
  let seconds = Infinity;
  for (let round = 0; round < 4; round++) {
    const begun = performance.now();
    await compiled.run(feeds);
    seconds = Math.min(seconds, (performance.now() - begun) / 1000);
  }
  await compiled.release();
  return (2 * positions * width * width) / seconds;
}
