/** Instants are whole microseconds since 1970, UTC: exact in a double until the year 2255. */
export type Micros = number;

export const OPEN = Number.POSITIVE_INFINITY;
export const SECOND = 1_000_000;
export const DAY = 86_400 * SECOND;

const RFC3339 = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)$/i;

/** The instant that a text names (RFC 3339 with an offset, or epoch milliseconds), or null when it names none. */
export function parseInstant(text: string): Micros | null {
  const trimmed = text.trim();
  if (/^\d{12,13}$/.test(trimmed)) return Number(trimmed) * 1000;
  const found = RFC3339.exec(trimmed);
  if (!found) return null;
  const ms = Date.parse(`${found[1]}${found[3]}`);
  const written = Date.parse(`${found[1]}Z`);
  // A browser takes the 31st of February for the 3rd of March.
  if (Number.isNaN(ms) || new Date(written).toISOString().slice(0, 19) !== found[1]?.toUpperCase()) return null;
  return ms * 1000 + Number((found[2] ?? "").padEnd(6, "0").slice(0, 6));
}

/** An instant of the API, which only answers good ones. */
export function instant(text: string): Micros {
  const found = parseInstant(text);
  if (found === null) throw new RangeError(`not an instant: ${text}`);
  return found;
}

export function instantOr(text: string | null, otherwise: Micros): Micros {
  return text === null ? otherwise : instant(text);
}

/** RFC 3339, UTC, with as many decimals as are needed. */
export function write(at: Micros): string {
  const seconds = Math.floor(at / SECOND);
  const rest = at - seconds * SECOND;
  const whole = new Date(seconds * 1000).toISOString().slice(0, 19);
  return rest === 0 ? `${whole}Z` : `${whole}.${String(rest).padStart(6, "0").replace(/0+$/, "")}Z`;
}

export const nowMicros = (): Micros => Date.now() * 1000;

const formats = new Map<string, Intl.DateTimeFormat>();

/** An instant for people. `fine`: to the day, the minute or the second; `whose`: with the name of the zone. */
export function tell(at: Micros, lang: string, zone: string, fine: "day" | "minute" | "second" = "minute", whose = false): string {
  if (!Number.isFinite(at)) return "";
  const name = `${lang}|${zone}|${fine}|${whose}`;
  let format = formats.get(name);
  if (!format) {
    const day: Intl.DateTimeFormatOptions = { year: "numeric", month: "short", day: "numeric", timeZone: zone };
    const time: Intl.DateTimeFormatOptions =
      fine === "day" ? {} : { hour: "2-digit", minute: "2-digit", hourCycle: "h23", ...(fine === "second" ? { second: "2-digit" } : {}), ...(whose ? { timeZoneName: "short" } : {}) };
    formats.set(name, (format = new Intl.DateTimeFormat(lang, { ...day, ...time })));
  }
  return format.format(at / 1000);
}
