import { spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { providerProgram } from '@anneal/plugins/testing';
import { z } from 'zod';
import type { BenchStudio } from './bench-studio.ts';

const plugin = 'openai-compatible';
const endpoint = 'bench';

/** A model of the provider: its pieces, and the time before each. Milliseconds. */
interface SlowModel {
  text: readonly string[];
  pieceDelayMilliseconds: number;
}

/**
 * Starts a provider that speaks OpenAI's protocol over HTTP, in a process of its own, and connects the studio with it.
 * @returns modelId: ids of its models in the studio; close: ends it
 */
export async function connectProvider(
  { studio, viewer }: BenchStudio,
  models: Readonly<Record<string, SlowModel>>,
): Promise<{ modelId: (name: string) => string; close: () => Promise<void> }> {
  const options = JSON.stringify({ protocol: 'openai', models });
  const child = spawn(process.execPath, ['--import', 'tsx', providerProgram, options], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [line] = z.array(z.string()).parse(await once(createInterface(child.stdout), 'line'));
  const { url } = z.object({ url: z.string() }).parse(JSON.parse(line ?? ''));
  await studio.plugins.setNetwork(viewer, { name: plugin, isAllowed: true });
  await studio.plugins.enable(viewer, plugin);
  await studio.plugins.updateSettings(viewer, { name: plugin, settings: { endpoints: [{ name: endpoint, baseUrl: `${url}/v1` }] } });
  return {
    modelId: (name) => `${plugin}/${endpoint}/${name}`,
    close: async () => {
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      await exited;
    },
  };
}
