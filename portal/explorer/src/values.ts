/** What is in properties and in the data of events, as text. Pure. */

export const properties = (given: unknown): Readonly<Record<string, unknown>> =>
  typeof given === "object" && given !== null && !Array.isArray(given) ? (given as Record<string, unknown>) : {};

/** A value as text. */
export const valueText = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

const ACTORS = ["actor", "author", "user", "changedBy", "changed_by", "by", "principal", "operator"];

/** Who did it, where the event's data says so. */
export function actorOf(data: unknown): string | null {
  const given = properties(data);
  for (const name of ACTORS) {
    const value = given[name];
    if (typeof value === "string" && value) return value;
    const inner = properties(value);
    for (const part of ["name", "login", "email", "id"]) if (typeof inner[part] === "string") return inner[part];
  }
  return null;
}

/** One cell of CSV. What a spreadsheet would take for a formula is made text. */
function cell(value: string | number | null): string {
  const plain = String(value ?? "");
  const text = typeof value === "string" && /^[=+\-@\t\r]/.test(plain) ? `'${plain}` : plain;
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export const csv = (rows: ReadonlyArray<ReadonlyArray<string | number | null>>): string => `${rows.map((row) => row.map(cell).join()).join("\r\n")}\r\n`;
