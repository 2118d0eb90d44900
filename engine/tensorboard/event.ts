import { ProtobufWriter } from '../onnx/protobuf.ts';

/** Values of one moment, as TensorBoard keeps them (tensorboard/compat/proto/event.proto, summary.proto). */
export interface ScalarEvent {
  /** Seconds since 1970. */
  wallTime: number;
  step: number;
  /** By tag: `train/loss`. Kept as float32. */
  scalars: Readonly<Record<string, number>>;
}

/** What a file begins with. */
export const versionEvent = (wallTime: number): Uint8Array => new ProtobufWriter().double(1, wallTime).string(3, 'brain.Event:2').finish();

export function encodeEvent({ wallTime, step, scalars }: ScalarEvent): Uint8Array {
  return new ProtobufWriter()
    .double(1, wallTime)
    .integer(2, step)
    .message(5, (summary) => {
      for (const [tag, value] of Object.entries(scalars)) summary.message(1, (entry) => entry.string(1, tag).float(2, value));
    })
    .finish();
}

/** The step of an event; null for one without, as the first in a file. @throws RangeError where the bytes are no event */
export function stepOf(event: Uint8Array): number | null {
  const view = new DataView(event.buffer, event.byteOffset, event.byteLength);
  let position = 0;
  const varint = () => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = view.getUint8(position++);
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  while (position < event.length) {
    const key = varint();
    const wireType = key & 7;
    // A number, or the length of what follows.
    const value = wireType === 0 || wireType === 2 ? varint() : 0;
    if (key === 2 << 3) return value;
    position += wireType === 1 ? 8 : wireType === 5 ? 4 : wireType === 2 ? value : 0;
  }
  return null;
}
