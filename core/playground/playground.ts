/** How the next token is chosen. */
export interface Sampling {
  /** 0: always the most likely. */
  temperature: number;
  /** Only from the k most likely; 0: from all. */
  topK: number;
  /** Only from the most likely that together reach this probability. */
  topP: number;
  maxTokens: number;
  seed: number;
  /** Ends before any of these. */
  stop: string[];
}

/** Some more text of one side. */
export interface PlaygroundChunk {
  side: 'BASE' | 'TUNED';
  text: string;
  done: boolean;
  /** Tokens and seconds of this side so far. */
  tokens: number;
  seconds: number;
  /** Why this side cannot go on. */
  problem?: string;
}

export interface PlaygroundRequest {
  runId: string;
  /** Of the run. Left out: its newest artifact; without one, its newest checkpoint that is kept. */
  checkpointId?: string;
  prompt: string;
  sampling: Sampling;
  signal: AbortSignal;
}

/** Generates with the base model and the tuned one side by side. */
export interface Playground {
  generate(request: PlaygroundRequest): AsyncIterable<PlaygroundChunk>;
  /** Lets go of everything it holds. */
  close(): void;
}
