/** What hooks of a type look for in the extra, as fields; the extra's own text is what they write. */
import { NumberInput, PasswordInput, Select, Textarea, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Said } from '@/components/Said';
import { said } from '@/i18n';
import { MASK } from '../shared/secrets';
import classes from './Connections.module.css';
import { extraOf, shownValue, typedValue, withExtra } from './extra';
import type { Field } from './types';

const MONO = { input: { fontFamily: 'var(--ww-mono)' } };

interface Props {
  fields: readonly Field[];
  /** The text of the extra as it is stored, with masks for what is secret, and as it is in the form. */
  stored: string;
  text: string;
  change: (text: string) => void;
}

export function ExtraFields({ fields, stored, text, change }: Props) {
  const { t } = useTranslation('manage');
  const before = extraOf(stored) ?? {};
  const held = extraOf(text);
  return (
    <fieldset className={classes.extras} disabled={held === null}>
      <legend>{t('connections.further')}</legend>
      {fields.map((field) => (
        <ExtraField
          key={field.name}
          field={field}
          value={held?.[field.name]}
          isKept={before[field.name] === MASK}
          change={(value) => change(withExtra(text, field.name, value))}
        />
      ))}
    </fieldset>
  );
}

interface FieldProps {
  field: Field;
  value: unknown;
  /** It is stored, and not shown. */
  isKept: boolean;
  change: (value: unknown) => void;
}

function ExtraField({ field, value, isKept, change }: FieldProps) {
  const { t } = useTranslation('manage');
  // What is half typed is no JSON yet, and what is JSON is not laid out anew below somebody's hands.
  const [typed, setTyped] = useState<string | null>(null);
  const shown = typed ?? shownValue(value);
  const label = said(field.label || field.name);
  const description = field.hint === '' ? undefined : <Said text={field.hint} />;
  const placeholder = isKept ? t('secretKept') : field.placeholder;
  const put = (text: string) => {
    setTyped(field.kind === 'json' ? text : null);
    change(typedValue(text, field.kind) ?? (isKept ? MASK : undefined));
  };
  if (field.kind === 'boolean' || field.choices.length > 0) {
    const known =
      field.kind === 'boolean'
        ? [
            { value: 'true', label: t('connections.yes') },
            { value: 'false', label: t('connections.no') },
          ]
        : field.choices.map((one) => ({ value: one, label: one }));
    const now = shown.toLowerCase();
    const isOther = shown !== '' && known.every((one) => one.value !== now && one.value !== shown);
    return (
      <Select
        label={label}
        description={description}
        placeholder={t('connections.unset')}
        data={isOther ? [...known, { value: shown, label: shown }] : known}
        value={shown === '' ? null : (known.find((one) => one.value === now)?.value ?? shown)}
        clearable
        clearButtonProps={{ 'aria-label': `${t('connections.clear')}: ${label}` }}
        onChange={(one) => put(one ?? '')}
      />
    );
  }
  if (field.kind === 'json' || field.kind === 'lines') {
    return (
      <Textarea
        className={classes.broad ?? ''}
        label={label}
        description={description}
        placeholder={placeholder}
        autosize
        minRows={2}
        maxRows={8}
        spellCheck={false}
        styles={MONO}
        value={shown}
        onChange={(event) => put(event.currentTarget.value)}
      />
    );
  }
  if (field.is_secret) {
    return (
      <PasswordInput
        label={label}
        description={description}
        placeholder={placeholder}
        autoComplete="new-password"
        value={shown}
        onChange={(event) => put(event.currentTarget.value)}
        visibilityToggleButtonProps={{ 'aria-label': `${t('connections.show')}: ${label}` }}
      />
    );
  }
  if (field.kind === 'integer' || field.kind === 'number') {
    return (
      <NumberInput
        label={label}
        description={description}
        placeholder={placeholder}
        allowDecimal={field.kind === 'number'}
        hideControls
        value={shown}
        onChange={(one) => put(String(one))}
      />
    );
  }
  return (
    <TextInput
      label={label}
      description={description}
      placeholder={placeholder}
      autoComplete="off"
      spellCheck={false}
      value={shown}
      onChange={(event) => put(event.currentTarget.value)}
    />
  );
}
