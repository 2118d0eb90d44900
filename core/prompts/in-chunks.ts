/** Values of one list; databases take about a thousand with a statement, all together. */
const atOnce = 500;

/** Reads what has one of many values, some of them at a time. */
export async function inChunks<Value, Row>(values: readonly Value[], read: (some: Value[]) => Promise<Row[]>): Promise<Row[]> {
  const rows: Row[] = [];
  for (let start = 0; start < values.length; start += atOnce) rows.push(...(await read(values.slice(start, start + atOnce))));
  return rows;
}
