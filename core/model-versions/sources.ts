import path from 'node:path';
import { EngineError, inspectAdapter, inspectModel } from '@anneal/engine';
import type { PrismaClient, Run, Upload } from '@anneal/prisma';
import type { Viewer } from '../access/viewer.ts';
import { Conflict, Invalid, NotFound } from '../errors.ts';
import { isEnded } from '../runs/states.ts';
import type { UploadService } from '../uploads/uploads.ts';
import { fileNames } from './content.ts';
import type { SourceFile } from './version-folders.ts';

export interface VersionSource {
  kind: 'adapter' | 'model';
  files: SourceFile[];
  /** What made it; null for one that was made elsewhere. */
  run: Run | null;
  /** Whose weights these are. */
  step: number | null;
  /** Whole files that go into the version and are not needed any more then. */
  uploads: readonly Pick<Upload, 'id'>[];
}

/** Where the files of a new version come from; exactly one. */
export interface SourceInput {
  /** An ended run: its last artifact. */
  runId?: string;
  /** One artifact of an ended run. */
  artifactId?: string;
  /** Uploads for a model: an adapter folder or a model folder, file by file. */
  uploadIds?: readonly string[];
}

interface Rooms {
  prisma: PrismaClient;
  uploads: Pick<UploadService, 'finished' | 'folderOf'>;
  runFolderOf: (runId: string) => string;
}

/**
 * Finds the files of a new version.
 * @param projectId that of the model: what a version is made of belongs to the same one
 * @throws Invalid, NotFound, Conflict while the run or an upload is not done
 */
export async function versionSource(rooms: Rooms, viewer: Viewer | null, projectId: string, input: SourceInput): Promise<VersionSource> {
  const { runId, artifactId, uploadIds } = input;
  if ([runId, artifactId, uploadIds].filter((given) => given !== undefined).length !== 1) {
    throw invalid('runId', 'Name what the version is made of: runId, artifactId or uploadIds, one of them.');
  }
  if (uploadIds !== undefined) {
    if (!viewer) throw new Error('uploads belong to somebody');
    return fromUploads(rooms, viewer, projectId, uploadIds);
  }
  return fromArtifact(rooms, projectId, runId, artifactId);
}

async function fromArtifact(
  { prisma, runFolderOf }: Rooms,
  projectId: string,
  runId: string | undefined,
  artifactId: string | undefined,
): Promise<VersionSource> {
  const where = { ...(artifactId === undefined ? { runId } : { id: artifactId }), run: { projectId } };
  const artifact = await prisma.artifact.findFirst({ where, orderBy: [{ createdAt: 'desc' }, { step: 'desc' }], include: { run: true } });
  if (!artifact) {
    const run = runId === undefined ? null : await prisma.run.findUnique({ where: { id: runId, projectId } });
    if (run) throw new Conflict(`The run "${run.name}" has saved nothing: there is no adapter or model to make a version of.`);
    throw new NotFound(
      artifactId === undefined
        ? `There is no run ${runId ?? ''} in the project of the model.`
        : `There is no artifact ${artifactId} in the project of the model.`,
    );
  }
  const { run, kind, step } = artifact;
  if (!isEnded(run.state))
    throw new Conflict(`The run "${run.name}" has not ended, and may still change what it has saved. Wait, or cancel it.`);
  const folder = path.join(runFolderOf(run.id), artifact.path);
  const names = await fileNames(folder).catch(() => []);
  if (names.length === 0) throw new Conflict(`What the run "${run.name}" has saved in ${artifact.path} is not there any more.`);
  const files = names.map((name) => ({ name, path: path.join(folder, name) }));
  return { kind: kind === 'adapter' ? 'adapter' : 'model', files, run, step, uploads: [] };
}

/** What is read and never run; everything of a Hugging Face folder that Anneal uses. */
const allowedName = /^[\w][\w.-]*\.(safetensors|json|jinja|txt|md|model)$|^(LICENSE|LICENCE|NOTICE)$/;

async function fromUploads({ uploads }: Rooms, viewer: Viewer, projectId: string, ids: readonly string[]): Promise<VersionSource> {
  const found = await Promise.all(ids.map((id) => uploads.finished(viewer, id, 'MODEL', projectId)));
  const names = found.map(({ fileName }) => fileName);
  const issues = names.flatMap((name, index) => {
    if (names.indexOf(name) < index) return [{ path: `uploadIds.${index}`, message: `"${name}" is there twice.` }];
    if (allowedName.test(name)) return [];
    return [
      {
        path: `uploadIds.${index}`,
        message: `"${name}" is no file of a model: safetensors, JSON, tokenizer, templates and texts are. Pickle and code are not taken.`,
      },
    ];
  });
  if (names.includes('adapter_config.json') === names.includes('config.json')) {
    issues.push({
      path: 'uploadIds',
      message:
        'An adapter needs adapter_config.json and adapter_model.safetensors, a model config.json, model.safetensors and tokenizer.json.',
    });
  }
  if (issues.length > 0) throw new Invalid('The uploads make no version.', issues);
  const files = found.map(({ id, fileName: name }) => ({ name, path: path.join(uploads.folderOf(id), '00001.part') }));
  return { kind: names.includes('config.json') ? 'model' : 'adapter', files, run: null, step: null, uploads: found };
}

/** Makes sure that what was uploaded can be used. @throws Invalid */
export async function checkUploaded(kind: VersionSource['kind'], folder: string): Promise<void> {
  try {
    await (kind === 'adapter' ? inspectAdapter(folder) : inspectModel(folder));
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    // Where the folder lies is nobody's business.
    throw invalid('uploadIds', error.message.replaceAll(`${folder}${path.sep}`, '').replaceAll(folder, 'The folder'));
  }
}

function invalid(field: string, message: string): Invalid {
  return new Invalid(message, [{ path: field, message }]);
}
