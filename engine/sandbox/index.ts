export { Sandbox, type SandboxLimits, type SandboxTest, type TaskResult, type TestFailure } from './sandbox.ts';
