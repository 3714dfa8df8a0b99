/** Dialogs: a form with what is wrong beside it, and a question before something is destroyed. */
import { Button, Modal } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { ApiError } from '@/api/client';
import { Said } from '@/components/Said';
import { useAct } from './act';
import classes from './shared.module.css';

/** What a refusal says, unless it stands beside the fields already. */
export function Refusal({ error, fields = [] }: { error: ApiError | null; fields?: string[] }) {
  const { t } = useTranslation('manage');
  if (error === null) return null;
  const places = Object.keys(error.faults);
  if (places.length > 0 && places.every((place) => fields.includes(place))) return null;
  return (
    <div role="alert" className={classes.refusal}>
      <div>
        <Said text={error.message} />
      </div>
      {error.status === 403 && <div className="dim">{t('forbidden')}</div>}
      {error.status === 0 && <div className="dim">{t('offline')}</div>}
    </div>
  );
}

interface FormDialogProps {
  title: string;
  close: () => void;
  submit: () => void;
  isBusy: boolean;
  error: ApiError | null;
  /** Fields that show what is wrong with them by themselves. */
  fields?: string[];
  action?: string;
  size?: string;
  more?: ReactNode;
  children: ReactNode;
}

export function FormDialog({
  title,
  close,
  submit,
  isBusy,
  error,
  fields,
  action,
  size,
  more,
  children,
}: FormDialogProps) {
  const { t } = useTranslation('manage');
  return (
    <Modal
      opened
      onClose={close}
      title={<span className={classes.dialogTitle}>{title}</span>}
      size={size ?? 'md'}
      closeButtonProps={{ 'aria-label': t('close') }}
    >
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
        className={classes.form}
      >
        {children}
        <Refusal error={error} fields={fields ?? []} />
        <div className={classes.buttons}>
          {more}
          <span className={classes.push} />
          <Button variant="default" size="xs" onClick={close}>
            {t('cancel')}
          </Button>
          <Button type="submit" size="xs" loading={isBusy}>
            {action ?? t('save')}
          </Button>
        </div>
      </form>
    </Modal>
  );
}

/** A button that opens the form of what a row shows. */
export function Edit({ about, open }: { about: string; open: () => void }) {
  const { t } = useTranslation('manage');
  return (
    <Button size="compact-xs" variant="subtle" aria-label={`${t('edit')}: ${about}`} onClick={open}>
      {t('edit')}
    </Button>
  );
}

interface DestroyProps {
  /** What the button says. */
  label: string;
  /** What it is about, for those who hear the page. */
  about: string;
  /** The question, and what comes of it. */
  question: string;
  hint?: string;
  act: () => Promise<unknown>;
  stale: string[];
  done: string;
  isDisabled?: boolean;
  why?: string;
  variant?: 'subtle' | 'default';
}

/** A button that destroys something, and asks once before. */
export function Destroy({
  label,
  about,
  question,
  hint,
  act,
  stale,
  done,
  isDisabled = false,
  why,
  variant,
}: DestroyProps) {
  const { t } = useTranslation('manage');
  const [isAsking, setAsking] = useState(false);
  const doing = useAct(act, stale, () => done);
  const close = () => {
    doing.forget();
    setAsking(false);
  };
  return (
    <>
      <Button
        size="compact-xs"
        variant={variant ?? 'subtle'}
        color={variant === 'default' ? undefined : 'red'}
        disabled={isDisabled}
        title={why}
        aria-label={`${label}: ${about}`}
        onClick={() => setAsking(true)}
      >
        {label}
      </Button>
      {isAsking && (
        <Modal
          opened
          onClose={close}
          title={<span className={classes.dialogTitle}>{question}</span>}
          size="sm"
          closeButtonProps={{ 'aria-label': t('close') }}
        >
          <div className={classes.form}>
            <div className="mono" style={{ overflowWrap: 'anywhere' }}>
              {about}
            </div>
            {hint && <div className="dim">{hint}</div>}
            <Refusal error={doing.error} />
            <div className={classes.buttons}>
              <span className={classes.push} />
              <Button variant="default" size="xs" onClick={close} data-autofocus>
                {t('cancel')}
              </Button>
              <Button
                color="red"
                size="xs"
                loading={doing.isBusy}
                onClick={async () => {
                  if (await doing.run(undefined)) setAsking(false);
                }}
              >
                {label}
              </Button>
            </div>
          </div>
        </Modal>
      )}
    </>
  );
}
