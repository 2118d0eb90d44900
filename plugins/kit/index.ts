export * from './language-model.ts';
export { ModelError, modelErrorCodes, type ModelErrorCode } from './model-error.ts';
