/** Where a request comes from. */
export interface Client {
  /** IP address; empty when it came from inside. */
  address: string;
  /** What the program calls itself; may be empty. */
  userAgent: string;
}
