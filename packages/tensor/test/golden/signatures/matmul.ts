/** Matrix products of one tensor with others. */
export const matmul: Readonly<Record<string, string>> = {
  matmul: 'x other',
  mm: 'x mat2',
  mv: 'x vec',
  bmm: 'x mat2',
  dot: 'x other',
  inner: 'x other',
  outer: 'x vec2',
  addmm: 'x mat1 mat2 {beta alpha}',
  baddbmm: 'x batch1 batch2 {beta alpha}',
  addbmm: 'x batch1 batch2 {beta alpha}',
  addmv: 'x mat vec {beta alpha}',
};
