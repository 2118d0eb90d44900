import { Conflict, Invalid, NotFound, requireViewer } from '@anneal/core';
import { encodeGlobalID } from '@pothos/plugin-relay';
import { builder } from './builder.ts';
import { databaseId } from './global-id.ts';
import { selecting } from './selection.ts';
import { User } from './user.ts';

builder.mutationField('createUser', (t) =>
  t.prismaFieldWithInput({
    type: User,
    description: 'Makes an account for somebody, also while registration is closed. For administrators.',
    errors: {
      types: [Invalid, Conflict],
      union: { description: 'The new user, or why there is none.' },
      result: { description: 'The account was made.' },
      dataField: { description: 'The new user.' },
    },
    typeOptions: { description: 'The account to make.' },
    argOptions: { description: 'The account to make.' },
    input: {
      email: t.input.string({ required: true, description: 'E-mail address; nobody else may have it.' }),
      name: t.input.string({ required: true, description: 'What they are called; 1 to 100 characters.' }),
      password: t.input.string({ required: true, description: 'For their first log-in, 12 to 200 characters; they should change it.' }),
    },
    resolve: async (query, _root, { input }, { studio, viewer }) => {
      requireViewer(viewer);
      const { id } = await studio.users.create(viewer, input);
      return studio.prisma.user.findUniqueOrThrow({ ...selecting(query), where: { id } });
    },
  }),
);

builder.mutationField('resetPassword', (t) =>
  t.prismaFieldWithInput({
    type: User,
    description: 'Gives somebody who forgot their password a new one, and ends their sessions. For administrators.',
    errors: {
      types: [Invalid, NotFound, Conflict],
      union: { description: 'The user, or why nothing was changed.' },
      result: { description: 'The password was changed.' },
      dataField: { description: 'The user.' },
    },
    typeOptions: { description: 'Whose password, and the new one.' },
    argOptions: { description: 'Whose password, and the new one.' },
    input: {
      userId: t.input.id({ required: true, description: 'Whose password.' }),
      password: t.input.string({ required: true, description: 'For their next log-in, 12 to 200 characters; they should change it.' }),
    },
    resolve: async (query, _root, { input }, { studio, viewer }) => {
      requireViewer(viewer);
      const { id } = await studio.users.resetPassword(viewer, databaseId('User', input.userId), input.password);
      return studio.prisma.user.findUniqueOrThrow({ ...selecting(query), where: { id } });
    },
  }),
);

builder.mutationField('deactivateUser', (t) =>
  t.prismaFieldWithInput({
    type: User,
    description: 'Locks an account: its sessions end, its API keys do not work, it cannot log in. For administrators.',
    errors: {
      types: [NotFound, Conflict],
      union: { description: 'The user, or why nothing was changed.' },
      result: { description: 'The account is locked.' },
      dataField: { description: 'The user.' },
    },
    typeOptions: { description: 'The account to lock.' },
    argOptions: { description: 'The account to lock.' },
    input: { userId: t.input.id({ required: true, description: 'Whose account.' }) },
    resolve: async (query, _root, { input }, { studio, viewer }) => {
      requireViewer(viewer);
      const { id } = await studio.users.deactivate(viewer, databaseId('User', input.userId));
      return studio.prisma.user.findUniqueOrThrow({ ...selecting(query), where: { id } });
    },
  }),
);

builder.mutationField('reactivateUser', (t) =>
  t.prismaFieldWithInput({
    type: User,
    description: 'Unlocks an account. Its API keys work again; its owner has to log in again. For administrators.',
    errors: {
      types: [NotFound],
      union: { description: 'The user, or why nothing was changed.' },
      result: { description: 'The account is not locked any more.' },
      dataField: { description: 'The user.' },
    },
    typeOptions: { description: 'The account to unlock.' },
    argOptions: { description: 'The account to unlock.' },
    input: { userId: t.input.id({ required: true, description: 'Whose account.' }) },
    resolve: async (query, _root, { input }, { studio, viewer }) => {
      requireViewer(viewer);
      const { id } = await studio.users.reactivate(viewer, databaseId('User', input.userId));
      return studio.prisma.user.findUniqueOrThrow({ ...selecting(query), where: { id } });
    },
  }),
);

builder.mutationField('setAdministrator', (t) =>
  t.prismaFieldWithInput({
    type: User,
    description: 'Makes somebody an administrator, or takes that away. One always stays. For administrators.',
    errors: {
      types: [NotFound, Conflict],
      union: { description: 'The user, or why nothing was changed.' },
      result: { description: 'It is as asked for.' },
      dataField: { description: 'The user.' },
    },
    typeOptions: { description: 'Who is to be administrator, or not.' },
    argOptions: { description: 'Who is to be administrator, or not.' },
    input: {
      userId: t.input.id({ required: true, description: 'Whose account.' }),
      isAdministrator: t.input.boolean({ required: true, description: 'Whether they are to manage the accounts of the studio.' }),
    },
    resolve: async (query, _root, { input }, { studio, viewer }) => {
      requireViewer(viewer);
      const { id } = await studio.users.setAdministrator(viewer, databaseId('User', input.userId), input.isAdministrator);
      return studio.prisma.user.findUniqueOrThrow({ ...selecting(query), where: { id } });
    },
  }),
);

builder.mutationField('removeUser', (t) =>
  t.fieldWithInput({
    type: 'ID',
    description: 'Removes an account for good, with its sessions and API keys. What it made stays in its projects. For administrators.',
    errors: {
      types: [NotFound, Conflict],
      union: { description: 'The id of who is gone, or why nothing was changed.' },
      result: { description: 'The account is gone.' },
      dataField: { description: 'Global id of the account that is gone.' },
    },
    typeOptions: { description: 'The account to remove.' },
    argOptions: { description: 'The account to remove.' },
    input: {
      userId: t.input.id({ required: true, description: 'Whose account.' }),
      successorId: t.input.id({ description: 'Who is to own the projects that nobody else owns. Needed when there are any.' }),
    },
    resolve: async (_root, { input }, { studio, viewer }) => {
      requireViewer(viewer);
      const userId = databaseId('User', input.userId);
      await studio.users.remove(viewer, userId, input.successorId == null ? undefined : databaseId('User', input.successorId));
      return encodeGlobalID('User', userId);
    },
  }),
);
