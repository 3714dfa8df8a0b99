/** JSON whose whole numbers stay what they are: those that a `number` does not hold are of type `bigint`. */

interface Context {
  /** The number as it is written. */
  source?: string;
}

/** What newer browsers have. In others, large numbers lose their last digits. */
const { rawJSON } = JSON as { rawJSON?: (text: string) => unknown };
const WHOLE = /^-?\d+$/;
const MAY_BE_LARGE = /\d{16}/;

declare global {
  interface BigInt {
    toJSON: () => unknown;
  }
}

BigInt.prototype.toJSON = function toJSON(this: bigint) {
  return rawJSON === undefined ? Number(this) : rawJSON(this.toString());
};

/** Return what a number is that is written like this; `NaN` when that is none. */
export function numberOf(written: string): number | bigint {
  const number = Number(written);
  const isExact = Number.isSafeInteger(number) || !WHOLE.test(written.trim());
  return isExact || rawJSON === undefined ? number : BigInt(written.trim());
}

/** Read JSON. Throws a `SyntaxError`, as `JSON.parse` does. */
export function parseJson(text: string): unknown {
  if (rawJSON === undefined || !MAY_BE_LARGE.test(text)) return JSON.parse(text);
  return JSON.parse(text, (_key, value: unknown, context?: Context) =>
    typeof value === 'number' && context?.source !== undefined ? numberOf(context.source) : value,
  );
}
