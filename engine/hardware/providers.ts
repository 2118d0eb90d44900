import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { env, listSupportedBackends } from 'onnxruntime-node';
import { type Device, devices, executionProvider } from './device.ts';

/** Fetches what ONNX Runtime's npm package leaves out for its size. npm itself would not run it: install scripts are switched off. */
const cudaCommand = 'node node_modules/onnxruntime-node/script/install.js --onnxruntime-node-install';

/** Of ONNX Runtime. */
export const runtimeVersion = env.versions.node ?? env.versions.common;

/** A device that ONNX Runtime was built for on this platform. */
export interface Provider {
  device: Device;
  /** What has to be there first, and what to do about it. Null: it is worth a try. */
  missing: string | null;
}

/** What this build of ONNX Runtime can compute on, in the order of `devices`, and what obviously is not there. */
export function listProviders(environment: NodeJS.ProcessEnv = process.env): Provider[] {
  const built = new Set(listSupportedBackends().map(({ name }) => name));
  return devices.flatMap((device) => (built.has(executionProvider[device]) ? [{ device, missing: missing(device, environment) }] : []));
}

function missing(device: Device, environment: NodeJS.ProcessEnv): string | null {
  if (process.platform !== 'linux') return null;
  if (device === 'cuda') {
    if (!['/dev/nvidiactl', '/dev/nvidia0', '/dev/dxg'].some((file) => fs.existsSync(file))) return 'there is no NVIDIA GPU';
    return fs.existsSync(cudaLibrary()) ? null : `ONNX Runtime's CUDA libraries are not installed; fetch them with: ${cudaCommand}`;
  }
  if (device === 'webgpu') return hasVulkanDriver(environment) ? null : 'there is no Vulkan driver';
  return null;
}

const cudaLibrary = (): string => {
  const entry = createRequire(import.meta.url).resolve('onnxruntime-node');
  return path.join(entry, '../../bin/napi-v6', process.platform, process.arch, 'libonnxruntime_providers_cuda.so');
};

/** Where Vulkan looks for drivers (https://github.com/KhronosGroup/Vulkan-Loader/blob/main/docs/LoaderDriverInterface.md). */
export function vulkanDrivers({ VK_DRIVER_FILES, VK_ICD_FILENAMES, VK_ADD_DRIVER_FILES, XDG_DATA_HOME }: NodeJS.ProcessEnv): string[] {
  const home = XDG_DATA_HOME ?? path.join(os.homedir(), '.local/share');
  const folders = ['/etc', '/usr/local/etc', '/usr/share', '/usr/local/share', home].map((folder) => path.join(folder, 'vulkan/icd.d'));
  const installed = folders.flatMap((folder) => {
    try {
      return fs.readdirSync(folder).flatMap((name) => (name.endsWith('.json') ? [path.join(folder, name)] : []));
    } catch {
      return [];
    }
  });
  const named = (list: string | undefined) => (list ? list.split(path.delimiter) : []);
  const only = named(VK_DRIVER_FILES ?? VK_ICD_FILENAMES);
  return only.length > 0 ? only : [...named(VK_ADD_DRIVER_FILES), ...installed];
}

const hasVulkanDriver = (environment: NodeJS.ProcessEnv): boolean => vulkanDrivers(environment).length > 0;
