/** The words of the interface, in the languages that it speaks. */
import i18next from 'i18next';
import { initReactI18next } from 'react-i18next';
import en from './en/common.json';

export const LANGUAGES = { en: 'English', ko: '한국어' } as const;
export type Language = keyof typeof LANGUAGES;
const KEY = 'windward.language';

function preferred(): Language {
  const kept = localStorage.getItem(KEY) ?? navigator.language.slice(0, 2);
  return kept in LANGUAGES ? (kept as Language) : 'en';
}

/** Load the words of a language; English is always there. */
async function load(language: Language): Promise<void> {
  if (language !== 'en' && !i18next.hasResourceBundle(language, 'common')) {
    const words = (await import('./ko/common.json')).default;
    i18next.addResourceBundle(language, 'common', words);
  }
}

export async function speak(language: Language): Promise<void> {
  await load(language);
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
