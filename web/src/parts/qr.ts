/** One path for all dark modules: each run of them in a row is one rectangle. */
export function qrPath(rows: readonly string[]): string {
  let path = '';
  rows.forEach((row, y) => {
    for (const run of row.matchAll(/1+/g)) {
      const width = run[0].length;
      path += `M${run.index} ${y}h${width}v1h-${width}z`;
    }
  });
  return path;
}
