import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { encodeEvent, type ScalarEvent, stepOf, versionEvent } from './event.ts';
import { encodeRecord, readRecords } from './records.ts';

const namePattern = /^events\.out\.tfevents\.\d{10}\./;

/** The event file of a run. A run has one, however often it is interrupted. */
export class EventFile {
  readonly #descriptor: number;
  #bytes: number;

  private constructor(descriptor: number, bytes: number) {
    this.#descriptor = descriptor;
    this.#bytes = bytes;
  }

  /**
   * Goes on with the file in a folder, or begins one. What it has of later steps is cut off: a resumed run computes them again.
   * Events of one step have the same size each time, so a TensorBoard that is reading does not lose its place.
   * @param lastStep of the checkpoint that the run goes on from; 0: the run begins.
   */
  static open(folder: string, lastStep: number): EventFile {
    fs.mkdirSync(folder, { recursive: true });
    const known = fs
      .readdirSync(folder)
      .filter((name) => namePattern.test(name))
      .sort()
      .at(-1);
    const seconds = Math.floor(Date.now() / 1000);
    const name = known ?? `events.out.tfevents.${String(seconds).padStart(10, '0')}.${os.hostname()}`;
    const descriptor = fs.openSync(path.join(folder, name), fs.constants.O_RDWR | fs.constants.O_CREAT, 0o644);
    const end = endOfStep(descriptor, lastStep);
    fs.ftruncateSync(descriptor, end);
    const file = new EventFile(descriptor, end);
    if (end === 0) file.#append(versionEvent(seconds));
    return file;
  }

  /** @throws the system's error when it cannot be written; the file is then as before. */
  write(event: ScalarEvent): void {
    this.#append(encodeEvent(event));
  }

  close(): void {
    fs.closeSync(this.#descriptor);
  }

  #append(data: Uint8Array): void {
    const record = encodeRecord(data);
    try {
      let written = 0;
      while (written < record.length)
        written += fs.writeSync(this.#descriptor, record, written, record.length - written, this.#bytes + written);
    } catch (error) {
      fs.ftruncateSync(this.#descriptor, this.#bytes);
      throw error;
    }
    this.#bytes += record.length;
  }
}

/** Where the events up to a step end. Steps rise through the file. A run that begins again tells step 0 again too. */
function endOfStep(descriptor: number, lastStep: number): number {
  let kept = 0;
  for (const { data, end } of readRecords(descriptor)) {
    const step = stepOf(data);
    if (step !== null && (step > lastStep || lastStep === 0)) break;
    kept = end;
  }
  return kept;
}
