/** A note that people leave: Markdown, changed in place. */
import { Button, Textarea } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { MarkdownLine } from '@/pages/dag/Markdown';
import { useRefresh } from './Dialogs';
import classes from './Run.module.css';

/** What the server keeps at most. */
export const NOTE_MAX = 1000;

interface Props {
  note: string | null;
  mayWrite: boolean;
  save: (note: string) => Promise<unknown>;
}

export function Note({ note, mayWrite, save }: Props) {
  const { t } = useTranslation('run');
  const refresh = useRefresh();
  const [draft, setDraft] = useState<string | null>(null);
  const keep = useMutation({ mutationFn: save, onSuccess: () => setDraft(null), onSettled: refresh });
  if (draft === null) {
    return (
      <div className={classes.note}>
        {note && (
          <span className={classes.noteText}>
            {note.split('\n').map((line, number) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: lines of a text have no other name.
              <MarkdownLine key={number} text={line} />
            ))}
          </span>
        )}
        {mayWrite && (
          <Button size="compact-xs" variant="subtle" onClick={() => setDraft(note ?? '')}>
            {t(note ? 'note.edit' : 'note.add')}
          </Button>
        )}
      </div>
    );
  }
  return (
    <form
      className={classes.noteForm}
      onSubmit={(event) => {
        event.preventDefault();
        keep.mutate(draft);
      }}
    >
      <Textarea
        autosize
        autoFocus
        minRows={2}
        maxRows={8}
        maxLength={NOTE_MAX}
        aria-label={t('note.title')}
        value={draft}
        onChange={(event) => setDraft(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Escape') setDraft(null);
          if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) keep.mutate(draft);
        }}
      />
      <div>
        <Button size="compact-xs" type="submit" loading={keep.isPending}>
          {t('note.save')}
        </Button>{' '}
        <Button size="compact-xs" variant="default" onClick={() => setDraft(null)}>
          {t('cancel')}
        </Button>
      </div>
    </form>
  );
}
