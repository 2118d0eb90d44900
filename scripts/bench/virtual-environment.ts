import fs from 'node:fs';
import path from 'node:path';
import { execFileSync } from 'node:child_process';

const packages = ['transformers==5.18.0', 'peft==0.21.0'];
const torch = '2.13.0';

/** A Python that has PyTorch and PEFT, or why there is none. */
export type Peer = { python: string } | { reason: string };

/**
 * Finds the Python of PyTorch + PEFT.
 * @param venv a virtual environment that has them. @param folder where one is made otherwise.
 */
export function findPeer(venv: string | undefined, folder: string, say: (line: string) => void): Peer {
  try {
    const python = venv ? path.join(path.resolve(venv), inVenv) : virtualEnvironment(folder, say);
    execFileSync(python, ['-c', 'import torch, transformers, peft'], { stdio: ['ignore', 'ignore', 'pipe'] });
    return { python };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { reason: `There is no Python with PyTorch and PEFT: ${message.trim().split('\n').at(-1) ?? ''}` };
  }
}

const inVenv = process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python';

/**
 * A Python virtual environment with PyTorch and PEFT, made when it is not there yet (some gigabytes where only the CUDA build of
 * PyTorch is to be had; set PIP_EXTRA_INDEX_URL to PyTorch's own index for the small one).
 * @returns the path of its python
 */
function virtualEnvironment(folder: string, say: (line: string) => void): string {
  const python = path.join(folder, inVenv);
  const stamp = path.join(folder, 'installed');
  if (fs.existsSync(stamp)) return python;
  say(`Making a Python environment with PyTorch and PEFT in ${folder} (once)…`);
  fs.rmSync(folder, { recursive: true, force: true });
  execFileSync('python3', ['-m', 'venv', folder], { stdio: ['ignore', 'ignore', 'inherit'] });
  const install = (...names: string[]) =>
    execFileSync(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...names], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
  if (process.platform === 'linux' && process.arch === 'x64') {
    try {
      install(`torch==${torch}+cpu`);
    } catch {
      install(`torch==${torch}`);
    }
  } else {
    install(`torch==${torch}`);
  }
  install(...packages);
  fs.writeFileSync(stamp, '');
  return python;
}
