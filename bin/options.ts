import { type ParseArgsConfig, parseArgs } from 'node:util';
import { SettingError } from '../src/engine/errors.ts';
import { ENCODED_TYPES, type EncodedTypeName } from '../src/formats/block_types.ts';
import { RESIDENCIES, type Residency } from '../src/plan/residency.ts';
import { UsageError } from './errors.ts';

type Options = NonNullable<ParseArgsConfig['options']>;
type Parsed<T extends Options> = ReturnType<
  typeof parseArgs<{ options: T; allowPositionals: true; strict: true }>
>;

/** A command's options and its one text. @throws UsageError */
export function readOptions<T extends Options>(
  args: string[],
  options: T,
  text: string,
): { values: Parsed<T>['values']; text: string | undefined } {
  let parsed: Parsed<T>;
  try {
    parsed = parseArgs({ args, options, allowPositionals: true, strict: true });
  } catch (error) {
    throw new UsageError({ reason: (error as Error).message.replace(/\.$/, '') });
  }
  const { values, positionals } = parsed;
  if (positionals.length > 1) {
    throw new UsageError({ reason: `There is more than one ${text}; put quotes around it` });
  }
  return { values, text: positionals[0] };
}

/** A number from the command line; undefined when it is not given. @throws SettingError */
export function numberOption(name: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const number = value.trim() === '' ? Number.NaN : Number(value);
  if (Number.isNaN(number)) throw new SettingError({ setting: name, value, allowed: 'a number' });
  return number;
}

/** A whole number from `min` to `max`, a multiple of `step`; undefined when it is not given. @throws SettingError */
export function wholeNumber(
  setting: string,
  text: string | undefined,
  { min, max, step = 1 }: { min: number; max: number; step?: number },
): number | undefined {
  const value = numberOption(setting, text);
  if (value === undefined) return undefined;
  if (Number.isInteger(value / step) && value >= min && value <= max) return value;
  const kind = step === 1 ? 'whole numbers' : `multiples of ${step}`;
  throw new SettingError({ setting, value: text, allowed: `${kind} from ${min} to ${max}` });
}

/** Token ids `1,2,3`. @throws SettingError */
export function tokensOption(name: string, value: string): number[] {
  return value.split(',').map((part) => {
    if (!/^\s*\d+\s*$/.test(part)) {
      throw new SettingError({ setting: name, value: part, allowed: 'ids, as in 1,2,3' });
    }
    return Number(part);
  });
}

const UNITS: Readonly<Record<string, number>> = { '': 1, kb: 1e3, mb: 1e6, gb: 1e9 };

/** Bytes, as in 500000000, 500MB or 2GB; undefined when they are not given. @throws SettingError */
export function bytesOption(name: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const [, number, unit] = /^\s*(\d+(?:\.\d+)?)\s*([kmg]?b)?\s*$/i.exec(value) ?? [];
  const factor = UNITS[(unit ?? '').toLowerCase()];
  if (number === undefined || factor === undefined) {
    throw new SettingError({ setting: name, value, allowed: 'bytes, as in 500MB or 2GB' });
  }
  return Math.floor(Number(number) * factor);
}

/** A type that an import quantizes to; undefined when it is not given. @throws SettingError */
export function quantizeOption(value: string | undefined): EncodedTypeName | undefined {
  if (value === undefined) return undefined;
  const found = ENCODED_TYPES.find((type) => type === value.toUpperCase());
  if (found) return found;
  throw new SettingError({ setting: '--quantize', value, allowed: ENCODED_TYPES.join(', ') });
}

/** A residency mode, or `auto`: what the planner finds best. @throws SettingError */
export function residencyOrAuto(value: string): Residency | 'auto' {
  return value === 'auto' ? value : residencyOption(value);
}

/** A residency mode. @throws SettingError */
export function residencyOption(value: string): Residency {
  const found = RESIDENCIES.find((residency) => residency === value);
  if (found) return found;
  throw new SettingError({ setting: '--residency', value, allowed: RESIDENCIES.join(', ') });
}
