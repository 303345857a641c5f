// seconds renders the time since `started`, a value of performance.now().
export function seconds(started) {
  return `${((performance.now() - started) / 1000).toFixed(1)} s`;
}
