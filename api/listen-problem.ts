/** What went wrong with listening, and what to do; undefined when it is something else. */
export function listenProblem(error: unknown, { port, host }: { port: number; host: string }): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  switch (code) {
    case 'EADDRINUSE':
      return `Port ${port} on ${host} is in use: perhaps by a studio that runs already, see http://localhost:${port}. To use another one: PORT=${port < 65_535 ? port + 1 : 4001} npm start`;
    case 'EACCES':
      return `Port ${port} may not be used without special rights. To use another one: PORT=4000 npm start`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `HOST is "${host}", which is no address of this machine. Leave it out for this machine alone, or use HOST=0.0.0.0 for all its addresses.`;
    default:
      return undefined;
  }
}
