import { Command } from 'commander';
import type { TrainingPlan } from '../plan/plan.ts';
import { readConfigFile } from './config-file.ts';
import { inBytes, inCount, inDuration } from './in-words.ts';
import { numberIn } from './numbers.ts';

interface Options {
  pricePerHour?: number;
  json?: boolean;
}

export function planCommand(): Command {
  return new Command('plan')
    .description('Says before a run what it will take: memory, time, disk, cost. Trains slices of the model for some seconds to find out.')
    .argument('<config>', 'training configuration, a JSON file')
    .option('--price-per-hour <number>', 'what an hour of this machine costs, in any currency', numberIn({ least: 0 }))
    .option('--json', 'print JSON: sizes in bytes, times in seconds')
    .action(async (file: string, { pricePerHour, json }: Options) => {
      const config = readConfigFile(file);
      const { plan } = await import('../plan/plan.ts');
      const planned = await plan(config, { pricePerHour, folder: process.cwd() });
      console.log(json ? JSON.stringify(planned, null, 2) : inWords(planned));
    });
}

function inWords({
  parameters,
  trainableParameters,
  trainableShare,
  device,
  memory,
  time,
  disk,
  dataset,
  cost,
  warnings,
}: TrainingPlan): string {
  const about = dataset.isCounted ? '' : 'about ';
  const share = `${(100 * trainableShare).toPrecision(2)} %`;
  const rows: [string, string][] = [
    ['Parameters', `${inCount(parameters)}, of which ${inCount(trainableParameters)} are trained (${share})`],
    ['Dataset', `${about}${inCount(dataset.rows)} rows`],
    ['Device', device],
    ['Memory', `${inBytes(memory.peak)} at most; ${inBytes(memory.available)} available: ${memory.fits ? 'it fits' : 'it does not fit'}`],
    ['Time a step', `${inDuration(time.perStep)}${time.isMeasured ? '' : ' (estimated)'}`],
    ['Steps', inCount(time.steps)],
    ['Time', inDuration(time.total)],
    ['Disk', `${inBytes(disk.total)}${disk.available === null ? '' : `; ${inBytes(disk.available)} free here`}`],
    ...(cost === null ? [] : [['Cost', cost < 0.1 ? cost.toPrecision(2) : cost.toFixed(2)] satisfies [string, string]]),
  ];
  return [...rows.map(([name, value]) => `${name.padEnd(12)} ${value}`), ...warnings.map((warning) => `\n${warning}`)].join('\n');
}
