/** Fields of a question to a person: how each is typed, and what was typed as a value. Pure. */
import { numberOf, parseJson } from '@/lib/json';

export type Kind = 'text' | 'number' | 'whole' | 'yesno' | 'choice' | 'json';

export interface Field {
  name: string;
  kind: Kind;
  description: string;
  choices: string[];
  /** What stands there before somebody types. */
  typed: string;
  isOptional: boolean;
  schema: Record<string, unknown>;
}

type Read = { value: unknown; wrong?: undefined } | { wrong: string; limit?: unknown; value?: undefined };

function kindOf(schema: Record<string, unknown>): Kind {
  if (Array.isArray(schema.enum)) return 'choice';
  const types = Array.isArray(schema.type) ? schema.type : [schema.type];
  if (types.includes('string')) return 'text';
  if (types.includes('integer')) return 'whole';
  if (types.includes('number')) return 'number';
  if (types.includes('boolean')) return 'yesno';
  if (types.includes('object') || types.includes('array')) return 'json';
  return 'text';
}

function typedOf(value: unknown, kind: Kind): string {
  if (value == null) return kind === 'yesno' ? 'false' : '';
  return typeof value === 'object' ? JSON.stringify(value, null, 2) : String(value);
}

/** Return the fields of a question's `params`. */
export function fieldsOf(params: Record<string, unknown>): Field[] {
  return Object.entries(params).map(([name, param]) => {
    const { value, description, schema } = (param ?? {}) as Record<string, unknown>;
    const of = (schema ?? {}) as Record<string, unknown>;
    const kind = kindOf(of);
    return {
      name,
      kind,
      description: typeof description === 'string' ? description : '',
      choices: Array.isArray(of.enum) ? of.enum.map(String) : [],
      typed: typedOf(value, kind),
      isOptional: Array.isArray(of.type) && of.type.includes('null'),
      schema: of,
    };
  });
}

/** Read what was typed; `wrong` is the key of the words that say what is wrong. */
export function readField(field: Field, typed: string): Read {
  const { schema } = field;
  if (typed === '' && field.isOptional) return { value: null };
  if (field.kind === 'yesno') return { value: typed === 'true' };
  if (field.kind === 'choice') {
    const found = (schema.enum as unknown[]).find((one) => String(one) === typed);
    return found === undefined ? { wrong: 'needed' } : { value: found };
  }
  if (field.kind === 'json') {
    try {
      return { value: parseJson(typed) };
    } catch {
      return { wrong: 'inbox.wrongJson' };
    }
  }
  if (field.kind === 'text') {
    if (typeof schema.minLength === 'number' && typed.length < schema.minLength) {
      return { wrong: 'inbox.tooShort', limit: schema.minLength };
    }
    if (typeof schema.maxLength === 'number' && typed.length > schema.maxLength) {
      return { wrong: 'inbox.tooLong', limit: schema.maxLength };
    }
    return { value: typed };
  }
  const value = Number(typed);
  if (typed.trim() === '' || !Number.isFinite(value)) return { wrong: 'inbox.wrongNumber' };
  if (field.kind === 'whole' && !Number.isInteger(value)) return { wrong: 'inbox.wrongWhole' };
  if (typeof schema.minimum === 'number' && value < schema.minimum) {
    return { wrong: 'inbox.tooSmall', limit: schema.minimum };
  }
  if (typeof schema.maximum === 'number' && value > schema.maximum) {
    return { wrong: 'inbox.tooLarge', limit: schema.maximum };
  }
  return { value: field.kind === 'whole' ? numberOf(typed) : value };
}
