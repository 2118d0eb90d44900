import { builder } from './builder.ts';
import { trainingConfigForm, type Form, type FormField, type FormSection } from './training-config-form.ts';

const TrainingConfigFieldKind = builder.enumType('TrainingConfigFieldKind', {
  description: 'How a field of a training configuration is entered.',
  values: {
    TEXT: { description: 'A line of text.' },
    INTEGER: { description: 'A whole number.' },
    NUMBER: { description: 'A number.' },
    BOOLEAN: { description: 'Yes or no.' },
    CHOICE: { description: 'One of `choices`.' },
    LIST: { description: 'A list of texts.' },
    MAP: { description: 'Names, each with a text: an object of texts.' },
  } as const,
});

const TrainingConfigField = builder.objectRef<FormField>('TrainingConfigField').implement({
  description: 'One field of a training configuration: what it means and what it may be.',
  fields: (t) => ({
    path: t.exposeString('path', { description: 'Dotted path in the configuration: `optimizer.learningRate`.' }),
    title: t.exposeString('title', { description: 'Its name, as people say it.' }),
    help: t.exposeString('help', { description: 'What it does, in a sentence or two.' }),
    unit: t.exposeString('unit', {
      nullable: true,
      description: 'What a number counts or measures: `tokens`, `steps`. Null for pure numbers and texts.',
    }),
    kind: t.expose('kind', { type: TrainingConfigFieldKind, description: 'How it is entered.' }),
    minimum: t.exposeFloat('minimum', { nullable: true, description: 'Lowest value allowed, in `unit`.' }),
    maximum: t.exposeFloat('maximum', { nullable: true, description: 'Highest value allowed, in `unit`.' }),
    choices: t.exposeStringList('choices', { nullable: true, description: 'The values of a CHOICE.' }),
    default: t.field({ type: 'JSON', resolve: (field) => field.default, description: 'What it is when left out.' }),
    advanced: t.exposeBoolean('advanced', { description: 'Whether most people never touch it.' }),
  }),
});

const TrainingConfigSection = builder.objectRef<FormSection>('TrainingConfigSection').implement({
  description: 'Fields of a training configuration that belong together.',
  fields: (t) => ({
    key: t.exposeString('key', { description: 'Its key in the configuration: `optimizer`.' }),
    title: t.exposeString('title', { description: 'Its name, as people say it.' }),
    help: t.exposeString('help', { description: 'What it is about.' }),
    fields: t.field({
      type: [TrainingConfigField],
      resolve: (section) => section.fields,
      description: 'Its fields, in the order of a form.',
    }),
  }),
});

const TrainingConfigForm = builder.objectRef<Form>('TrainingConfigForm').implement({
  description: 'All that is needed to show a form for a training configuration.',
  fields: (t) => ({
    sections: t.field({
      type: [TrainingConfigSection],
      resolve: (form) => form.sections,
      description: 'The sections, in the order of a form.',
    }),
    defaults: t.field({
      type: 'JSON',
      resolve: (form) => form.defaults,
      description: 'A whole configuration, every field at its default.',
    }),
    jsonSchema: t.field({ type: 'JSON', resolve: (form) => form.jsonSchema, description: 'The same as JSON Schema (draft 2020-12).' }),
  }),
});

builder.queryField('trainingConfigForm', (t) =>
  t.field({
    type: TrainingConfigForm,
    description: 'Defaults, units, ranges and help of every field of a training configuration.',
    resolve: () => trainingConfigForm(),
  }),
);
