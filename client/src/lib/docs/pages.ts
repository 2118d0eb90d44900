/** The guides of the repository, each loaded when it is opened. */
const sources = import.meta.glob<string>('../../../../docs/*.md', { query: '?raw', import: 'default' });

/** What the guides are called here, in the order in which they are offered. */
export const guides = [
  { page: 'runs', title: 'Runs' },
  { page: 'data', title: 'Data' },
  { page: 'datasets', title: 'Datasets and files' },
  { page: 'methods', title: 'Methods and adapters' },
  { page: 'models', title: 'Models' },
  { page: 'prompts', title: 'Prompts' },
  { page: 'executions', title: 'Executions' },
  { page: 'language-models', title: 'Language models' },
  { page: 'plugins', title: 'Writing a plugin' },
  { page: 'security', title: 'How plugins are held' },
  { page: 'quantization', title: 'Smaller weights' },
  { page: 'runtimes', title: 'Runtimes' },
  { page: 'hardware', title: 'Hardware' },
  { page: 'api', title: 'The API' },
  { page: 'live', title: 'Following live' },
  { page: 'operation', title: 'Keeping a studio running' },
  { page: 'performance', title: 'Performance' },
  { page: 'architecture', title: 'How it is built' },
] as const;

/** The text of a guide; null when there is none of that name. */
export async function readGuide(page: string): Promise<string | null> {
  const source = sources[`../../../../docs/${page}.md`];
  return source ? source() : null;
}
