import type * as tensorFlow from '@tensorflow/tfjs';

/** The interface of TensorFlow.js, the same in each of its packages. */
export type TensorFlow = typeof tensorFlow;

export type Tensor = tensorFlow.Tensor;
