import process from 'node:process';
import { z } from 'zod';

/** What a process needs beside its sockets. */
const others = 200;

const limits = z.object({ userLimits: z.object({ open_files: z.object({ soft: z.unknown(), hard: z.unknown() }) }) });

/**
 * Nothing, when a process may open so many sockets or the system does not tell.
 * @throws Error that says what to do
 */
export function checkOpenFiles(sockets: number): void {
  const told = limits.safeParse(process.report.getReport());
  // Node raises the soft limit to the hard one when it starts.
  const most = told.success ? told.data.userLimits.open_files.soft : undefined;
  const needed = sockets + others;
  if (typeof most === 'number' && most < needed)
    throw new Error(
      `${sockets} subscribers need ${needed} open files in the server, and this system allows ${most}. Raise it: ulimit -n ${needed}`,
    );
}
