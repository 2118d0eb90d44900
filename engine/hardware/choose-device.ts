import { EngineError } from '../errors.ts';
import type { Device } from './device.ts';
import { probeDevice } from './probe.ts';
import { listProviders, type Provider } from './providers.ts';
import { recallRefusal, rememberRefusal } from './refusals.ts';

/** The fastest first. */
const preferred: readonly Device[] = ['cuda', 'directml', 'webgpu', 'coreml'];

export interface ChosenDevice {
  device: Device;
  /** For the run's log: why the devices that would go before it were passed over. Null when none was. */
  note: string | null;
}

export interface DeviceOptions {
  /** CPU threads of the run; 0: one for each core. */
  threads?: number;
  environment?: NodeJS.ProcessEnv;
}

/**
 * Finds the device of a run. `auto` gives the first that computes what the CPU computes, in less time: each is tried with
 * a small training step in a process of its own, and one that failed is not tried again for a day. `cpu` always works.
 * @throws EngineError `DEVICE_UNAVAILABLE` when a device was asked for by name and does not work; says why and what to do.
 */
export async function chooseDevice(
  requested: Device | 'auto',
  { threads = 0, environment = process.env }: DeviceOptions = {},
): Promise<ChosenDevice> {
  if (requested === 'cpu') return { device: 'cpu', note: null };
  const providers = listProviders(environment);
  if (requested !== 'auto') {
    const problem = await findProblem(requested, providers, threads, environment);
    if (problem !== null) throw unavailable(requested, problem);
    return { device: requested, note: null };
  }
  const reasons: string[] = [];
  for (const device of preferred) {
    const provider = providers.find((one) => one.device === device);
    if (!provider) continue;
    const reason = provider.missing ?? (await tryOnce(device, threads, environment));
    if (reason === null) return { device, note: noteOn(device, reasons) };
    reasons.push(`${device}: ${reason}`);
  }
  return { device: 'cpu', note: noteOn('the CPU', reasons) };
}

const noteOn = (chosen: string, reasons: readonly string[]): string | null =>
  reasons.length > 0 ? `Computing on ${chosen}. Passed over: ${reasons.join('; ')}.` : null;

async function tryOnce(device: Device, threads: number, environment: NodeJS.ProcessEnv): Promise<string | null> {
  const known = recallRefusal(device, threads, environment);
  if (known !== null) return known;
  const { problem, slower } = await probeDevice(device, threads, environment);
  const reason = problem ?? (slower !== null && slower >= 1 ? `a step takes ${slower.toPrecision(2)} times as long as on the CPU` : null);
  if (reason !== null) rememberRefusal(device, threads, environment, reason);
  return reason;
}

/** A device asked for by name may be slow. */
async function findProblem(
  device: Device,
  providers: readonly Provider[],
  threads: number,
  environment: NodeJS.ProcessEnv,
): Promise<string | null> {
  const provider = providers.find((one) => one.device === device);
  if (!provider) {
    const there = providers.map((one) => one.device).join(', ');
    return `ONNX Runtime has no support for it on ${process.platform} ${process.arch} (there is ${there})`;
  }
  return provider.missing ?? (await probeDevice(device, threads, environment)).problem;
}

const advice: Partial<Record<Device, string>> = {
  cuda: 'It needs an NVIDIA driver, CUDA 12 and cuDNN 9.',
  webgpu: 'It needs the driver of your GPU; on Linux one for Vulkan and its loader (Debian: libvulkan1, mesa-vulkan-drivers).',
};

function unavailable(device: Device, problem: string): EngineError {
  const message = [`Device ${device} cannot be used: ${problem}.`, advice[device] ?? [], 'Or set run.device to auto or cpu.']
    .flat()
    .join(' ');
  return new EngineError('DEVICE_UNAVAILABLE', message, { issues: [{ path: 'run.device', message }] });
}
