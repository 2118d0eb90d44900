export interface Vector {
  vector: number[];
  /** Of its text. */
  tokens: number;
}

interface Waiting {
  text: string;
  signal: AbortSignal;
  resolve: (vector: Vector) => void;
  reject: (error: unknown) => void;
}

/** Puts texts that are asked for at the same time, whoever asks, into passes of some texts each. */
export class TextBatches {
  readonly #run: (texts: readonly string[]) => Promise<readonly Vector[]>;
  readonly #size: number;
  #waiting: Waiting[] = [];
  #isRunning = false;

  /** @param size texts of one pass at most */
  constructor(run: (texts: readonly string[]) => Promise<readonly Vector[]>, size = 32) {
    this.#run = run;
    this.#size = size;
  }

  /** Vectors of texts in their order. @throws the reason of the signal, or what the pass threw */
  vectors(texts: readonly string[], signal: AbortSignal): Promise<Vector[]> {
    const all = texts.map((text) => new Promise<Vector>((resolve, reject) => this.#waiting.push({ text, signal, resolve, reject })));
    void this.#work();
    return Promise.all(all);
  }

  async #work(): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    // Others that ask in the same moment come along.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      for (const { signal, reject } of this.#waiting) if (signal.aborted) reject(signal.reason);
      this.#waiting = this.#waiting.filter(({ signal }) => !signal.aborted);
      // Texts of like length side by side: a pass is as long as its longest.
      const batch = this.#waiting.toSorted((a, b) => a.text.length - b.text.length).slice(0, this.#size);
      this.#waiting = this.#waiting.filter((one) => !batch.includes(one));
      if (batch.length > 0) await this.#pass(batch);
    }
    this.#isRunning = false;
  }

  async #pass(batch: readonly Waiting[]): Promise<void> {
    try {
      const vectors = await this.#run(batch.map(({ text }) => text));
      for (const [index, { resolve, reject }] of batch.entries()) {
        const vector = vectors[index];
        if (vector) resolve(vector);
        else reject(new Error('the model gave too few vectors'));
      }
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }
}
