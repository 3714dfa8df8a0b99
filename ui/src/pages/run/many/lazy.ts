/** Bars for what is chosen, with their words: loaded with the first choice. */
import { lazy } from 'react';
import { needWords } from '@/i18n';

const words = () => Promise.all(['many', 'run'].map(needWords));

export const RunsBar = lazy(async () => {
  await words();
  return import('./RunsBar');
});
export const TasksBar = lazy(async () => {
  await words();
  return import('./TasksBar');
});
