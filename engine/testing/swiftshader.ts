import fs from 'node:fs';
import path from 'node:path';

const driver = 'vk_swiftshader_icd.json';
const places = ['/usr/lib/chromium', '/usr/lib/chromium-browser', '/opt/google/chrome', '/opt/chromium'];

/**
 * The environment in which WebGPU finds a GPU on a machine without one: SwiftShader, the Vulkan driver in software that
 * comes with Chromium. Libraries are looked up when a process starts, so it is for child processes.
 * @returns null where Chromium is not installed; `CHROMIUM_PATH` names one at another place.
 */
export function swiftShaderEnvironment(): NodeJS.ProcessEnv | null {
  const named = process.env.CHROMIUM_PATH;
  const folders = named && fs.existsSync(named) ? [path.dirname(fs.realpathSync(named)), ...places] : places;
  const folder = folders.find((candidate) => fs.existsSync(path.join(candidate, driver)));
  if (!folder) return null;
  const libraries = [folder, process.env.LD_LIBRARY_PATH].filter(Boolean).join(path.delimiter);
  return { ...process.env, VK_DRIVER_FILES: path.join(folder, driver), LD_LIBRARY_PATH: libraries };
}
