import process from 'node:process';
import { detectHardware } from '@anneal/engine';

/** What a process of the engine needs of the environment; keys and settings of the server are none of its business. */
const passedOn = [
  'PATH',
  'HOME',
  'USER',
  'LANG',
  'LC_ALL',
  'TZ',
  'TMPDIR',
  'TEMP',
  'TMP',
  'SystemRoot',
  'LOCALAPPDATA',
  'XDG_CACHE_HOME',
  'XDG_DATA_HOME',
  'ANNEAL_CACHE',
  // Where the drivers of devices are.
  'LD_LIBRARY_PATH',
  'VK_DRIVER_FILES',
  'VK_ICD_FILENAMES',
  'CUDA_VISIBLE_DEVICES',
];

export const engineEnvironment = (): Record<string, string | undefined> =>
  Object.fromEntries(passedOn.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])));

/** More for a process that fetches from the Hugging Face Hub: where that is, and the token. */
export const hubEnvironment = (): Record<string, string | undefined> => {
  const { HF_ENDPOINT, HF_TOKEN } = process.env;
  return { HF_ENDPOINT, HF_TOKEN };
};

/** The same for a process that has one GPU for itself. Places take turns where there are more of them than GPUs. */
export async function environmentOfSlot(slot: string | null): Promise<Record<string, string | undefined>> {
  const environment = engineEnvironment();
  const place = /^cuda:(\d+)$/.exec(slot ?? '')?.[1];
  if (place === undefined) return environment;
  const { gpus } = await detectHardware();
  const visible = environment.CUDA_VISIBLE_DEVICES?.split(',') ?? gpus.map(({ index }) => String(index));
  return visible.length < 2 ? environment : { ...environment, CUDA_VISIBLE_DEVICES: visible[Number(place) % visible.length] };
}
