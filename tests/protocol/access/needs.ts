/** What it takes to make a change. */
export type Need =
  /** Anybody, known or not. */
  | 'stranger'
  /** Somebody who is logged in, for what is their own. */
  | 'person'
  /** Somebody who is logged in, for an object of their own that the input names. */
  | 'holder'
  /** An administrator of the studio, in person. */
  | 'administrator'
  /** An owner of the project, in person. */
  | 'owner in person'
  /** Any member of the project, in person. */
  | 'member in person'
  /** At least this role in the project, and an API key this scope. */
  | { role: 'VIEWER' | 'EDITOR' | 'OWNER'; scope: 'read' | 'write' | 'train' | 'execute' | 'log' };

const editor = (scope: 'write' | 'train' | 'execute' | 'log'): Need => ({ role: 'EDITOR', scope });

/** Every mutation there is. One that is missing here fails the walk. */
export const mutationNeeds: Readonly<Record<string, Need>> = {
  register: 'stranger',
  logIn: 'stranger',
  refreshSession: 'stranger',
  logOut: 'person',
  changePassword: 'person',
  revokeSession: 'holder',
  createApiKey: 'holder',
  revokeApiKey: 'holder',

  createUser: 'administrator',
  resetPassword: 'administrator',
  deactivateUser: 'administrator',
  reactivateUser: 'administrator',
  setAdministrator: 'administrator',
  removeUser: 'administrator',

  enablePlugin: 'administrator',
  disablePlugin: 'administrator',
  setPluginNetwork: 'administrator',
  updatePluginSettings: 'administrator',
  reloadPlugins: 'administrator',
  unloadPlugin: 'administrator',
  warmUpPlugin: 'administrator',
  runPlugin: editor('execute'),
  warmUpLanguageModel: editor('execute'),

  createProject: 'person',
  updateProject: { role: 'OWNER', scope: 'write' },
  deleteProject: 'owner in person',
  addMember: 'owner in person',
  changeMemberRole: 'owner in person',
  removeMember: 'owner in person',
  leaveProject: 'member in person',

  updateExecutionPolicy: { role: 'OWNER', scope: 'write' },
  setModelPrice: editor('write'),
  deleteModelPrice: editor('write'),
  clearOutputCache: editor('write'),

  createExperiment: editor('write'),
  updateExperiment: editor('write'),
  deleteExperiment: editor('write'),

  startRun: editor('train'),
  cloneRun: editor('train'),
  retryRun: editor('train'),
  cancelRun: editor('train'),
  pauseRun: editor('train'),
  resumeRun: editor('train'),
  updateRun: editor('train'),
  deleteRun: editor('train'),
  deleteCheckpoint: editor('train'),
  createLoggedRun: editor('log'),
  finishLoggedRun: editor('log'),
  logMetrics: editor('log'),
  logRunMessage: editor('log'),
  exportMetrics: { role: 'VIEWER', scope: 'read' },

  registerBaseModel: editor('write'),
  downloadBaseModel: editor('write'),
  resumeBaseModelDownload: editor('write'),
  cancelBaseModelDownload: editor('write'),
  deleteBaseModel: editor('write'),

  createDataset: editor('write'),
  updateDataset: editor('write'),
  deleteDataset: editor('write'),
  addDatasetVersion: editor('write'),
  updateDatasetVersion: editor('write'),
  deleteDatasetVersion: editor('write'),
  createUpload: editor('write'),
  cancelUpload: editor('write'),

  createModel: editor('write'),
  updateModel: editor('write'),
  deleteModel: { role: 'OWNER', scope: 'write' },
  createModelVersion: editor('write'),
  verifyModelVersion: { role: 'VIEWER', scope: 'read' },
  deleteModelVersion: editor('write'),
  setModelAlias: editor('write'),
  rollBackModelAlias: editor('write'),
  removeModelAlias: editor('write'),

  createPrompt: editor('write'),
  createPromptFromReadyMade: editor('write'),
  setEmbeddingModel: editor('write'),
  updatePrompt: editor('write'),
  deletePrompt: editor('write'),
  createPromptVersion: editor('write'),
  deployPromptVersion: editor('write'),
  removePromptLabel: editor('write'),
  rollBackPromptLabel: editor('write'),
  protectPromptLabel: { role: 'OWNER', scope: 'write' },
  unprotectPromptLabel: { role: 'OWNER', scope: 'write' },
  importPrompts: editor('write'),
  createAbTest: editor('write'),
  stopAbTest: editor('write'),
  promoteAbTestWinner: editor('write'),
  deleteAbTest: editor('write'),
  executePrompt: editor('execute'),
  executeWording: editor('execute'),
  retryExecution: editor('execute'),
  cancelExecution: editor('execute'),
  executeBatch: editor('execute'),
  cancelExecutionBatch: editor('execute'),
  exportExecutionBatch: { role: 'VIEWER', scope: 'read' },
  giveFeedback: editor('execute'),
  deleteFeedback: editor('execute'),
};

/** Queries that show nothing of any project. Every other one has to show a member something of theirs, or the walk fails. */
export const queriesWithoutProject: readonly string[] = [
  'countTokens',
  'hardware',
  // Counts without a word; core/output-cache tests who may see them.
  'outputCache',
  'plugin',
  'plugins',
  'readyMadePrompts',
  'studio',
  'trainingConfigForm',
  'users',
];

/** Those that strangers may ask. */
export const queriesForStrangers: readonly string[] = ['studio', 'viewer'];

/** Subscriptions to what is not of a project, open to everybody who may read. */
export const subscriptionsWithoutProject: readonly string[] = ['hardware'];

/** Scopes of API keys that a subscription needs, where it is not `read`. */
export const subscriptionScopes: Readonly<Record<string, string>> = { pluginRun: 'execute', tryRun: 'execute' };

/** Those that a viewer may not follow: they change something, or cost something. */
export const subscriptionsForEditors: readonly string[] = ['pluginRun'];
