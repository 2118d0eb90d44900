// The inside of the sandbox's worker thread. Plain JavaScript, because Node 20 starts a worker thread from a file without the
// TypeScript loader of its parent.
import { parentPort } from 'node:worker_threads';
import { getQuickJS } from 'quickjs-emscripten';

/** Longest result that is read out of the sandbox, in characters of JSON. */
const longestResult = 1_000_000;
/** Well inside the 5 MB stack of the WebAssembly module, so that deep recursion is an error of the code and not a trap. */
const maxStackBytes = 512 * 1024;

const quickjs = await getQuickJS();
parentPort?.on('message', ({ code, entryPoint, calls, timeLimitMs, memoryLimitBytes }) => {
  parentPort?.postMessage(runCalls({ code, entryPoint, calls, timeLimitMs, memoryLimitBytes }));
});
parentPort?.postMessage('ready');

/**
 * Evaluates the code in a fresh runtime that is given no host function, and calls its entry point.
 * @param {{ code: string, entryPoint: string, calls: string[], timeLimitMs: number, memoryLimitBytes: number }} job
 *   `calls`: the arguments of each call, a JSON array.
 * @returns {{ error?: string, results: { json?: string, error?: string }[] }}
 */
function runCalls({ code, entryPoint, calls, timeLimitMs, memoryLimitBytes }) {
  const runtime = quickjs.newRuntime({ memoryLimitBytes, maxStackSizeBytes: maxStackBytes });
  const deadline = Date.now() + timeLimitMs;
  const late = () => Date.now() > deadline;
  runtime.setInterruptHandler(late);
  const context = runtime.newContext();
  const open = [context, runtime];
  const keep = (handle) => {
    open.unshift(handle);
    return handle;
  };
  const explain = (handle) => (late() ? `took longer than ${timeLimitMs} ms` : describeError(context, handle));
  try {
    // Taken before the code runs: whatever it does to JSON or to prototypes, these are the real ones. The expected results never
    // come in here, so there is nothing that it could compare with or pretend to.
    const json = keep(context.getProp(context.global, 'JSON'));
    const stringify = keep(context.getProp(json, 'stringify'));
    const parse = keep(context.getProp(json, 'parse'));

    const loaded = context.evalCode(code, 'answer.js');
    if (loaded.error) return { error: explain(keep(loaded.error)), results: [] };
    loaded.value.dispose();
    const found = context.evalCode(`typeof ${entryPoint} === 'function' ? ${entryPoint} : undefined`);
    if (found.error) return { error: explain(keep(found.error)), results: [] };
    const entry = keep(found.value);
    if (context.typeof(entry) !== 'function') return { error: `there is no function ${entryPoint}`, results: [] };

    const results = [];
    for (const call of calls) {
      if (late()) {
        results.push({ error: `took longer than ${timeLimitMs} ms` });
        continue;
      }
      results.push(callOnce(call));
    }
    return { results };

    function callOnce(call) {
      const text = context.newString(call);
      const parsed = context.callFunction(parse, context.undefined, text);
      text.dispose();
      if (parsed.error) return { error: explain(keep(parsed.error)) };
      const list = parsed.value;
      const count = JSON.parse(call).length;
      const args = Array.from({ length: count }, (_, index) => context.getProp(list, index));
      list.dispose();
      const called = context.callFunction(entry, context.undefined, ...args);
      for (const arg of args) arg.dispose();
      if (called.error) return { error: explain(keep(called.error)) };
      const dumped = context.callFunction(stringify, context.undefined, called.value);
      called.value.dispose();
      if (dumped.error) return { error: `the result is not JSON: ${explain(keep(dumped.error))}` };
      const result = keep(dumped.value);
      if (context.typeof(result) !== 'string') return { error: 'the result is not JSON: undefined, a function or a symbol' };
      const length = context.getProp(result, 'length').consume((handle) => context.getNumber(handle));
      if (length > longestResult) return { error: `the result is too long: ${length} characters of JSON` };
      return { json: context.getString(result) };
    }
  } finally {
    for (const handle of open) if (handle.alive) handle.dispose();
  }
}

/** Name and message of what was thrown; reading them may run code of the sandbox, which is why they are cut. */
function describeError(context, handle) {
  if (context.typeof(handle) !== 'object' || context.sameValue(handle, context.null))
    return `threw ${String(context.dump(handle)).slice(0, 200)}`;
  const part = (name) => {
    const value = context.getProp(handle, name);
    const text = context.typeof(value) === 'string' ? context.getString(value).slice(0, 200) : '';
    value.dispose();
    return text;
  };
  return [part('name') || 'an object', part('message')].filter(Boolean).join(': ');
}
