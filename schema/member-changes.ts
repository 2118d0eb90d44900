import { Conflict, NotFound, requireViewer } from '@anneal/core';
import { encodeGlobalID } from '@pothos/plugin-relay';
import { builder } from './builder.ts';
import { databaseId } from './global-id.ts';
import { Membership } from './membership.ts';
import { Role } from './role.ts';

builder.mutationField('addMember', (t) =>
  t.fieldWithInput({
    type: Membership,
    description: 'Lets somebody who has an account into a project. For its owners.',
    errors: {
      types: [NotFound, Conflict],
      union: { description: 'The new member, or why there is none.' },
      result: { description: 'They are a member.' },
      dataField: { description: 'The new member.' },
    },
    typeOptions: { description: 'Who, where, and what they may do there.' },
    argOptions: { description: 'Who, where, and what they may do there.' },
    input: {
      projectId: t.input.id({ required: true, description: 'The project.' }),
      email: t.input.string({ required: true, description: 'E-mail address of their account.' }),
      role: t.input.field({ type: Role, required: true, description: 'What they may do.' }),
    },
    resolve: (_root, { input }, { studio, viewer }) => {
      requireViewer(viewer);
      const { email, role } = input;
      return studio.members.add(viewer, { projectId: databaseId('Project', input.projectId), email, role });
    },
  }),
);

builder.mutationField('changeMemberRole', (t) =>
  t.fieldWithInput({
    type: Membership,
    description: 'Gives a member another role. One owner always stays. For owners of the project.',
    errors: {
      types: [NotFound, Conflict],
      union: { description: 'The member, or why nothing was changed.' },
      result: { description: 'They have that role.' },
      dataField: { description: 'The member.' },
    },
    typeOptions: { description: 'Who, where, and what they may do there.' },
    argOptions: { description: 'Who, where, and what they may do there.' },
    input: {
      projectId: t.input.id({ required: true, description: 'The project.' }),
      userId: t.input.id({ required: true, description: 'The member.' }),
      role: t.input.field({ type: Role, required: true, description: 'What they may do.' }),
    },
    resolve: (_root, { input }, { studio, viewer }) => {
      requireViewer(viewer);
      const projectId = databaseId('Project', input.projectId);
      return studio.members.changeRole(viewer, { projectId, userId: databaseId('User', input.userId), role: input.role });
    },
  }),
);

builder.mutationField('removeMember', (t) =>
  t.fieldWithInput({
    type: 'ID',
    description: 'Takes somebody out of a project; their keys for it alone are revoked. One owner always stays. For its owners.',
    errors: {
      types: [NotFound, Conflict],
      union: { description: 'The id of who is out, or why nobody is.' },
      result: { description: 'They are no member any more.' },
      dataField: { description: 'Global id of the user who is out.' },
    },
    typeOptions: { description: 'Who, and where.' },
    argOptions: { description: 'Who, and where.' },
    input: {
      projectId: t.input.id({ required: true, description: 'The project.' }),
      userId: t.input.id({ required: true, description: 'The member.' }),
    },
    resolve: async (_root, { input }, { studio, viewer }) => {
      requireViewer(viewer);
      const projectId = databaseId('Project', input.projectId);
      const { userId } = await studio.members.remove(viewer, { projectId, userId: databaseId('User', input.userId) });
      return encodeGlobalID('User', userId);
    },
  }),
);

builder.mutationField('leaveProject', (t) =>
  t.fieldWithInput({
    type: 'ID',
    description: 'Takes yourself out of a project. The last owner cannot leave.',
    errors: {
      types: [NotFound, Conflict],
      union: { description: 'The id of the project, or why you are still in it.' },
      result: { description: 'You are no member any more.' },
      dataField: { description: 'Global id of the project.' },
    },
    typeOptions: { description: 'The project to leave.' },
    argOptions: { description: 'The project to leave.' },
    input: { projectId: t.input.id({ required: true, description: 'The project.' }) },
    resolve: async (_root, { input }, { studio, viewer }) => {
      requireViewer(viewer);
      const { projectId } = await studio.members.leave(viewer, databaseId('Project', input.projectId));
      return encodeGlobalID('Project', projectId);
    },
  }),
);
