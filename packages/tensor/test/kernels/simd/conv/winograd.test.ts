import { winogradFilterBytes, winogradWorkspace } from '../../../../src/kernels/simd/conv/winograd.js';

it('filters and workspaces have room for whole panels and pairs of filters', () => {
  expect(winogradFilterBytes(3, 5)).toBe(36 * 6 * 3 * 4);
  expect(winogradWorkspace(2, 3, 14)).toBeGreaterThanOrEqual(36 * (2 + 4) * 32 * 4);
});
