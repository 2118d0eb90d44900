import fs from 'node:fs';
import path from 'node:path';
import { execFileSync } from 'node:child_process';

const packages = ['transformers==5.18.0', 'peft==0.21.0'];
const torch = '2.13.0';

/**
 * A Python virtual environment with PyTorch and PEFT, made when it is not there yet (some gigabytes where only the CUDA build of
 * PyTorch is to be had; set PIP_EXTRA_INDEX_URL to PyTorch's own index for the small one).
 * @returns the path of its python
 */
export function virtualEnvironment(folder: string, say: (line: string) => void): string {
  const python = path.join(folder, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');
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
