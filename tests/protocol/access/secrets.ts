import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { globalId } from '@anneal/schema';
import type { TestStudio } from '../test-studio.ts';
import type { Values } from './documents.ts';

/** In every name and text of the project that nobody else may see. */
export const secret = 'hush-hush';
/** In what only its owners may see. */
export const ownersSecret = 'owners-only';

type Prisma = TestStudio['studio']['prisma'];

const time = new Date();

/** What a project is filled with. All ids are those of the database. */
interface Contents {
  projectId: string;
  /** Its owner. */
  userId: string;
  /** Of all ids. */
  prefix: string;
  /** In everything that its members can read. */
  text: string;
  /** In what only its owners can read. */
  auditText: string;
  /** Where its files go. */
  dataFolder: string;
  /** The objects of another project that these were made from, as is the case when somebody was in both. */
  from?: { prefix: string };
}

/** Makes one object of every kind in a project. */
export async function fillProject(prisma: Prisma, { projectId, userId, prefix, text, auditText, dataFolder, from }: Contents) {
  const id = (name: string, of = prefix) => `${of}${name}`;
  const origin = from?.prefix ?? prefix;
  await mkdir(path.join(dataFolder, 'nowhere'), { recursive: true });
  await writeFile(path.join(dataFolder, 'nowhere', `${prefix}.jsonl`), JSON.stringify({ instruction: text, output: text }));
  await prisma.project.update({ where: { id: projectId }, data: { name: text, description: text } });
  await prisma.experiment.create({ data: { id: id('experiment'), projectId, name: text, description: text, searchText: text } });
  await prisma.dataset.create({ data: { id: id('dataset'), projectId, name: text, description: text, lastNumber: 1 } });
  await prisma.datasetVersion.create({
    data: {
      id: id('datasetversion'),
      datasetId: id('dataset'),
      number: 1,
      state: 'READY',
      contentHash: text,
      bytes: 1,
      path: `nowhere/${prefix}.jsonl`,
      source: 'UPLOAD',
      origin: { kind: 'upload', fileName: text },
      format: 'alpaca',
      rows: 1,
      problems: [{ row: 1, path: text, message: text }],
      notes: text,
    },
  });
  await prisma.baseModel.create({
    data: {
      id: id('basemodel'),
      projectId,
      name: text,
      state: 'FAILED',
      source: 'HUB',
      path: `nowhere/${prefix}`,
      hubId: text,
      problem: text,
    },
  });
  await prisma.run.create({
    data: {
      id: id('run'),
      name: text,
      projectId,
      experimentId: id('experiment'),
      source: 'LOGGED',
      state: 'COMPLETED',
      notes: text,
      searchText: text,
      parentId: from ? id('run', origin) : undefined,
      datasetVersionId: id('datasetversion', origin),
      baseModelId: id('basemodel', origin),
      config: { note: text },
      summary: { [text]: { last: 1, lastStep: 1, min: 1, max: 1, count: 1 } },
      startedAt: time,
      finishedAt: time,
      journalSequence: 1,
      eventSequence: 1,
      errorCode: 'FAILED',
      errorMessage: text,
      errorIssues: [{ path: text, message: text }],
      points: { create: { key: text, step: 1, value: 1, epoch: 1, tokens: 1, time, sequence: 1 } },
      events: { create: { sequence: 1, type: 'LOG', time, step: 1, level: 'INFO', message: text } },
      checkpoints: { create: { id: id('checkpoint'), step: 1, loss: 1, bytes: 1, path: text, createdAt: time } },
      artifacts: { create: { id: id('artifact'), kind: 'adapter', step: 1, bytes: 1, path: text, createdAt: time } },
      tags: { create: { name: text } },
    },
  });
  // To be compared with.
  await prisma.run.create({
    data: {
      id: id('run2'),
      name: text,
      projectId,
      experimentId: id('experiment'),
      source: 'LOGGED',
      state: 'COMPLETED',
      config: { note: `another ${text}` },
      summary: {},
      finishedAt: time,
    },
  });
  await prisma.model.create({ data: { id: id('model'), projectId, name: text, description: text, lastVersionNumber: 1 } });
  await prisma.modelVersion.create({
    data: {
      id: id('modelversion'),
      modelId: id('model'),
      number: 1,
      contentHash: text,
      kind: 'adapter',
      path: `nowhere/${prefix}`,
      bytes: 1,
      files: [{ name: text, bytes: 1, sha256: text }],
      metrics: { [text]: 1 },
      config: { note: text },
      notes: text,
      runId: id('run', origin),
      baseModelId: id('basemodel', origin),
      datasetVersionId: id('datasetversion', origin),
      parentId: from ? id('modelversion', origin) : undefined,
      aliases: { create: { modelId: id('model'), name: text, updatedAt: time } },
    },
  });
  await prisma.modelVersion.create({
    data: {
      id: id('modelversion2'),
      modelId: id('model'),
      number: 2,
      contentHash: text,
      kind: 'model',
      // One that is there, so that it can be asked.
      path: 'tiny/model',
      bytes: 1,
      files: [],
      metrics: {},
    },
  });
  await prisma.aliasChange.create({ data: { id: id('aliaschange'), modelId: id('model'), alias: text, toNumber: 1 } });
  const wording = { template: text, variables: [], examples: [{ input: text, output: text }], includes: [], stop: [text] };
  await prisma.prompt.create({
    data: {
      id: id('prompt'),
      projectId,
      name: text,
      description: text,
      category: text,
      useCase: text,
      lastNumber: 2,
      createdById: userId,
      tags: { create: { name: text } },
      versions: {
        create: [
          { id: id('promptversion'), number: 1, contentHash: text, notes: text, systemPrompt: text, createdById: userId, ...wording },
          { id: id('promptversion2'), number: 2, contentHash: `${text} 2`, ...wording, template: `another ${text}` },
        ],
      },
    },
  });
  await prisma.promptLabel.create({ data: { promptId: id('prompt'), name: text, versionId: id('promptversion'), updatedAt: time } });
  await prisma.labelChange.create({
    data: { id: id('labelchange'), promptId: id('prompt'), label: text, toNumber: 1, notes: text, userId },
  });
  await prisma.protectedLabel.create({ data: { projectId, name: text } });
  await prisma.abTest.create({
    data: {
      id: id('abtest'),
      promptId: id('prompt'),
      name: text,
      state: 'RUNNING',
      metric: 'RATING',
      createdById: userId,
      winnerVariantId: id('variant'),
      variants: {
        create: [
          { id: id('variant'), position: 0, name: text, promptVersionId: id('promptversion'), weight: 1 },
          { id: id('variant2'), position: 1, name: `${text} 2`, promptVersionId: id('promptversion2'), weight: 1 },
        ],
      },
    },
  });
  await prisma.executionBatch.create({
    data: {
      id: id('executionbatch'),
      projectId,
      promptVersionId: id('promptversion'),
      datasetVersionId: id('datasetversion'),
      state: 'COMPLETED',
      model: text,
      columns: { [text]: text },
      parameters: {},
      concurrency: 1,
      total: 1,
      failed: 1,
      errorMessage: text,
      createdById: userId,
      finishedAt: time,
    },
  });
  await prisma.execution.create({
    data: {
      id: id('execution'),
      projectId,
      state: 'FAILED',
      promptId: id('prompt'),
      promptVersionId: id('promptversion'),
      label: text,
      abTestId: id('abtest'),
      abVariantId: id('variant'),
      batchId: id('executionbatch'),
      batchRow: 1,
      sessionId: text,
      subjectId: text,
      userId,
      model: text,
      parameters: { temperature: 0, maxTokens: 1, stop: [text] },
      variables: { [text]: text },
      systemPrompt: text,
      messages: [{ role: 'user', content: text }],
      includes: [{ name: text, label: text, number: 1 }],
      output: text,
      outputLength: text.length,
      errorCode: 'FAILED',
      errorMessage: text,
      errorIssues: [{ path: text, message: text }],
      finishedAt: time,
    },
  });
  await prisma.modelPrice.create({ data: { projectId, model: text, inputPerMillion: 1, outputPerMillion: 1 } });
  await prisma.feedback.create({ data: { id: id('feedback'), executionId: id('execution'), userId, rating: 1, text } });
  await prisma.upload.create({
    data: {
      id: id('upload'),
      projectId,
      userId,
      purpose: 'DATASET',
      fileName: `${text}.jsonl`,
      bytes: 1,
      expiresAt: new Date(time.getTime() + 3_600_000),
    },
  });
  await prisma.auditEntry.create({ data: { id: id('auditentry'), projectId, action: 'test', details: { note: auditText } } });
}

