/** Middle, least and most of a list; and the geometric mean. */
export function median(values) {
  const sorted = [...values].sort((left, right) => left - right);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
export const summary = (values) => ({ median: median(values), least: Math.min(...values), most: Math.max(...values) });
export const geometricMean = (values) =>
  Math.exp(values.reduce((sum, each) => sum + Math.log(each), 0) / values.length);
