export { startServer, type RunningServer, type ServerOptions } from './server.ts';
export { defaultLimits, type Limits } from './limits.ts';
export { createGraphQL, type GraphQLServer } from './graphql.ts';
