import type { Studio } from '@anneal/core';
import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

const states = ['QUEUED', 'STARTING', 'RUNNING', 'PAUSING', 'PAUSED', 'CANCELLING', 'COMPLETED', 'CANCELLED', 'FAILED'] as const;
const seconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** What Prometheus reads at `/metrics`, in its text format. Names and units follow its conventions: https://prometheus.io/docs/practices/naming/ */
export class Measures {
  readonly #registry = new Registry();
  readonly #requests: Histogram<'route' | 'method' | 'status'>;
  readonly #operations: Histogram<'kind' | 'result'>;
  readonly #subscriptions: Gauge;

  /** @param openSockets asked whenever Prometheus asks */
  constructor(studio: Studio, openSockets: () => number) {
    const registers = [this.#registry];
    collectDefaultMetrics({ register: this.#registry });
    this.#requests = new Histogram({
      name: 'anneal_http_request_duration_seconds',
      help: 'HTTP requests, until the last byte of the answer: event streams until they end.',
      labelNames: ['route', 'method', 'status'],
      buckets: seconds,
      registers,
    });
    this.#operations = new Histogram({
      name: 'anneal_graphql_operation_duration_seconds',
      help: 'GraphQL operations; of subscriptions the time until they are open.',
      labelNames: ['kind', 'result'],
      buckets: seconds,
      registers,
    });
    this.#subscriptions = new Gauge({
      name: 'anneal_subscriptions',
      help: 'Running subscriptions, over WebSocket and server-sent events.',
      registers,
    });
    new Gauge({
      name: 'anneal_websockets',
      help: 'Open WebSockets.',
      registers,
      collect() {
        this.set(openSockets());
      },
    });
    new Gauge({
      name: 'anneal_runs',
      help: 'Runs by state.',
      labelNames: ['state'],
      registers,
      async collect() {
        const counts = await studio.prisma.run.groupBy({ by: ['state'], _count: true });
        for (const state of states) this.set({ state }, counts.find((count) => count.state === state)?._count ?? 0);
      },
    });
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }

  request(route: string, method: string, status: number, duration: number): void {
    this.#requests.observe({ route, method, status: String(status) }, duration);
  }

  operation(kind: string, result: 'success' | 'errors', duration: number): void {
    this.#operations.observe({ kind, result }, duration);
  }

  /** Counts a subscription as running. @returns to be called when it has ended */
  subscription(): () => void {
    this.#subscriptions.inc();
    return () => this.#subscriptions.dec();
  }
}
