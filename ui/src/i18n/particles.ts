/** Korean particles: which of two follows depends on the sound that the word before it ends with. Pure. */

const FIRST = 0xac00;
const LAST = 0xd7a3;
const FINALS = 28;
const RIEUL = 8;

/** Both forms as a template has them, the one after a consonant first. */
const PAIRS: Record<string, readonly [afterConsonant: string, afterVowel: string]> = {
  '은(는)': ['은', '는'],
  '이(가)': ['이', '가'],
  '을(를)': ['을', '를'],
  '과(와)': ['과', '와'],
  '(으)로': ['으로', '로'],
};
const NEUTRAL = /은\(는\)|이\(가\)|을\(를\)|과\(와\)|\(으\)로/g;
/** What is not spoken: marks around a word, and a remark in brackets after it. */
const UNSPOKEN = /(?:[`'"’”]|(?<!^)\([^()]*\))$/;
const SPOKEN_MAX = 80;

/** The letter that a text ends with when it is read aloud. */
function lastLetter(text: string): string {
  let rest = text.slice(-SPOKEN_MAX);
  for (;;) {
    const spoken = rest.replace(UNSPOKEN, '');
    if (spoken === rest) return rest.slice(-1);
    rest = spoken;
  }
}

/** Put in the right particle where a template left both; after what is not Hangul both stay. */
export function withParticles(text: string): string {
  return text.replace(NEUTRAL, (pair, at: number) => {
    const code = lastLetter(text.slice(0, at)).charCodeAt(0);
    const forms = PAIRS[pair];
    if (forms === undefined || !(code >= FIRST && code <= LAST)) return pair;
    const final = (code - FIRST) % FINALS;
    const isOpen = final === 0 || (pair === '(으)로' && final === RIEUL);
    return forms[isOpen ? 1 : 0];
  });
}
