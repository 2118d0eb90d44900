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

  createProject: 'person',
  updateProject: { role: 'OWNER', scope: 'write' },
  deleteProject: 'owner in person',
  addMember: 'owner in person',
  changeMemberRole: 'owner in person',
  removeMember: 'owner in person',
  leaveProject: 'member in person',

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
};

/** Queries that show nothing of any project. Every other one has to show a member something of theirs, or the walk fails. */
export const queriesWithoutProject: readonly string[] = ['hardware', 'studio', 'trainingConfigForm', 'users'];

/** Those that strangers may ask. */
export const queriesForStrangers: readonly string[] = ['studio', 'viewer'];

/** Subscriptions to what is not of a project, open to everybody who may read. */
export const subscriptionsWithoutProject: readonly string[] = ['hardware'];

/** Scopes of API keys that a subscription needs, where it is not `read`. */
export const subscriptionScopes: Readonly<Record<string, string>> = { tryRun: 'execute' };
