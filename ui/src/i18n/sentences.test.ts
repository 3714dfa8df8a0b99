import { describe, expect, it } from 'vitest';
import connections from './ko/connections.json';
import reasons from './ko/reasons.json';
import refusals from './ko/refusals.json';
import { say } from './ko/say';
import schedules from './ko/schedules.json';
import settings from './ko/settings.json';
import { withParticles } from './particles';
import { type Catalogue, translator } from './sentences';

describe('a sentence of the server', () => {
  it.each([
    ['`load` waits for its run to start', '`load` 태스크는 실행이 시작되기를 기다립니다'],
    ['`load[3]` is success at 2026-03-01 00:00:05 UTC', '`load[3]`: 성공(2026-03-01 00:00:05 UTC)'],
    [
      '`load` is failed at 2026-03-01 00:00:05 UTC (2026-03-01 09:00:05 Asia/Seoul) after 3 tries: ValueError: at 5, no: x',
      '`load`: 실패(2026-03-01 00:00:05 UTC (2026-03-01 09:00:05 Asia/Seoul)), 3번 시도. ValueError: at 5, no: x',
    ],
    [
      '`load` is upstream_failed: all_success: 1 failed of 3 upstream',
      '`load`: 선행 실패. `all_success`: 선행 3개 중 실패 1',
    ],
    [
      '`load` is skipped by branch `choose`: `choose` decided against it',
      '`load`: 건너뜀(분기 `choose`의 결정). `choose` 분기가 선택하지 않았습니다',
    ],
    [
      '`load` runs for 3 min 5 s on host `w.1`, try 1 of 2',
      '`load` 태스크는 실행 중입니다(3분 5초째, 호스트 `w.1`, 2번 중 1번째 시도)',
    ],
    ['`load` runs, try 1 of 1', '`load` 태스크는 실행 중입니다(1번 중 1번째 시도)'],
    [
      '`load` is ready, and waits for a slot in pool `small`: 1 of 1 are taken',
      '`load` 태스크는 준비되었으며 `small` 풀의 슬롯(1개 중 1개 사용 중)을 기다립니다',
    ],
    [
      '`load` waits for tasks before it, by its rule all_success: none of 2 upstream',
      '`load` 태스크는 선행 태스크를 기다립니다. 규칙 `all_success`: 선행 2개 중 끝난 것 없음',
    ],
    [
      'it exists because the schedule made it: every day at 06:30 (UTC)',
      '생성 이유: 일정에 따라 만들어졌습니다(매일 06:30 (UTC))',
    ],
    ['it exists because somebody triggered it by the API', '생성 이유: 누군가 실행했습니다(API)'],
    [
      'it exists because `ada` triggered it by the web interface',
      '생성 이유: `ada` 님이 실행했습니다(웹 인터페이스)',
    ],
    ['it failed: task `load` is failed', '실패했습니다: `load` 태스크가 실패로 끝났습니다'],
    ['it has been running for 2 s: 1 running, 2 success', '실행 중입니다(2초째): 실행 중 1, 성공 2'],
    [
      'conf.n: Expected `int`, got `str`; a: Field required',
      'conf.n: `int` 형식이어야 하는데 `str`입니다; a: 필수 항목입니다',
    ],
    [
      'pool `p` does not exist, `a`, `b` will wait for it: create it with `windward pools set p SLOTS`',
      '`p` 풀이 없어 `a`, `b` 태스크가 기다리게 됩니다. `windward pools set p SLOTS` 명령으로 만드세요',
    ],
    [
      '`a` is ready, and waits for `parallelism`: 4 of 4 are in flight',
      '`a` 태스크는 준비되었으며 `parallelism` 여유(최대 4개, 진행 중 4개)를 기다립니다',
    ],
    ['written: `a`, `b` and 3 more (9 events)', '기록된 자산: `a`, `b` 외 3개 (이벤트 9개)'],
    ['triggered by task `up.go`[2] of run `r 1`', 'DAG `up`의 `go`[2] 태스크가 실행했습니다(실행 `r 1`)'],
  ])('is said in Korean: %s', (sentence, korean) => {
    expect(say(sentence)).toBe(korean);
  });

  it('that nobody knows stays as it is, with the particles that it has', () => {
    for (const sentence of ['', 'ValueError: no such row', 'it is not so: 은(는)', '30 6 * * 1 (UTC)']) {
      expect(say(sentence)).toBe(sentence);
    }
  });

  it('takes no long time, whatever it holds', () => {
    const begin = performance.now();
    for (const part of [
      '`a` is ',
      ' and ',
      ', ',
      ': ',
      'it failed: ',
      ' at minute ',
      '(',
      '`',
      'when written: ; ',
    ]) {
      const long = part.repeat(Math.floor(1_900 / part.length));
      for (const text of [
        long,
        `it failed: ${long}`,
        `\`a\` is failed${long}`,
        `every hour ${long} (UTC)`,
        `on ${long}`,
      ]) {
        say(text);
      }
    }
    expect(say('x'.repeat(100_000))).toHaveLength(100_000);
    expect(performance.now() - begin).toBeLessThan(2_000);
  });

  it('may be nested, as deep as a limit', () => {
    const deep = translator({ all: { 'a({x})': '가({x})' } });
    expect(deep('a(a(b))')).toBe('가(가(b))');
    expect(deep(`${'a('.repeat(20)}b${')'.repeat(20)}`)).toMatch(/^(가\(){9}a\(/);
  });
});

describe('a schedule', () => {
  it.each([
    ['only when triggered', '직접 실행할 때만'],
    ['every day at 06:30 (Europe/Berlin)', '매일 06:30 (Europe/Berlin)'],
    ['Monday to Friday at 06:30 and 18:00 (UTC)', '월요일~금요일 06:30, 18:00 (UTC)'],
    ['on Monday and Friday at 00:05 (UTC)', '매주 월요일, 금요일 00:05 (UTC)'],
    ['on day 1 and the last day of the month at 02:00 (UTC)', '매월 1일, 말일 02:00 (UTC)'],
    ['on day 1 of the month in March and September at 02:00 (UTC)', '매년 3월, 9월 1일 02:00 (UTC)'],
    ['on day 1 of the month or on Monday at 02:00 (UTC)', '매월 1일 또는 매주 월요일 02:00 (UTC)'],
    ['on the second Friday of the month at 09:00 (UTC)', '매월 둘째 금요일 09:00 (UTC)'],
    ['every 15 minutes (UTC)', '15분마다 (UTC)'],
    [
      'every 15 minutes from 09:00 to 17:45 Monday to Friday (UTC)',
      '월요일~금요일 09:00부터 17:45까지 15분마다 (UTC)',
    ],
    ['every hour (UTC)', '매시 정각 (UTC)'],
    ['every 2 hours at minute 5 (UTC)', '2시간마다 5분에 (UTC)'],
    ['every hour at minutes 5 and 35 (UTC)', '매시 5분, 35분에 (UTC)'],
    ['every 1 day and 2 hours', '1일 2시간마다'],
    ['when written: orders and (prices or rates)', '자산이 기록될 때: orders 및 (prices 또는 rates)'],
    [
      'when written: orders; and every day at 06:30 (UTC)',
      '자산이 기록될 때: orders, 그리고 매일 06:30 (UTC)',
    ],
    ['every day at 06:30 (UTC); every hour (UTC)', '매일 06:30 (UTC); 매시 정각 (UTC)'],
  ])('is said in Korean: %s', (sentence, korean) => {
    expect(say(sentence)).toBe(korean);
  });
});

describe('the explanation of a setting', () => {
  it.each([
    [
      'Limit of a DAG that does not set `max_active_tasks`.',
      '`max_active_tasks`를 지정하지 않은 DAG에 적용하는 한도.',
    ],
    ['Retries of a task that says nothing of retries.', '재시도를 지정하지 않은 태스크의 재시도 횟수.'],
  ])('is said in Korean: %s', (sentence, korean) => {
    expect(say(sentence)).toBe(korean);
  });
});

describe('a Korean particle', () => {
  it.each([
    ['풀을(를) 기다립니다', '풀을 기다립니다'],
    ['태스크은(는) 끝', '태스크는 끝'],
    ['`슬롯`이(가) 없음', '`슬롯`이 없음'],
    ['슬롯(8개)을(를)', '슬롯(8개)을'],
    ['서울(으)로, 부산(으)로, 여기(으)로', '서울로, 부산으로, 여기로'],
    ['`load`은(는)', '`load`은(는)'],
    ['3을(를)', '3을(를)'],
    ['은(는)', '은(는)'],
  ])('follows the sound before it: %s', (text, right) => {
    expect(withParticles(text)).toBe(right);
  });
});

describe('each template of the Korean catalogue', () => {
  const catalogue: Catalogue = { ...reasons, ...refusals, ...schedules, ...settings, ...connections };
  const SAMPLES: Record<string, string> = {
    id: 'name',
    code: '`task[1]`',
    n: '7',
    word: '2026-03-01T00:00:00+00:00',
    state: 'running',
    span: '1 h 5 min',
    moment: '2026-03-01 00:00:00 UTC',
    raw: 'some text',
    text: 'some text',
    field: 'conf.n',
    condition: 'orders',
  };

  /** A sentence that the server may say by a template; of a group, by its first. */
  function sample(template: string): string {
    return template.replace(/\{\w+(?::([.\w]+))?[?*+]?\}/g, (_, kind = 'text') => {
      const [first] = Object.keys(catalogue[kind] ?? {});
      return SAMPLES[kind] ?? sample(first ?? `no group ${kind}`);
    });
  }

  it('says what the server makes of it', () => {
    const unsaid = Object.entries(catalogue)
      .filter(([group]) => !group.startsWith('.'))
      .flatMap(([, templates]) => Object.keys(templates).map(sample))
      .filter((sentence) => say(sentence) === sentence);
    expect(unsaid).toEqual([]);
  });
});
