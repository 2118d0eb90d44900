import { dataOf, direct, studio } from '../graphql/client.ts';
import { ConfigForm, CreateExperiment, StartChoices, StartRun } from './documents.ts';
import { asRecord, configOf, type Draft, type Section } from './fields.ts';
import { placeIssues, type Issue } from './issues.ts';
import type { ResultOf } from '../graphql/tada.ts';

export type BaseModel = ResultOf<typeof StartChoices>['baseModels'][number];
type Experiment = ResultOf<typeof StartChoices>['experiments']['edges'][number]['node'];

const key = 'anneal.new-run';
/** The choice that opens the field for a new experiment's name. */
export const newExperiment = 'new';

/** What is typed about a run beside its configuration. */
const ownPaths = ['name', 'experimentId', 'experimentName'];

/** The form that starts a run. All that is typed is kept in the browser's tab until the run has started. */
export class StartForm {
  state = $state<'loading' | 'ready' | 'failed'>('loading');
  /** Why the form could not be shown, or why the run was not started. */
  problem = $state('');
  sections = $state.raw<readonly Section[]>([]);
  baseModels = $state.raw<readonly BaseModel[]>([]);
  experiments = $state.raw<readonly Experiment[]>([]);
  draft = $state.raw<Draft>(storedDraft());
  starting = $state(false);
  /** What the studio said about fields, by path. */
  errors = $state.raw<Readonly<Record<string, string>>>({});
  /** What it said that belongs to no field. */
  elsewhere = $state.raw<readonly Issue[]>([]);

  async load(): Promise<void> {
    try {
      const [form, choices] = await Promise.all([
        studio.query(ConfigForm, {}).toPromise(),
        studio.query(StartChoices, {}, { requestPolicy: 'network-only' }).toPromise(),
      ]);
      this.sections = dataOf(form).trainingConfigForm.sections;
      const { baseModels, experiments } = dataOf(choices);
      this.baseModels = baseModels;
      this.experiments = experiments.edges.map(({ node }) => node);
      this.state = 'ready';
    } catch (error) {
      this.state = 'failed';
      this.problem = messageOf(error);
    }
  }

  text(path: string): string {
    return this.draft[path] ?? '';
  }

  /** Takes what was typed; the studio's complaint about the field is then out of date. */
  type(path: string, text: string): void {
    this.draft = { ...this.draft, [path]: text };
    if (this.errors[path] !== undefined) this.errors = without(this.errors, path);
    sessionStorage.setItem(key, JSON.stringify(this.draft));
  }

  /** Back to the defaults of everything. */
  reset(): void {
    this.draft = {};
    this.#forgetErrors();
    sessionStorage.removeItem(key);
  }

  /** Starts the run and answers its id; or shows what is wrong and answers null. */
  async start(): Promise<string | null> {
    this.starting = true;
    this.#forgetErrors();
    try {
      const experiment = await this.#experiment();
      if (experiment === 'failed') return null;
      const input = { name: this.text('name').trim() || null, experimentId: experiment, config: configOf(this.sections, this.draft) };
      const { startRun } = dataOf(await direct.mutation(StartRun, { input }).toPromise());
      if (startRun.__typename === 'StartRunSuccess') {
        sessionStorage.removeItem(key);
        return startRun.data.id;
      }
      this.problem = startRun.message;
      if (startRun.__typename === 'InvalidInput') {
        const placed = placeIssues(startRun.issues, [
          ...ownPaths,
          ...this.sections.flatMap(({ fields }) => fields.map(({ path }) => path)),
        ]);
        this.errors = placed.byPath;
        this.elsewhere = placed.elsewhere;
      }
    } catch (error) {
      this.problem = messageOf(error);
    } finally {
      this.starting = false;
    }
    return null;
  }

  /** The experiment's id, made first when it is a new one; null for the default one. */
  async #experiment(): Promise<string | null> {
    const chosen = this.text('experimentId');
    if (chosen !== newExperiment) return chosen || null;
    const { createExperiment } = dataOf(
      await direct.mutation(CreateExperiment, { input: { name: this.text('experimentName').trim() } }).toPromise(),
    );
    if (createExperiment.__typename !== 'CreateExperimentSuccess') {
      this.problem = 'The experiment could not be made.';
      this.errors = { experimentName: createExperiment.message };
      return 'failed';
    }
    // It is there now, whatever becomes of the run.
    this.experiments = [...this.experiments, createExperiment.data];
    this.type('experimentId', createExperiment.data.id);
    return createExperiment.data.id;
  }

  #forgetErrors(): void {
    this.problem = '';
    this.errors = {};
    this.elsewhere = [];
  }
}

function storedDraft(): Draft {
  try {
    const stored: unknown = JSON.parse(sessionStorage.getItem(key) ?? '{}');
    return Object.fromEntries(Object.entries(asRecord(stored)).filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
  } catch {
    return {};
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const without = (record: Readonly<Record<string, string>>, path: string): Record<string, string> =>
  Object.fromEntries(Object.entries(record).filter(([other]) => other !== path));
