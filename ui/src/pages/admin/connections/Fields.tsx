/** The fields that every connection has, and the choice of its type. */
import { Autocomplete, NumberInput, PasswordInput, TextInput } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { said } from '@/i18n';
import classes from './Connections.module.css';
import { type ConnectionType, foundBy, mayBecome, type ShownField } from './types';

interface StandardProps {
  field: ShownField;
  value: string | number;
  /** It is stored, and not shown. */
  isKept: boolean;
  error: string | undefined;
  change: (value: string | number) => void;
}

export function StandardField({
  field: { name, of, isUnused },
  value,
  isKept,
  error,
  change,
}: StandardProps) {
  const { t } = useTranslation('manage');
  const looks = {
    label: of?.label ? said(of.label) : t(`connections.${name}`),
    description: isUnused ? t('connections.unused') : of?.hint ? said(of.hint) : undefined,
    placeholder: isKept ? t('secretKept') : of?.placeholder,
    error,
  };
  if (name === 'port') {
    return (
      <NumberInput
        {...looks}
        allowDecimal={false}
        allowNegative={false}
        hideControls
        value={value}
        onChange={change}
      />
    );
  }
  if (name === 'password') {
    return (
      <PasswordInput
        {...looks}
        autoComplete="new-password"
        value={value}
        onChange={(event) => change(event.currentTarget.value)}
        visibilityToggleButtonProps={{ 'aria-label': t('connections.show') }}
      />
    );
  }
  return (
    <TextInput
      {...looks}
      autoComplete="off"
      value={value}
      onChange={(event) => change(event.currentTarget.value)}
    />
  );
}

interface TypeProps {
  types: readonly ConnectionType[];
  value: string;
  error: string | undefined;
  change: (type: string) => void;
}

/** Any type may be typed; those that something is known of are offered, found by what they are called, too. */
export function TypeField({ types, value, error, change }: TypeProps) {
  const { t } = useTranslation('manage');
  const names = new Map(types.map((one) => [one.connection_type, said(one.name)]));
  const typed = value.trim();
  const known = names.get(typed);
  const isUnknown = types.length > 0 && typed !== '' && !mayBecome(types, typed);
  return (
    <Autocomplete
      label={t('connections.type')}
      required
      data={names.has(typed) ? [...names.keys()] : foundBy(types, typed, said)}
      value={value}
      error={error}
      description={isUnknown ? t('connections.unknown') : known?.toLowerCase() === typed ? undefined : known}
      inputWrapperOrder={['label', 'input', 'error', 'description']}
      onChange={change}
      // Those that fit are chosen above, and whoever opens the list of a type that is chosen looks for another.
      filter={({ options }) => options}
      renderOption={({ option }) => (
        <span className={classes.option}>
          <span className="mono">{option.value}</span>
          <span className="dim">{names.get(option.value)}</span>
        </span>
      )}
    />
  );
}
