/** A note that is given while something is done: where it stays, and what it takes the place of. */
import { Textarea } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { NOTE_MAX } from './Note';

interface Props {
  note: string;
  change: (note: string) => void;
  /** What it stays with: the run, one task, each of the tasks that are touched. */
  on: 'run' | 'runs' | 'task' | 'tasks';
  /** How many notes it takes the place of, as far as that is known. */
  replaced?: number;
}

export function NoteField({ note, change, on, replaced = 0 }: Props) {
  const { t } = useTranslation('run');
  const isReplacing = replaced > 0 && note.trim() !== '';
  return (
    <Textarea
      mt={16}
      autosize
      minRows={1}
      maxRows={6}
      maxLength={NOTE_MAX}
      label={t('note.title')}
      description={`${t(`note.on.${on}`)}${isReplacing ? ` ${t('note.replaces', { count: replaced })}` : ''}`}
      placeholder={t('note.why')}
      value={note}
      onChange={(event) => change(event.currentTarget.value)}
    />
  );
}
