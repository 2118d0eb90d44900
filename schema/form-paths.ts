import { Invalid } from '@anneal/core';

/** Names the fields of a configuration in issues as the form does: `optimizer.learningRate`. */
export async function withFormPaths<T>(change: () => Promise<T>): Promise<T> {
  try {
    return await change();
  } catch (error) {
    if (!(error instanceof Invalid)) throw error;
    const issues = error.issues.map(({ path, message }) => ({ path: path.replace(/^config\./, ''), message }));
    throw new Invalid(error.message, issues, { cause: error });
  }
}
