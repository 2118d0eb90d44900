/**
 * Symmetric int8 with a factor for each place along an axis (LLM.int8's vectors of the weight, Dettmers et al. 2022):
 * code = round(weight · 127 / largest magnitude), halves away from zero.
 * @param shape of the matrix. @param axis 0: a factor for each row; 1: for each column.
 */
export function toInt8(
  data: Float32Array,
  shape: readonly number[],
  axis: 0 | 1,
): { codes: Int8Array<ArrayBuffer>; scale: Float32Array<ArrayBuffer> } {
  const [rows = 0, columns = 0] = shape;
  const scale = new Float32Array(axis === 0 ? rows : columns);
  for (let row = 0, index = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++, index++) {
      const place = axis === 0 ? row : column;
      scale[place] = Math.max(scale[place] ?? 0, Math.abs(data[index] ?? 0));
    }
  }
  for (let place = 0; place < scale.length; place++) scale[place] = (scale[place] ?? 0) / 127 || 1;
  const codes = new Int8Array(data.length);
  for (let row = 0, index = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++, index++) {
      const ratio = (data[index] ?? 0) / (scale[axis === 0 ? row : column] ?? 1);
      codes[index] = Math.max(-127, Math.min(127, ratio < 0 ? Math.ceil(ratio - 0.5) : Math.floor(ratio + 0.5)));
    }
  }
  return { codes, scale };
}
