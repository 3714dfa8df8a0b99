/** One question of a task: answered here, wherever it is shown. */
import { Button, Checkbox, Select, Textarea, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { client, data, type Schema } from '@/api/client';
import { meQuery } from '@/api/queries';
import { useMayTo } from '@/app/rights';
import { Moment } from '@/components/Moment';
import { StateSign } from '@/components/State';
import { Markdown } from '@/pages/dag/Markdown';
import { useAct } from '../shared/act';
import { Refusal } from '../shared/Dialogs';
import shared from '../shared/shared.module.css';
import { type Field, fieldsOf, readField } from './fields';
import classes from './Inbox.module.css';

type Question = Schema['HITLDetail'];

interface FieldInputProps {
  field: Field;
  typed: string;
  error: string | undefined;
  isDisabled: boolean;
  change: (typed: string) => void;
}

function FieldInput({ field, typed, error, isDisabled, change }: FieldInputProps) {
  const common = {
    label: field.name,
    description: field.description || undefined,
    error,
    disabled: isDisabled,
  };
  switch (field.kind) {
    case 'yesno':
      return (
        <Checkbox
          {...common}
          checked={typed === 'true'}
          onChange={(event) => change(String(event.currentTarget.checked))}
        />
      );
    case 'choice':
      return (
        <Select
          {...common}
          size="xs"
          data={field.choices}
          value={typed}
          onChange={(value) => change(value ?? '')}
        />
      );
    case 'json':
      return (
        <Textarea
          {...common}
          size="xs"
          autosize
          minRows={2}
          spellCheck={false}
          styles={{ input: { fontFamily: 'var(--ww-mono)' } }}
          value={typed}
          onChange={(event) => change(event.currentTarget.value)}
        />
      );
    default:
      return (
        <TextInput
          {...common}
          size="xs"
          inputMode={field.kind === 'text' ? undefined : 'decimal'}
          value={typed}
          onChange={(event) => change(event.currentTarget.value)}
        />
      );
  }
}

function AnswerForm({ question }: { question: Question }) {
  const { t } = useTranslation('manage');
  const { data: me } = useQuery(meQuery);
  const fields = fieldsOf(question.params ?? {});
  const [typed, setTyped] = useState<Record<string, string>>({});
  const [chosen, setChosen] = useState<string[]>(question.multiple ? (question.defaults ?? []) : []);
  const [wrong, setWrong] = useState<Record<string, string>>({});
  const instance = question.task_instance;
  const mayAnswer = useMayTo({ dag_id: instance.dag_id })('human_input:edit');
  const doing = useAct(
    (answer: { chosen: string[]; values: Record<string, unknown> }) =>
      data(
        client.PATCH(
          '/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/{map_index}/hitlDetails',
          {
            params: {
              path: {
                dag_id: instance.dag_id,
                dag_run_id: instance.dag_run_id,
                task_id: instance.task_id,
                map_index: instance.map_index,
              },
            },
            body: { chosen_options: answer.chosen, params_input: answer.values as Record<string, never> },
          },
        ),
      ),
    ['questions', 'run', 'runs'],
    ({ chosen: options }) => t('inbox.answered', { options: options.join(', ') }),
  );
  const assigned = question.assigned_users ?? [];
  const isForOthers =
    assigned.length > 0 && !assigned.some((one) => one.id === me?.username || one.name === me?.username);
  const isAllowed = mayAnswer && !isForOthers;
  const answer = (options: string[]) => {
    const found: Record<string, string> = {};
    const values: Record<string, unknown> = {};
    for (const field of fields) {
      const read = readField(field, typed[field.name] ?? field.typed);
      if (read.wrong !== undefined) found[field.name] = t(read.wrong, { limit: read.limit });
      else values[field.name] = read.value;
    }
    if (options.length === 0) found['\0options'] = t('inbox.chooseOne');
    setWrong(found);
    if (Object.keys(found).length === 0) void doing.run({ chosen: options, values });
  };
  const isDefault = (option: string) => question.defaults?.includes(option) ?? false;
  return (
    <div className={classes.form}>
      {fields.map((field) => (
        <FieldInput
          key={field.name}
          field={field}
          typed={typed[field.name] ?? field.typed}
          error={wrong[field.name] ?? doing.faults[`params_input.${field.name}`]}
          isDisabled={!isAllowed}
          change={(text) => setTyped({ ...typed, [field.name]: text })}
        />
      ))}
      {question.multiple && (
        <Checkbox.Group
          value={chosen}
          onChange={setChosen}
          label={t('inbox.choose')}
          error={wrong['\0options']}
        >
          <div className={classes.options}>
            {question.options.map((option) => (
              <Checkbox key={option} value={option} label={option} disabled={!isAllowed} />
            ))}
          </div>
        </Checkbox.Group>
      )}
      <Refusal error={doing.error} fields={fields.map((field) => `params_input.${field.name}`)} />
      <div className={classes.options}>
        {question.multiple ? (
          <Button size="xs" disabled={!isAllowed} loading={doing.isBusy} onClick={() => answer(chosen)}>
            {t('inbox.answer')}
          </Button>
        ) : (
          question.options.map((option, number) => (
            <Button
              key={option}
              size="xs"
              variant={(question.defaults ? isDefault(option) : number === 0) ? 'filled' : 'default'}
              disabled={!isAllowed || doing.isBusy}
              onClick={() => answer([option])}
            >
              {option}
            </Button>
          ))
        )}
        {isForOthers && (
          <span className="dim">
            {t('inbox.forOthers', { names: assigned.map((one) => one.name).join(', ') })}
          </span>
        )}
        {!mayAnswer && <span className="dim">{t('inbox.notAllowed')}</span>}
      </div>
    </div>
  );
}

function Answer({ question }: { question: Question }) {
  const { t } = useTranslation('manage');
  const given = Object.entries(question.params_input ?? {});
  return (
    <dl className={shared.facts}>
      <dt>{t('inbox.chosen')}</dt>
      <dd>
        <span className={shared.chips}>
          {(question.chosen_options ?? []).map((option) => (
            <strong key={option} className={shared.chip}>
              {option}
            </strong>
          ))}
        </span>
      </dd>
      {given.map(([name, value]) => [
        <dt key={`${name} name`}>{name}</dt>,
        <dd key={name} className="mono">
          {typeof value === 'string' ? value : JSON.stringify(value)}
        </dd>,
      ])}
      <dt>{t('inbox.by')}</dt>
      <dd>
        {question.responded_by_user?.name ?? t('inbox.byTime')} <Moment at={question.responded_at} />
      </dd>
    </dl>
  );
}

interface CardProps {
  question: Question;
  /** Whether its task is what is looked at: it needs no way there. */
  isAtTask?: boolean;
}

/** A question, and what one answers; or the answer that was given. */
export function QuestionCard({ question, isAtTask = false }: CardProps) {
  const { t } = useTranslation('manage');
  const instance = question.task_instance;
  return (
    <article className={`card ${classes.card}`} aria-label={question.subject}>
      <header className={classes.head}>
        <StateSign state={question.response_received ? 'success' : 'awaiting_input'} />
        <h2>{question.subject}</h2>
      </header>
      <div className={`dim ${classes.about}`}>
        {!isAtTask && (
          <>
            <Link to="/dags/$dagId" params={{ dagId: instance.dag_id }}>
              {instance.dag_display_name}
            </Link>
            <Link
              to="/dags/$dagId/runs/$runId"
              params={{ dagId: instance.dag_id, runId: instance.dag_run_id }}
              search={{
                task: instance.task_id,
                map: instance.map_index >= 0 ? instance.map_index : undefined,
              }}
            >
              {instance.task_display_name}
              {instance.map_index >= 0 && ` [${instance.map_index}]`}
            </Link>
          </>
        )}
        <span>
          {t('inbox.asked')} <Moment at={question.created_at} relative />
        </span>
      </div>
      {question.body && (
        <div className={classes.body}>
          <Markdown text={question.body} />
        </div>
      )}
      {question.response_received ? <Answer question={question} /> : <AnswerForm question={question} />}
    </article>
  );
}
