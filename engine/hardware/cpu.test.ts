import os from 'node:os';
import { describe, expect, it } from 'vitest';
import { detectCpu, readCpuInfo, readSysctl } from './cpu.ts';

/** Two sockets of two cores, two threads each, as Linux lists them; shortened. */
const xeon = Array.from({ length: 8 }, (_, processor) =>
  [
    `processor\t: ${processor}`,
    'vendor_id\t: GenuineIntel',
    'model name\t: Intel(R) Xeon(R) Platinum 8480+',
    `physical id\t: ${Math.floor(processor / 2) % 2}`,
    'siblings\t: 4',
    `core id\t\t: ${processor % 2}`,
    'cpu cores\t: 2',
    'flags\t\t: fpu sse4_2 avx avx2 fma avx512f avx512_vnni avx512_bf16 amx_tile amx_int8 amx_bf16',
    '',
  ].join('\n'),
).join('\n');

const graviton = `processor\t: 0
BogoMIPS\t: 2100.00
Features\t: fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm asimddp sve i8mm bf16
CPU implementer\t: 0x41
CPU part\t: 0xd40

processor\t: 1
Features\t: fp asimd asimddp sve i8mm bf16
`;

const macBook = `hw.ncpu: 10
hw.physicalcpu: 10
hw.logicalcpu: 10
hw.optional.neon: 1
hw.optional.arm.FEAT_DotProd: 1
hw.optional.arm.FEAT_I8MM: 1
hw.optional.arm.FEAT_BF16: 1
hw.optional.arm.FEAT_SME: 0
machdep.cpu.brand_string: Apple M3 Pro
`;

describe('the processor', () => {
  it('is read from /proc/cpuinfo of an x86 machine with two sockets', () => {
    expect(readCpuInfo(xeon)).toEqual({
      model: 'Intel(R) Xeon(R) Platinum 8480+',
      physicalCores: 4,
      features: ['AVX2', 'AVX-512', 'VNNI', 'BF16', 'AMX'],
    });
  });

  it('is read from /proc/cpuinfo of an ARM machine, which names neither model nor cores', () => {
    expect(readCpuInfo(graviton)).toEqual({ model: null, physicalCores: null, features: ['BF16', 'NEON', 'DOTPROD', 'I8MM', 'SVE'] });
  });

  it('is read from sysctl', () => {
    expect(readSysctl(macBook)).toEqual({ model: 'Apple M3 Pro', physicalCores: 10, features: ['BF16', 'NEON', 'DOTPROD', 'I8MM'] });
  });

  it('of this machine has a name and as many threads as Node may run', async () => {
    const cpu = await detectCpu();
    expect(cpu.model).not.toBe('');
    expect(cpu.logicalCores).toBe(os.availableParallelism());
    // This build of ONNX Runtime and Node run on nothing less.
    if (process.platform === 'linux') expect(cpu.features).toContain(process.arch === 'arm64' ? 'NEON' : 'AVX2');
  });
});
