/** A param as a field, by its kind. */
import {
  Autocomplete,
  Checkbox,
  MultiSelect,
  PasswordInput,
  Select,
  Textarea,
  TextInput,
} from '@mantine/core';
import type { TFunction } from 'i18next';
import { useTranslation } from 'react-i18next';
import { useZone } from '@/app/preferences';
import { MarkdownLine } from './Markdown';
import classes from './TriggerForm.module.css';
import type { Draft, Field } from './TriggerSchema';

interface Props {
  field: Field;
  draft: Draft;
  error: string | null;
  change: (draft: Draft) => void;
}

function limits(field: Field): string {
  const { schema } = field;
  const parts = [
    ['≥', schema.minimum],
    ['≤', schema.maximum],
    ['>', schema.exclusiveMinimum],
    ['<', schema.exclusiveMaximum],
  ].flatMap(([sign, value]) => (typeof value === 'number' ? [`${sign} ${value}`] : []));
  return parts.join(', ');
}

const PATTERN_SHOWN_MAX = 40;

/** What a text must be like, as far as it can be said in a few words. */
function shape({ schema, kind }: Field, t: TFunction<'trigger'>): string {
  if (!['text', 'multiline', 'secret'].includes(kind)) return '';
  const { minLength, maxLength, pattern } = schema;
  const [least, most] = [minLength, maxLength].map((one) =>
    typeof one === 'number' && one > 0 ? one : null,
  );
  const length =
    least != null && most != null
      ? t('length.between', { least, most })
      : least != null
        ? t('length.least', { least })
        : most != null
          ? t('length.most', { most })
          : '';
  const isShort = typeof pattern === 'string' && pattern.length <= PATTERN_SHOWN_MAX;
  return [length, isShort ? pattern : ''].filter(Boolean).join(', ');
}

export function TriggerField({ field, draft, error, change }: Props) {
  const { t } = useTranslation('trigger');
  const [zone] = useZone();
  const hints = [
    t(`kinds.${field.kind}`, { defaultValue: '' }),
    limits(field),
    shape(field, t),
    field.kind === 'datetime' ? zone : '',
    field.isNullable ? t('mayBeEmpty') : '',
  ]
    .filter((hint) => hint !== '')
    .join(' · ');
  const label = (
    <span className={classes.label}>
      {field.label}
      {field.label !== field.name && <span className="mono dim">{field.name}</span>}
      {hints !== '' && <span className={classes.hint}>{hints}</span>}
    </span>
  );
  const description =
    field.description === '' ? undefined : field.isMarkdown ? (
      <MarkdownLine text={field.description} />
    ) : (
      field.description
    );
  const common = {
    label,
    description,
    error,
    size: 'sm' as const,
    classNames: { description: classes.description ?? '' },
    inputWrapperOrder: ['label', 'input', 'error', 'description'] as (
      | 'label'
      | 'input'
      | 'error'
      | 'description'
    )[],
  };
  const text = typeof draft === 'string' ? draft : '';
  switch (field.kind) {
    case 'boolean':
      return (
        <Checkbox
          label={label}
          description={description}
          error={error}
          checked={draft === true}
          onChange={(event) => change(event.currentTarget.checked)}
          classNames={{ description: classes.description ?? '' }}
        />
      );
    case 'choice':
      return (
        <Select
          {...common}
          data={field.choices.map(({ key, label }) => ({ value: key, label }))}
          value={text === '' ? null : text}
          searchable={field.choices.length > 8}
          clearable={field.isNullable && text !== 'null'}
          allowDeselect={false}
          onChange={(value) => change(value ?? '')}
        />
      );
    case 'choices':
      return (
        <MultiSelect
          {...common}
          data={field.choices.map(({ key, label }) => ({ value: key, label }))}
          value={Array.isArray(draft) ? draft : []}
          searchable
          clearable
          onChange={change}
        />
      );
    case 'secret':
      return (
        <PasswordInput
          {...common}
          autoComplete="off"
          value={text}
          visibilityToggleButtonProps={{ 'aria-label': t('show', { name: field.label }) }}
          onChange={(event) => change(event.currentTarget.value)}
        />
      );
    case 'multiline':
    case 'lines':
    case 'json':
      return (
        <Textarea
          {...common}
          autosize
          minRows={field.kind === 'json' ? 2 : 3}
          maxRows={14}
          spellCheck={field.kind === 'multiline'}
          value={text}
          classNames={{ ...common.classNames, input: field.kind === 'json' ? (classes.code ?? '') : '' }}
          onChange={(event) => change(event.currentTarget.value)}
        />
      );
    case 'fixed':
      return <TextInput {...common} value={text} readOnly variant="filled" />;
    case 'date':
    case 'time':
    case 'datetime':
      return (
        <TextInput
          {...common}
          type={field.kind === 'datetime' ? 'datetime-local' : field.kind}
          step={field.kind === 'date' ? undefined : 1}
          value={text}
          onChange={(event) => change(event.currentTarget.value)}
        />
      );
    default:
      return field.proposals.length > 0 ? (
        <Autocomplete {...common} data={[...new Set(field.proposals)]} value={text} onChange={change} />
      ) : (
        <TextInput
          {...common}
          inputMode={field.kind === 'integer' ? 'numeric' : field.kind === 'number' ? 'decimal' : undefined}
          value={text}
          spellCheck={false}
          onChange={(event) => change(event.currentTarget.value)}
        />
      );
  }
}
