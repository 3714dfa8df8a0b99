/** The words of the interface, in the languages that it speaks. */
import i18next from 'i18next';
import { initReactI18next } from 'react-i18next';
import en from './en/common.json';

export const LANGUAGES = { en: 'English', ko: '한국어' } as const;
export type Language = keyof typeof LANGUAGES;
type Words = Record<string, unknown>;
type Load = () => Promise<{ default: Words }>;
const KEY = 'windward.language';

/** Words by namespace and language. Those beside `common` come with the first page that needs them. */
const WORDS: Record<string, Record<Language, Load>> = {
  common: { en: async () => ({ default: en }), ko: () => import('./ko/common.json') },
  dag: { en: () => import('./en/dag.json'), ko: () => import('./ko/dag.json') },
  run: { en: () => import('./en/run.json'), ko: () => import('./ko/run.json') },
  many: { en: () => import('./en/many.json'), ko: () => import('./ko/many.json') },
  trigger: { en: () => import('./en/trigger.json'), ko: () => import('./ko/trigger.json') },
  manage: { en: () => import('./en/manage.json'), ko: () => import('./ko/manage.json') },
};
const needed = new Set(['common']);

/** Sentences that the server composes, and what says them in languages other than its own. */
type Say = (sentence: string) => string;
const SAY: Partial<Record<Language, () => Promise<{ say: Say }>>> = { ko: () => import('./ko/say') };
let say: Say = (sentence) => sentence;

function preferred(): Language {
  const kept = localStorage.getItem(KEY) ?? navigator.language.slice(0, 2);
  return kept in LANGUAGES ? (kept as Language) : 'en';
}

/** Load what is needed of a language, and of English for what it lacks. */
async function load(language: Language): Promise<void> {
  const wanted = [...new Set<Language>([language, 'en'])].flatMap((one) =>
    [...needed].map((name) => ({ one, name })),
  );
  await Promise.all(
    wanted.map(async ({ one, name }) => {
      if (i18next.hasResourceBundle(one, name)) return;
      const words = await WORDS[name]?.[one]();
      if (words !== undefined) i18next.addResourceBundle(one, name, words.default);
    }),
  );
}

/** Say a sentence of the server's in the language of the page; one that nobody knows stays as it is. */
export function said(sentence: string): string {
  return say(sentence);
}

/** Have the words of a namespace ready, for pages that are loaded on their own. */
export async function needWords(name: string): Promise<void> {
  needed.add(name);
  await load(preferred());
}

export async function speak(language: Language): Promise<void> {
  const [own] = await Promise.all([SAY[language]?.(), load(language)]);
  say = own?.say ?? ((sentence) => sentence);
  localStorage.setItem(KEY, language);
  document.documentElement.lang = language;
  await i18next.changeLanguage(language);
}

export async function startWords(): Promise<void> {
  await i18next.use(initReactI18next).init({
    resources: { en: { common: en } },
    lng: 'en',
    fallbackLng: 'en',
    defaultNS: 'common',
    interpolation: { escapeValue: false },
  });
  await speak(preferred());
}
