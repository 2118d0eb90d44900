/** Where a training step can be computed. Every name is an execution provider of ONNX Runtime. */
export const devices = ['cpu', 'webgpu', 'cuda', 'directml', 'coreml'] as const;

export type Device = (typeof devices)[number];

export const isDevice = (name: string): name is Device => devices.some((device) => device === name);

/** What ONNX Runtime calls a device (https://onnxruntime.ai/docs/execution-providers). */
export const executionProvider: Record<Device, string> = {
  cpu: 'cpu',
  webgpu: 'webgpu',
  cuda: 'cuda',
  directml: 'dml',
  coreml: 'coreml',
};
