// A process that tries a device: node engine/compiled/run.mjs engine/hardware/probe-process.ts <device> <threads>
// A driver may crash it. The last line of its output is JSON, see probe.ts.
import { GraphSession } from '../onnx/session.ts';
import { type Device, isDevice } from './device.ts';
import { probeShapes, probeStep, type ProbeShape } from './probe-graph.ts';
import type { ProbeOutcome } from './probe.ts';

const [, , device = '', threads = '0'] = process.argv;

/** A device that is this much slower on a small step is not given a large one. */
const hopeless = 20;
/** Relative, of each tensor as a whole. TensorFloat-32 and half precision stay within it, wrong kernels do not. */
const tolerance = 5e-3;

if (!isDevice(device)) throw new Error(`there is no device ${device}`);
console.log(JSON.stringify(await tryDevice(device)));

async function tryDevice(device: Device): Promise<ProbeOutcome> {
  try {
    return await compareBoth(device);
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error), slower: null };
  }
}

async function compareBoth(device: Device): Promise<ProbeOutcome> {
  const small = await compare(probeShapes.small, device);
  const large = small.error <= tolerance && small.slower < hopeless ? await compare(probeShapes.large, device) : small;
  const error = Math.max(small.error, large.error);
  const problem = error <= tolerance ? null : `it computes wrong numbers (relative error ${error.toExponential(1)})`;
  return { problem, slower: large.slower };
}

async function compare(shape: ProbeShape, device: Device): Promise<{ error: number; slower: number }> {
  const expected = await measure(shape, 'cpu');
  const found = await measure(shape, device);
  const errors = expected.tensors.map((tensor, index) => relativeError(tensor, found.tensors[index] ?? []));
  // NaN is an error too.
  return { error: errors.reduce((most, one) => (one <= most ? most : one), 0), slower: found.seconds / expected.seconds };
}

/** Quickest of some steps after the first, which compiles kernels. */
async function measure(shape: ProbeShape, device: Device): Promise<{ tensors: (readonly number[])[]; seconds: number }> {
  const { graph, outputs, weights, feeds } = probeStep(shape);
  const session = await GraphSession.compile(graph, outputs, weights, { device, threads: Number(threads) });
  const results = await session.run(feeds);
  let seconds = Infinity;
  for (let round = 0; round < 3; round++) {
    const begun = performance.now();
    await session.run(feeds);
    seconds = Math.min(seconds, (performance.now() - begun) / 1000);
  }
  await session.release();
  return { tensors: Object.keys(outputs).map((name) => results.numbers(name)), seconds };
}

function relativeError(expected: readonly number[], found: readonly number[]): number {
  const squares = (values: readonly number[]) => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
  return squares(expected.map((value, index) => value - (found[index] ?? NaN))) / squares(expected);
}
