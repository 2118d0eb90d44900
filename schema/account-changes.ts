import { Conflict, Forbidden, Invalid, requireViewer, type SessionTokens, Unauthenticated } from '@anneal/core';
import { builder } from './builder.ts';
import { selecting } from './selection.ts';
import { User } from './user.ts';

const SessionTokensRef = builder.objectRef<SessionTokens>('SessionTokens').implement({
  description: 'What somebody has in hand who logged in. Send the access token as `Authorization: Bearer …`.',
  fields: (t) => ({
    accessToken: t.exposeString('accessToken', { description: 'Says who you are, for a quarter of an hour. A JSON Web Token (EdDSA).' }),
    accessTokenExpiresAt: t.expose('accessTokenExpiresAt', { type: 'DateTime', description: 'Until when the access token works.' }),
    refreshToken: t.exposeString('refreshToken', {
      description: 'Takes new tokens from `refreshSession`, once. Keep it where no page of another site can read it.',
    }),
    refreshTokenExpiresAt: t.expose('refreshTokenExpiresAt', { type: 'DateTime', description: 'Until when the refresh token works.' }),
    user: t.prismaField({
      type: User,
      description: 'Who logged in.',
      resolve: (query, { userId }, _args, { studio }) =>
        studio.prisma.user.findUniqueOrThrow({ ...selecting(query), where: { id: userId } }),
    }),
  }),
});

builder.mutationField('register', (t) =>
  t.fieldWithInput({
    type: SessionTokensRef,
    skipTypeScopes: true,
    description:
      'Makes an account and logs it in. The first one of a studio is its administrator and owns what was made before there were accounts; every other one begins with a project of its own.',
    errors: {
      types: [Invalid, Forbidden, Conflict],
      union: { description: 'The tokens of the new account, or why there is none.' },
      result: { description: 'The account was made.' },
      dataField: { description: 'Its tokens.' },
    },
    typeOptions: { description: 'The account to make.' },
    argOptions: { description: 'The account to make.' },
    input: {
      email: t.input.string({ required: true, description: 'E-mail address; nobody else may have it. Stored in lower case.' }),
      name: t.input.string({ required: true, description: 'What you are called; 1 to 100 characters.' }),
      password: t.input.string({ required: true, description: '12 to 200 characters.' }),
      setupCode: t.input.string({
        description: 'For the first account of a studio with accounts: the code that the server wrote to its output when it started.',
      }),
    },
    resolve: async (_root, { input }, { studio, client }) => {
      await client.attempt(input.email);
      return studio.accounts.register({ ...input, setupCode: input.setupCode ?? undefined }, client);
    },
  }),
);

builder.mutationField('logIn', (t) =>
  t.fieldWithInput({
    type: SessionTokensRef,
    skipTypeScopes: true,
    description: 'Opens a session with e-mail address and password.',
    errors: {
      types: [Unauthenticated, Forbidden],
      union: { description: 'The tokens of the session, or why there is none.' },
      result: { description: 'The session is open.' },
      dataField: { description: 'Its tokens.' },
    },
    typeOptions: { description: 'Who logs in.' },
    argOptions: { description: 'Who logs in.' },
    input: {
      email: t.input.string({ required: true, description: 'E-mail address of the account.' }),
      password: t.input.string({ required: true, description: 'Its password.' }),
    },
    resolve: async (_root, { input }, { studio, client }) => {
      await client.attempt(input.email);
      return studio.accounts.logIn(input, client);
    },
  }),
);

builder.mutationField('refreshSession', (t) =>
  t.fieldWithInput({
    type: SessionTokensRef,
    skipTypeScopes: true,
    description:
      'Takes a refresh token in for new tokens. Each works once: one that comes again ends the whole session, since a copy of it must be about. Tabs that share a session have to agree on who renews it.',
    errors: {
      types: [Unauthenticated],
      union: { description: 'The new tokens, or why there are none.' },
      result: { description: 'The session was renewed.' },
      dataField: { description: 'Its new tokens; the old refresh token is of no use any more.' },
    },
    typeOptions: { description: 'The session to renew.' },
    argOptions: { description: 'The session to renew.' },
    input: { refreshToken: t.input.string({ required: true, description: 'The newest refresh token of the session.' }) },
    resolve: async (_root, { input }, { studio, client }) => {
      await client.attempt();
      return studio.sessions.refresh(input.refreshToken, client);
    },
  }),
);

builder.mutationField('changePassword', (t) =>
  t.prismaFieldWithInput({
    type: User,
    description: 'Changes your password and ends your other sessions. API keys go on: revoke those that you do not trust.',
    errors: {
      types: [Invalid, Conflict],
      union: { description: 'You, or why the password was not changed.' },
      result: { description: 'The password was changed.' },
      dataField: { description: 'You.' },
    },
    typeOptions: { description: 'The old password and the new one.' },
    argOptions: { description: 'The old password and the new one.' },
    input: {
      currentPassword: t.input.string({ required: true, description: 'The password as it is.' }),
      newPassword: t.input.string({ required: true, description: 'The password as it shall be; 12 to 200 characters.' }),
    },
    resolve: async (query, _root, { input }, { studio, viewer, client }) => {
      requireViewer(viewer);
      await client.attempt(viewer.userId);
      await studio.accounts.changePassword(viewer, input);
      return studio.prisma.user.findUniqueOrThrow({ ...selecting(query), where: { id: viewer.userId } });
    },
  }),
);
