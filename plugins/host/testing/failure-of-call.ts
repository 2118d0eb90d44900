import { PluginFailure } from '../plugin-failure.ts';

/** What a call fails with. @throws Error where it does not fail, or not with a failure of a plugin */
export async function failureOfCall(call: Promise<unknown>): Promise<PluginFailure> {
  let value: unknown;
  try {
    value = await call;
  } catch (error) {
    if (error instanceof PluginFailure) return error;
    throw error;
  }
  throw new Error(`it did not fail: ${JSON.stringify(value)}`);
}
