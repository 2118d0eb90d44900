/** A linear layer; its weight is the tensor `${name}.weight`. */
export interface LinearLayer {
  name: string;
  inputs: number;
  outputs: number;
  /** Shape of the stored weight: [out, in], or [in, out] as in GPT-2. */
  layout: 'out-in' | 'in-out';
}

/** The tensors of a model while a family lists them. */
export class TensorList {
  readonly shapes = new Map<string, readonly number[]>();
  readonly linears: LinearLayer[] = [];

  add(name: string, ...shape: number[]): void {
    this.shapes.set(name, shape);
  }

  linear(name: string, [outputs, inputs]: readonly [number, number], bias: boolean, layout: LinearLayer['layout'] = 'out-in'): void {
    this.linears.push({ name, inputs, outputs, layout });
    this.shapes.set(`${name}.weight`, layout === 'out-in' ? [outputs, inputs] : [inputs, outputs]);
    if (bias) this.shapes.set(`${name}.bias`, [outputs]);
  }
}
