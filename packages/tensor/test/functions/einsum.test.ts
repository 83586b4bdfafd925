import { ArgumentError, ShapeError, einsum, randn, tensor, tensordot, type Tensor } from '@q/tensor';
import fc from 'fast-check';
import { expectGradient } from '../gradcheck.js';

/** The elements, without the sign of zeros. */
const list = (x: Tensor): number[] => Array.from(x.data, (value) => value + 0);

const filled = (shape: readonly number[]): Tensor => {
  const count = shape.reduce((product, size) => product * size, 1);
  return tensor(
    Float64Array.from({ length: count }, (_, i) => ((i * 7) % 11) - 5),
    { shape },
  );
};

/** The definition: a loop over all letters. */
function naive(equation: string, operands: readonly Tensor[]): number[] {
  const [left, output] = equation.split('->') as [string, string];
  const terms = left.split(',');
  const sizes = new Map<string, number>();
  terms.forEach((term, i) =>
    [...term].forEach((letter, d) => sizes.set(letter, Math.max(sizes.get(letter) ?? 1, operands[i]!.shape[d]!))),
  );
  const letters = [...output, ...[...sizes.keys()].filter((letter) => !output.includes(letter))];
  const sums = new Map<string, number>();
  const visit = (depth: number, at: Map<string, number>): void => {
    if (depth < letters.length) {
      for (let i = 0; i < sizes.get(letters[depth]!)!; i++) visit(depth + 1, new Map([...at, [letters[depth]!, i]]));
      return;
    }
    const product = operands.reduce((value, operand, o) => {
      const index = [...terms[o]!].map((letter, d) => (operand.shape[d] === 1 ? 0 : at.get(letter)!));
      return value * operand.slice(...index).item();
    }, 1);
    const key = [...output].map((letter) => at.get(letter)).join();
    sums.set(key, (sums.get(key) ?? 0) + product);
  };
  visit(0, new Map());
  return [...sums.values()].map((sum) => sum + 0);
}

const term = (letters: string) =>
  fc.array(fc.constantFrom(...letters), { minLength: 1, maxLength: 3 }).map((found) => found.join(''));

describe('einsum', () => {
  it('is the sum over all letters that the output leaves out', () =>
    fc.assert(
      fc.property(fc.array(term('ijkl'), { minLength: 1, maxLength: 3 }), fc.integer(), (terms, seed) => {
        const letters = [...new Set(terms.join(''))];
        const output = letters.filter((_, i) => (seed >> i) & 1).join('');
        const size = (letter: string): number => 1 + 'ijkl'.indexOf(letter);
        const equation = `${terms.join(',')}->${output}`;
        const operands = terms.map((letters_) => filled([...letters_].map(size)));
        expect(list(einsum(equation, ...operands))).toEqual(naive(equation, operands));
      }),
    ));

  it('stretches sizes of 1', () => {
    const [a, b] = [filled([1, 3]), filled([4, 3])];
    expect(list(einsum('ij,ij->i', a, b))).toEqual(naive('ij,ij->i', [a, b]));
    expect(list(einsum('ij,ij->ij', a, b))).toEqual(list(a.mul(b)));
    expect(einsum('ij,ij->', a, b).item()).toBe(a.mul(b).sum().item());
  });

  it('sorts an implicit output and puts the ellipsis first', () => {
    expect(einsum('ba', filled([2, 3])).toArray()).toEqual(filled([2, 3]).transpose(0, 1).toArray());
    expect(einsum('i...j', filled([2, 3, 4])).shape).toEqual([3, 2, 4]);
    expect(einsum('bB', filled([2, 3])).shape).toEqual([3, 2]);
    expect(einsum('ii', filled([3, 3])).shape).toEqual([]);
  });

  it('lets an ellipsis stand for dims that broadcast', () => {
    const [a, b] = [filled([2, 1, 3, 4]), filled([5, 4, 2])];
    expect(einsum('...ij,...jk->...ik', a, b).toArray()).toEqual(a.matmul(b).toArray());
    expect(einsum('...ij->...', a).shape).toEqual([2, 1]);
    expect(einsum('i...->i', filled([2, 3, 4])).toArray()).toEqual(filled([2, 3, 4]).sum([1, 2]).toArray());
  });

  it('takes diagonals, and spaces in the equation', () => {
    expect(einsum('ii -> i', filled([3, 3])).toArray()).toEqual(filled([3, 3]).diagonal().toArray());
    expect(einsum('iij->ij', filled([2, 2, 3])).shape).toEqual([2, 3]);
  });

  it('is differentiable', () => {
    expectGradient((a, b) => einsum('bij,bjk->bik', a!, b!), [randn([2, 3, 2]), randn([2, 2, 3])]);
    expectGradient((a, b, c) => einsum('ij,jk,ki->', a!, b!, c!), [randn([2, 3]), randn([3, 2]), randn([2, 2])]);
    expectGradient((a) => einsum('iij->j', a!), [randn([2, 2, 3])]);
  });

  it('says what is wrong with an equation', () => {
    const x = filled([2, 3]);
    expect(() => einsum('ij,jk->ik', x)).toThrow(/describes 2 operands, got 1/);
    expect(() => einsum('ijk->i', x)).toThrow(ShapeError);
    expect(() => einsum('i->i', x)).toThrow(/operand 0 of shape \[2, 3\] has 2 dims, its term describes 1/);
    expect(() => einsum('ij->ik', x)).toThrow(/the output's 'k' is in no operand/);
    expect(() => einsum('ij->ii', x)).toThrow(/names 'i' twice/);
    expect(() => einsum('i1->i', x)).toThrow(ArgumentError);
    expect(() => einsum('ij->i->j', x)).toThrow(/at most one '->'/);
    expect(() => einsum('......->', x)).toThrow(/more than one '...'/);
    expect(() => einsum('ii->i', x)).toThrow(/'i' stands for sizes 2 and 3/);
    expect(() => einsum('ij,ij->', x, filled([2, 2]))).toThrow(/'j' stands for sizes 3 and 2/);
    expect(() => einsum('ij')).toThrow(/at least one operand/);
  });
});

describe('tensordot', () => {
  it('sums over the last dims of one and the first of the other', () => {
    const [a, b] = [filled([2, 3, 4]), filled([3, 4, 5])];
    expect(tensordot(a, b).toArray()).toEqual(einsum('ijk,jkl->il', a, b).toArray());
    expect(tensordot(a, filled([4, 2]), 1).toArray()).toEqual(a.matmul(filled([4, 2])).toArray());
    expect(tensordot(filled([2]), filled([3]), 0).shape).toEqual([2, 3]);
  });

  it('sums over listed dims', () => {
    const [a, b] = [filled([2, 3, 4]), filled([4, 5, 2])];
    expect(
      tensordot(a, b, [
        [0, 2],
        [2, 0],
      ]).toArray(),
    ).toEqual(einsum('ijk,kli->jl', a, b).toArray());
    expect(() => tensordot(a, b, [[0], [1]])).toThrow(/differ in size/);
    expect(() => tensordot(a, b, 4)).toThrow(/dims must be 0 to 3/);
  });
});
