export * from './kit/index.ts';
export * from './host/index.ts';
export { ownModelId, type OwnModelFolders } from './anneal/own-model-folders.ts';
export { builtInPluginsFolder } from './built-in.ts';
