import type { IncomingMessage, ServerResponse } from 'node:http';
import process from 'node:process';
import { context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';

/** Does nothing until `startTelemetry` was called. */
const tracer = trace.getTracer('anneal');

/**
 * Sends traces to a collector (OTLP over HTTP) when one is named by OTEL_EXPORTER_OTLP_ENDPOINT or OTEL_EXPORTER_OTLP_TRACES_ENDPOINT;
 * OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES, OTEL_TRACES_SAMPLER and the exporter's own variables count as everywhere:
 * https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/. Without one nothing is loaded.
 * @returns sends what is left, and stops.
 */
export async function startTelemetry(variables = process.env): Promise<() => Promise<void>> {
  const endpoint = variables.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ?? variables.OTEL_EXPORTER_OTLP_ENDPOINT;
  if (!endpoint || variables.OTEL_SDK_DISABLED === 'true') return async () => undefined;
  const [{ BatchSpanProcessor, NodeTracerProvider }, { OTLPTraceExporter }, resources] = await Promise.all([
    import('@opentelemetry/sdk-trace-node'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
  ]);
  const detected = resources.detectResources({ detectors: [resources.envDetector] });
  const provider = new NodeTracerProvider({
    resource: resources.resourceFromAttributes({ 'service.name': 'anneal' }).merge(detected),
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
  });
  provider.register();
  return () => provider.shutdown();
}

/**
 * Runs the work of a request within a span of its own, below the caller's when it names one (W3C Trace Context). Neither query nor
 * headers are in it: they may hold secrets.
 */
export function traceRequest(request: IncomingMessage, response: ServerResponse, route: string, work: () => void): void {
  const { method = 'GET', headers } = request;
  const parent = propagation.extract(context.active(), headers);
  const attributes = { 'http.request.method': method, 'http.route': route };
  const span = tracer.startSpan(`${method} ${route}`, { kind: SpanKind.SERVER, attributes }, parent);
  response.once('close', () => {
    span.setAttribute('http.response.status_code', response.statusCode);
    if (response.statusCode >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
    span.end();
  });
  context.with(trace.setSpan(parent, span), work);
}

/** A span for one GraphQL operation. @returns ends it */
export function traceOperation(kind: string, name: string | undefined): (result: 'success' | 'errors') => void {
  const attributes = { 'graphql.operation.type': kind, ...(name !== undefined && { 'graphql.operation.name': name }) };
  const span = tracer.startSpan(name === undefined ? kind : `${kind} ${name}`, { attributes });
  return (result) => {
    if (result === 'errors') span.setStatus({ code: SpanStatusCode.ERROR });
    span.end();
  };
}