/** Global ids of the types with ids, as `node` takes them. */
export function nodeIds(
  prefix: string,
  others: { Project: string; User: string; Session: string; ApiKey: string },
): Record<string, string> {
  const own = {
    Experiment: 'experiment',
    Run: 'run',
    Checkpoint: 'checkpoint',
    Artifact: 'artifact',
    Dataset: 'dataset',
    DatasetVersion: 'datasetversion',
    BaseModel: 'basemodel',
    Model: 'model',
    ModelVersion: 'modelversion',
    Prompt: 'prompt',
    PromptVersion: 'promptversion',
    AbTest: 'abtest',
    Feedback: 'feedback',
    Execution: 'execution',
    ExecutionBatch: 'executionbatch',
    Upload: 'upload',
    AuditEntry: 'auditentry',
  };
  return { ...others, ...Object.fromEntries(Object.entries(own).map(([type, name]) => [type, globalId(type, `${prefix}${name}`)])) };
}

/** What arguments and input fields are filled with, by their names or their places. */
export function valuesFor(prefix: string, nodes: Readonly<Record<string, string>>): Values {
  const byType = Object.entries(nodes).map(([type, id]) => [`${type.charAt(0).toLowerCase()}${type.slice(1)}Id`, id]);
  const [run, version] = [nodes.Run ?? '', nodes.ModelVersion ?? ''];
  return {
    nodes,
    ids: {
      ...Object.fromEntries(byType),
      id: run,
      versionId: version,
      parentId: version,
      successorId: nodes.User ?? '',
      fromId: nodes.PromptVersion ?? '',
      toId: globalId('PromptVersion', `${prefix}promptversion2`),
      basedOnId: nodes.PromptVersion ?? '',
      variantId: `${prefix}variant`,
    },
    others: {
      'compareModelVersions.ids': [version, globalId('ModelVersion', `${prefix}modelversion2`)],
      'baseModelDownload.id': nodes.BaseModel,
      'deployPromptVersion.input.versionId': nodes.PromptVersion,
      'executePrompt.input.versionId': nodes.PromptVersion,
      'previewPrompt.input.versionId': nodes.PromptVersion,
      'searchPrompts.text': secret,
      'executionFigures.by': 'MODEL',
      'retryExecution.input.versionId': nodes.PromptVersion,
      'executeBatch.input.versionId': nodes.PromptVersion,
      'executionStream.id': nodes.Execution,
      'executionBatchProgress.batchId': nodes.ExecutionBatch,
      'cancelExecutionBatch.input.batchId': nodes.ExecutionBatch,
      'exportExecutionBatch.input.batchId': nodes.ExecutionBatch,
      'prompt.name': secret,
      'deleteDatasetVersion.input.versionId': nodes.DatasetVersion,
      'updateDatasetVersion.input.versionId': nodes.DatasetVersion,
      // One that is there: another one is not found, whoever asks.
      'pluginRun.input.name': 'code-analyser',
      'compareRunConfigs.runIds': [run, globalId('Run', `${prefix}run2`)],
    },
  };
}
