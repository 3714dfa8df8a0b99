/** What tasks of all DAGs passed on, a page at a time. */
import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { client, data, type Schema } from '@/api/client';
import { PAGE_SIZE } from '../shared/Listing';

const LIVE_MS = 10_000;

export type XCom = Schema['XComPreviewResponse'];

/** Parts of names. */
export interface Which {
  dag?: string | undefined;
  run?: string | undefined;
  task?: string | undefined;
  key?: string | undefined;
}

export const xcomsQuery = ({ dag, run, task, key }: Which, page: number) =>
  queryOptions({
    queryKey: ['xcoms', dag, run, task, key, page],
    queryFn: () =>
      data(
        client.GET('/api/windward/v1/xcoms', {
          params: {
            query: {
              limit: PAGE_SIZE,
              offset: (page - 1) * PAGE_SIZE,
              ...(dag ? { dag_id_pattern: dag } : {}),
              ...(run ? { run_id_pattern: run } : {}),
              ...(task ? { task_id_pattern: task } : {}),
              ...(key ? { xcom_key_pattern: key } : {}),
            },
          },
        }),
      ),
    refetchInterval: page === 1 ? LIVE_MS : false,
    placeholderData: keepPreviousData,
  });

/** What names an XCom among all, for the address. */
export const nameOf = (one: Pick<XCom, 'dag_id' | 'dag_run_id' | 'task_id' | 'map_index' | 'key'>) =>
  [one.dag_id, one.dag_run_id, one.task_id, one.map_index, one.key]
    .map((part) => JSON.stringify(part))
    .join();

/** Return a text in one line: what is written in many is read when it is opened. */
export const inLine = (text: string) => text.replaceAll(/\s+/g, ' ').trim();
